using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>What a kernel is started with.</summary>
public sealed record KernelOptions
{
    /// <summary>Seed of getrandom, AT_RANDOM and address-space layout.</summary>
    public ulong Seed { get; init; }

    /// <summary>Virtual CPUs, 1 to 64.</summary>
    public int CpuCount { get; init; } = 1;

    public LayoutRandomization Randomization { get; init; } = LayoutRandomization.On;

    public CostModel Costs { get; init; } = new();

    /// <summary>How long a thread runs before the next one gets its CPU.</summary>
    public VirtualTime TimeSlice { get; init; } = VirtualTime.FromMilliseconds(1);

    /// <summary>How far CPUs run apart before the others follow; only with several CPUs.</summary>
    public VirtualTime Round { get; init; } = VirtualTime.FromMicroseconds(50);

    /// <summary>Instructions after which the run is ended; each round of a repeated string instruction is one here.</summary>
    public long MaximumInstructions { get; init; } = long.MaxValue;

    /// <summary>Virtual time after which the run is ended.</summary>
    public VirtualTime MaximumTime { get; init; } = VirtualTime.Never;

    /// <summary>CLOCK_REALTIME when the machine starts, nanoseconds since 1970.</summary>
    public VirtualTime Epoch { get; init; }

    public TimeSource TimeSource { get; init; } = TimeSource.Virtual;

    /// <summary>Null: the first program starts in the root group.</summary>
    public ControlGroupOptions? Group { get; init; }

    public OutOfMemoryAction OutOfMemory { get; init; } = OutOfMemoryAction.Kill;

    /// <summary>Faults after which all frames are audited; 0 for never.</summary>
    public long FaultsBetweenAudits { get; init; }

    public LoadControlMode LoadControl { get; init; } = LoadControlMode.Watch;

    public string HostName { get; init; } = "quire";

    /// <summary>AT_HWCAP: CPUID leaf 1, EDX.</summary>
    public uint HardwareCapabilities { get; init; }
}

/// <summary>What becomes of a thread that needs memory when there is none.</summary>
public enum OutOfMemoryAction
{
    /// <summary>A process is killed, as by Linux.</summary>
    Kill,

    /// <summary>The thread waits until memory appears; when all wait, the run ends as a deadlock.</summary>
    Pause,
}

/// <summary>What guests read from their clocks.</summary>
public enum TimeSource
{
    /// <summary>Counted work: the same in every run.</summary>
    Virtual,

    /// <summary>The host's clock; sleeps take as long as they say.</summary>
    Host,
}
