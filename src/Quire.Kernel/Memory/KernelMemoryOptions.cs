using Quire.Hardware.Paging;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory;

/// <summary>How the kernel keeps memory; chosen when the machine is built.</summary>
public sealed record KernelMemoryOptions
{
    public int Cpus { get; init; } = 1;

    /// <summary>Freed frames are filled with a pattern that is checked when they are handed out again.</summary>
    public FramePoisoning Poisoning { get; init; } = FramePoisoning.WhenDebugging;

    /// <summary>Pages mapped at once around a faulting one when the page cache has them. Differs from Linux, whose default is 16: 1, so that each first touch is seen.</summary>
    public int FaultAroundPages { get; init; } = 1;

    /// <summary>Largest readahead window in pages (read_ahead_kb).</summary>
    public int ReadaheadPages { get; init; } = 32;

    /// <summary>vm.dirty_ratio and vm.dirty_background_ratio: percent of the frames that could be page cache.</summary>
    public int DirtyPercent { get; init; } = 20;

    public int DirtyBackgroundPercent { get; init; } = 10;

    /// <summary>vm.max_map_count.</summary>
    public int MaximumRegions { get; init; } = 65_530;

    /// <summary>vm.overcommit_memory at the start.</summary>
    public OvercommitMode Overcommit { get; init; } = OvercommitMode.Heuristic;

    public MergeScope Merging { get; init; } = MergeScope.Advised;

    /// <summary>Chooses what goes when memory is short; null: Linux's two lists.</summary>
    public PolicySpecification? Policy { get; init; }

    /// <summary>Is told which page each reference is to, with a policy that is told every reference; null: nobody.</summary>
    public IPageReferenceRecording? Recording { get; init; }

    /// <summary>For policies that have to know the future.</summary>
    public IPageFuture? Future { get; init; }

    /// <summary>How many frames each process may have, with local replacement; null: replacement is global.</summary>
    public FrameAllotment? Local { get; init; }

    /// <summary>vm.swappiness at the start.</summary>
    public int Swappiness { get; init; } = MemorySettings.StandardSwappiness;

    /// <summary>Empty: anonymous pages stay in RAM.</summary>
    public IReadOnlyList<SwapAreaOptions> SwapAreas { get; init; } = [];

    /// <summary>Transparent huge pages: what /sys/kernel/mm/transparent_hugepage/enabled starts with.</summary>
    public HugePageUse HugePages { get; init; } = HugePageUse.Madvise;

    /// <summary>Null: pages go to their swap areas as they are.</summary>
    public CompressedSwapOptions? CompressedSwap { get; init; }

    /// <summary>CPU time to compress one page. About what LZO takes, Linux's default: the machine's codecs are slower, its programs' time is not theirs.</summary>
    public VirtualTime CompressionTime { get; init; } = VirtualTime.FromMicroseconds(6);

    public VirtualTime DecompressionTime { get; init; } = VirtualTime.FromMicroseconds(2);

    /// <summary>Pages set aside at boot for MAP_HUGETLB, as far as there is room; none where a size is missing.</summary>
    public IReadOnlyDictionary<PageSize, long> ReservedHugePages { get; init; } = new Dictionary<PageSize, long>();

    public DeviceModel Device { get; init; } = DeviceModel.Nvme;
}

public enum FramePoisoning
{
    /// <summary>In builds with DEBUG.</summary>
    WhenDebugging,
    Off,
    On,
}
