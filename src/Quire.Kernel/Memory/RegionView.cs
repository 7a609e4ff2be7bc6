using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>A region as /proc/PID/maps prints it.</summary>
public sealed record RegionView
{
    public required VirtualRange Range { get; init; }
    public required Protection Protection { get; init; }
    public required bool IsShared { get; init; }

    /// <summary>Bytes into the file; 0 for anonymous regions.</summary>
    public required ulong Offset { get; init; }

    public required ulong DeviceNumber { get; init; }
    public required ulong InodeNumber { get; init; }

    /// <summary>File path, "[heap]", "[stack]" or another name in brackets; empty for plain anonymous memory.</summary>
    public required string Name { get; init; }

    /// <summary>What its pages are read from; null for anonymous regions.</summary>
    public IPageSource? Source { get; init; }

    /// <summary>What it maps; null for anonymous memory, private or shared.</summary>
    public IMappedFile? File { get; init; }

    /// <summary>The two-letter codes of smaps' VmFlags, separated by blanks.</summary>
    public required string VmFlags { get; init; }

    public required RegionFaults Faults { get; init; }

    internal RegionFlags Flags { get; init; }

    /// <summary>Something may have been written to it that is this space's alone.</summary>
    internal bool HasPrivatePages { get; init; }
}

/// <summary>Faults that a region has taken. Major and minor add up to all of them.</summary>
public readonly record struct RegionFaults(long Minor, long Major, long CopyOnWrite, long Zero)
{
    public long Total => Minor + Major;
}

/// <summary>What smaps shows of a region, in bytes unless named otherwise.</summary>
public readonly record struct RegionUsage
{
    public ulong Size { get; init; }
    public ulong Resident { get; init; }

    /// <summary>Each page's size divided by the number of its mappings.</summary>
    public double Proportional { get; init; }

    public ulong SharedClean { get; init; }
    public ulong SharedDirty { get; init; }
    public ulong PrivateClean { get; init; }
    public ulong PrivateDirty { get; init; }
    public ulong Referenced { get; init; }
    public ulong Anonymous { get; init; }

    /// <summary>Shared_Hugetlb, Private_Hugetlb: not resident in Linux's sense.</summary>
    public ulong SharedReservedHuge { get; init; }
    public ulong PrivateReservedHuge { get; init; }

    /// <summary>AnonHugePages.</summary>
    public ulong AnonymousHuge { get; init; }

    public ulong Locked { get; init; }
    public ulong Swapped { get; init; }

    /// <summary>Each swapped page's size divided by the number of leaves that name its slot.</summary>
    public double SwappedProportional { get; init; }
}
