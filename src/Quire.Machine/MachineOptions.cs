using Quire.Hardware.Cpu;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Kernel;
using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Memory.HugePages;
using Quire.Machine.Futures;
using Quire.Machine.HeapCalls;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Machine;

/// <summary>What a machine is built from and what it runs.</summary>
public sealed record MachineOptions
{
    public static readonly ByteSize DefaultRam = ByteSize.FromMiB(256);

    /// <summary>Less than this does not hold the kernel and the smallest program.</summary>
    public static readonly ByteSize MinimumRam = ByteSize.FromMiB(1);

    public static readonly ByteSize MaximumRam = new(64UL << 30);

    public const int MaximumCpus = 64;

    public ByteSize Ram { get; init; } = DefaultRam;

    public int Cpus { get; init; } = 1;

    /// <summary>Chooses what goes when memory is short; null: Linux's two lists.</summary>
    public PolicySpecification? Policy { get; init; }

    /// <summary>Where the pages that are referred to are written, with a policy that is told every reference; null: nowhere.</summary>
    public PageReferenceFile? Recording { get; init; }

    /// <summary>What a former run referred to, for a policy that has to know the future.</summary>
    public RecordedFuture? Future { get; init; }

    /// <summary>Local replacement: how many frames each process may have; null: global.</summary>
    public FrameAllotment? Local { get; init; }

    /// <summary>Largest readahead window of files in pages, and whether neighbours of a swap slot come with it; 0: nothing is read ahead.</summary>
    public int ReadaheadPages { get; init; } = 32;

    /// <summary>vm.swappiness at the start, 0 to 200.</summary>
    public int Swappiness { get; init; } = MemorySettings.StandardSwappiness;

    /// <summary>vm.overcommit_memory at the start.</summary>
    public OvercommitMode Overcommit { get; init; } = OvercommitMode.Heuristic;

    public TlbOptions Tlb { get; init; } = TlbOptions.Default;

    public ulong Seed { get; init; } = 1;

    public LayoutRandomization Randomization { get; init; } = LayoutRandomization.On;

    /// <summary>Huge pages set aside for MAP_HUGETLB, by size.</summary>
    public IReadOnlyDictionary<PageSize, long> ReservedHugePages { get; init; } = new Dictionary<PageSize, long>();

    /// <summary>Transparent huge pages.</summary>
    public HugePageUse HugePages { get; init; } = HugePageUse.Madvise;

    /// <summary>Pages mapped around a faulting one when the page cache has them.</summary>
    public int FaultAroundPages { get; init; } = 1;

    /// <summary>Empty: what belongs to no file stays in RAM.</summary>
    /// <summary>Faults after which all frames are audited; 0 for never while the machine runs.</summary>
    public long FaultsBetweenAudits { get; init; }

    /// <summary>What is done about thrashing.</summary>
    public LoadControlMode LoadControl { get; init; } = LoadControlMode.Watch;

    /// <summary>Which memory same-page merging looks at.</summary>
    public MergeScope Merging { get; init; } = MergeScope.Advised;

    public IReadOnlyList<SwapFileOptions> Swap { get; init; } = [];

    /// <summary>Null: no compressed swap in RAM.</summary>
    public CompressedSwapOptions? CompressedSwap { get; init; }

    /// <summary>The device behind files and swap areas.</summary>
    public DeviceModel Disk { get; init; } = DeviceModel.Nvme;

    /// <summary>Errors of swap areas, for tests of what becomes of programs then.</summary>
    public IReadOnlyList<InjectedFault> InjectedFaults { get; init; } = [];

    /// <summary>Limits of a control group of the program's own; null: it starts in the root group.</summary>
    public ControlGroupOptions? Group { get; init; }

    public OutOfMemoryAction OutOfMemory { get; init; } = OutOfMemoryAction.Kill;

    public TimeSource TimeSource { get; init; } = TimeSource.Virtual;

    /// <summary>CLOCK_REALTIME at the start; null takes the host's.</summary>
    public VirtualTime? Epoch { get; init; }

    public long MaximumInstructions { get; init; } = long.MaxValue;

    /// <summary>Virtual time after which the run is ended.</summary>
    public VirtualTime MaximumTime { get; init; } = VirtualTime.Never;

    /// <summary>The host directory that is the guests' root.</summary>
    public string Root { get; init; } = "/";

    /// <summary>How guests see the host's files: a run that is to be the same again is shown nothing that changes while names and contents stay.</summary>
    public HostSight Sight { get; init; } = HostSight.Live;

    public TemporaryFiles Temporary { get; init; } = TemporaryFiles.Shown;

    /// <summary>Bytes of files that guests may write, besides those in RAM.</summary>
    public ByteSize LayerCapacity { get; init; } = FileTreeOptions.StandardLayerCapacity;

    public IReadOnlyList<DirectoryBinding> Bindings { get; init; } = [];

    /// <summary>What becomes of device nodes and set-user-ID bits in bound directories.</summary>
    public SpecialFilesOnHost SpecialFiles { get; init; }

    /// <summary>Where changed files are kept after the run; null throws them away.</summary>
    public string? Layer { get; init; }

    /// <summary>Inside the guest; null takes the host's current directory, or / if the guest does not have it.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>NAME=VALUE each: the whole environment.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The program's name, looked up in PATH unless it has a slash, and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Is told every memory reference; null: nobody, and the machine runs at full speed.</summary>
    public IReferenceObserver? References { get; init; }

    /// <summary>Is told the first program's heap calls, at the speed of <see cref="References"/>, on one CPU and without those; null: nobody.</summary>
    public IHeapCallListener? HeapCalls { get; init; }

    /// <summary>Where system calls are listed; null: nowhere.</summary>
    public TextWriter? SystemCallTrace { get; init; }

    /// <summary>Where memory events are written, one JSON object a line; null: nowhere.</summary>
    public TextWriter? MemoryEvents { get; init; }
}
