using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>Limits and protections of the control group that the first program starts in, as in the files of those names; null: as Linux sets it.</summary>
public sealed record ControlGroupOptions
{
    public ByteSize? MemoryMin { get; init; }

    public ByteSize? MemoryLow { get; init; }

    public ByteSize? MemoryHigh { get; init; }

    public ByteSize? MemoryMax { get; init; }

    public ByteSize? SwapMax { get; init; }

    public int? MostTasks { get; init; }

    public bool IsEmpty => this == new ControlGroupOptions();
}
