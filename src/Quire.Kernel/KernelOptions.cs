using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>What a kernel is started with.</summary>
public sealed record KernelOptions
{
    /// <summary>Seed of getrandom, AT_RANDOM and address-space layout.</summary>
    public ulong Seed { get; init; }

    /// <summary>Virtual CPUs, 1 to 64.</summary>
    public int CpuCount { get; init; } = 1;

    public AddressLayout Layout { get; init; } = AddressLayout.Randomised;

    /// <summary>Instructions a thread runs before the next one gets its CPU.</summary>
    public long TimeSliceInstructions { get; init; } = 1_000_000;

    /// <summary>Instructions after which the run is ended.</summary>
    public long MaximumInstructions { get; init; } = long.MaxValue;

    /// <summary>CLOCK_REALTIME when the machine starts, nanoseconds since 1970.</summary>
    public VirtualTime Epoch { get; init; }

    /// <summary>What one retired instruction takes.</summary>
    public double NanosecondsPerInstruction { get; init; } = 0.5;

    public TimeSource TimeSource { get; init; } = TimeSource.Virtual;

    public Processes.Credentials Credentials { get; init; } = new();

    public string HostName { get; init; } = "quire";
}

/// <summary>Where programs, libraries, heap and stack lie.</summary>
public enum AddressLayout
{
    /// <summary>Differs from run to run with the seed.</summary>
    Randomised,

    /// <summary>The same addresses always.</summary>
    Fixed,
}

/// <summary>What guests read from their clocks.</summary>
public enum TimeSource
{
    /// <summary>Counted work: the same in every run.</summary>
    Virtual,

    /// <summary>The host's clock; sleeps take as long as they say.</summary>
    Host,
}
