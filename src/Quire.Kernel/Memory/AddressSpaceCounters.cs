namespace Quire.Kernel.Memory;

/// <summary>What an address space uses. Pages unless named otherwise; names after Linux's mm_struct.</summary>
public sealed class AddressSpaceCounters
{
    public long TotalPages { get; internal set; }
    public long PeakTotalPages { get; internal set; }

    /// <summary>Private writable memory that is not stack: what RLIMIT_DATA counts.</summary>
    public long DataPages { get; internal set; }

    public long ExecutablePages { get; internal set; }
    public long StackPages { get; internal set; }
    public long LockedPages { get; internal set; }

    public long ResidentAnonymous { get; internal set; }
    public long ResidentFile { get; internal set; }
    public long ResidentShared { get; internal set; }
    public long PeakResident { get; internal set; }

    /// <summary>Leaves that are swap entries.</summary>
    public long Swapped { get; internal set; }

    /// <summary>HugetlbPages of /proc/PID/status; not resident in Linux's sense.</summary>
    public ulong ReservedHugeBytes { get; internal set; }

    public long MinorFaults { get; internal set; }
    public long MajorFaults { get; internal set; }

    public long Resident => ResidentAnonymous + ResidentFile + ResidentShared;
}
