using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// What work takes in virtual time. The defaults are the order of magnitude of a 2 GHz machine: one instruction a cycle, a page-walk
/// reference that hits the second-level cache, kernel entries as measured on Linux with mitigations on.
/// </summary>
public sealed record CostModel
{
    public long InstructionPicoseconds { get; init; } = 500;

    public long WalkReferencePicoseconds { get; init; } = 4_000;

    public VirtualTime SystemCall { get; init; } = new(200);

    public VirtualTime Fault { get; init; } = new(700);

    public VirtualTime ThreadSwitch { get; init; } = new(1_500);
}
