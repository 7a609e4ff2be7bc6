using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// How much memory programs may be promised, and the settings of that (mm/util.c of Linux 6.1: __vm_enough_memory, vm_commit_limit;
/// Documentation/mm/overcommit-accounting.rst). Never, mode 2, refuses what would bring all promises to the commit limit, less what is kept for
/// an administrator and for the user to act with.
/// </summary>
public sealed class Overcommit
{
    public const int StandardRatio = 50;

    private const int KiBPerPage = (int)(Page.Size / 1024);
    private const long PartOfFreeReserved = 32;
    private const long LargestAdministratorReserveKiB = 8 << 10;
    private const long LargestUserReserveKiB = 128 << 10;
    private const long PartOfProcessReserved = 32;

    private readonly KernelMemory _memory;

    internal Overcommit(KernelMemory memory)
    {
        _memory = memory;
        Mode = memory.Options.Overcommit;
        var free = memory.Frames.FreeFrames * (long)KiBPerPage;
        AdministratorReserveKiB = Math.Min(free / PartOfFreeReserved, LargestAdministratorReserveKiB);
        UserReserveKiB = Math.Min(free / PartOfFreeReserved, LargestUserReserveKiB);
    }

    /// <summary>vm.overcommit_memory.</summary>
    public OvercommitMode Mode { get; set; }

    /// <summary>vm.overcommit_ratio: percent of RAM that count towards the limit; setting it ends an absolute limit.</summary>
    public int Ratio
    {
        get;
        set
        {
            field = value;
            KiB = 0;
        }
    } = StandardRatio;

    /// <summary>vm.overcommit_kbytes: the limit without swap; 0: <see cref="Ratio"/> says.</summary>
    public long KiB { get; private set; }

    /// <summary>vm.admin_reserve_kbytes: kept for those with CAP_SYS_ADMIN.</summary>
    public long AdministratorReserveKiB { get; set; }

    /// <summary>vm.user_reserve_kbytes: the most that one process leaves for others.</summary>
    public long UserReserveKiB { get; set; }

    /// <summary>CommitLimit of /proc/meminfo, in pages.</summary>
    public long Limit => (KiB != 0 ? KiB / KiBPerPage : (_memory.Frames.TotalFrames - ReservedPages) * Ratio / 100) + _memory.SwapPages;

    /// <summary>Committed_AS of /proc/meminfo, in pages.</summary>
    public long Committed => _memory.Counters.Committed + _memory.PageCaches.Sum(cache => (long)cache.PromisedPages);

    /// <summary>Whether a file in memory may have one page more.</summary>
    internal bool AllowsFilePage => Mode != OvercommitMode.Never || Committed + 1 < Limit;

    // Huge pages of pools are promised by those: hugetlb_total_pages.
    private long ReservedPages => _memory.HugePagePools.Sum(pool => pool.Total << (pool.Size.Shift - Page.Shift));

    /// <summary>Sets vm.overcommit_kbytes; the ratio is 0 then.</summary>
    public void SetKiB(long value)
    {
        Ratio = 0;
        KiB = value;
    }

    /// <summary>Whether so many pages more may be promised to a process; what may not is counted.</summary>
    internal bool Allows(AddressSpace space, long pages)
    {
        var isAllowed = IsPossible(space, pages);
        if (!isAllowed)
        {
            _memory.Counters.PromisesRefused++;
            _memory.Counters.LargestRefused = Math.Max(_memory.Counters.LargestRefused, pages);
        }

        return isAllowed;
    }

    private bool IsPossible(AddressSpace space, long pages)
    {
        switch (Mode)
        {
            case OvercommitMode.Always:
                return true;
            case OvercommitMode.Heuristic:
                return pages <= _memory.Frames.TotalFrames + _memory.SwapPages;
            default:
                var allowed = Limit - (space.Limits.MayUseReserve ? 0 : AdministratorReserveKiB / KiBPerPage);
                allowed -= Math.Min(space.Counters.TotalPages / PartOfProcessReserved, UserReserveKiB / KiBPerPage);
                return Committed + pages < allowed;
        }
    }
}

/// <summary>vm.overcommit_memory.</summary>
public enum OvercommitMode
{
    /// <summary>A single request above all of RAM and swap is refused.</summary>
    Heuristic = 0,

    /// <summary>Nothing is refused.</summary>
    Always = 1,

    /// <summary>Nothing is promised beyond <see cref="Overcommit.Limit"/>.</summary>
    Never = 2,
}
