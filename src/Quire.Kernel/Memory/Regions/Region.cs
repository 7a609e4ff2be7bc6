using System.Runtime.CompilerServices;
using Quire.Allocation;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Regions;

/// <summary>
/// A range of one address space whose pages have the same source and rights (Linux's vm_area_struct). Start and End are page-aligned.
/// Neighbours and tree links belong to <see cref="RegionTree"/>.
/// </summary>
internal sealed class Region
{
    public Region(AddressSpace space, ulong start, ulong end, RegionFlags flags, SlabSlot slot)
    {
        Space = space;
        Start = start;
        End = end;
        Slot = slot;
        Flags = flags;
        PageOffset = start >> Page.Shift;
    }

    public AddressSpace Space { get; }

    /// <summary>Its place in the machine's memory.</summary>
    public SlabSlot Slot { get; }

    public ulong Start { get; set; }

    public ulong End { get; set; }

    public RegionFlags Flags
    {
        get;
        set
        {
            field = value;
            LeafBits = LeafBitsFor(value);
        }
    }

    public IMappedFile? File { get; init; }

    /// <summary>Pages of the file; null for private anonymous memory.</summary>
    public PageCache? Pages { get; init; }

    /// <summary>Page number in the file of the first page; for anonymous memory, of the address where it was first mapped.</summary>
    public ulong PageOffset { get; set; }

    /// <summary>A name in brackets, for regions without a file.</summary>
    public string? Name { get; init; }

    /// <summary>Private pages may be here that no file has: fork must copy the page tables.</summary>
    public bool HasPrivatePages
    {
        get;
        set
        {
            if (value && !field)
            {
                field = true;
                Family = Family.IsNone && IsPrivate ? Space.FamilyFor(this) : Family;
            }
        }
    }

    /// <summary>Leaves know which pages were stored to since clear_refs; otherwise all of them count as stored to, as new regions do (VM_SOFTDIRTY of Linux, the other way round).</summary>
    public bool WritesAreWatched { get; set; }

    /// <summary>What its private pages belong to; none before there are any.</summary>
    public PageFamily Family { get; set; }

    /// <summary>Rights and kind bits of a leaf of this region, without the frame and without the right to write.</summary>
    public ulong LeafBits { get; private set; }

    public long MinorFaults { get; set; }
    public long MajorFaults { get; set; }
    public long CopyOnWriteFaults { get; set; }
    public long ZeroFaults { get; set; }

    public Region? Previous { get; set; }
    public Region? Next { get; set; }
    public Region? Left { get; set; }
    public Region? Right { get; set; }
    public int Height { get; set; } = 1;
    public ulong LargestGap { get; set; }

    public Region? PreviousOfPages { get; set; }
    public Region? NextOfPages { get; set; }

    public ulong Length => End - Start;

    public long PageCount => (long)(Length >> Page.Shift);

    /// <summary>Private memory of no file.</summary>
    public bool IsAnonymous => Pages is null && (Flags & RegionFlags.ReservedHuge) == 0;

    /// <summary>Stores make private copies.</summary>
    public bool IsPrivate => (Flags & RegionFlags.MayShare) == 0;

    /// <summary>A use of a page here says that it will be used again (vma_has_recency of Linux): not while one is read after the other.</summary>
    public bool UsesRecur
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Flags & RegionFlags.SequentialRead) == 0 && Pages is not { IsUsedOnce: true };
    }

    public bool IsAccessible => (Flags & RegionFlags.Access) != 0;

    /// <summary>Where the room below ends: a stack keeps its guard gap free.</summary>
    public ulong GuardedStart => (Flags & RegionFlags.GrowsDown) == 0 ? Start : Start - Math.Min(Start, AddressLayout.StackGuardGap);

    /// <summary>Free bytes between the region below and this one.</summary>
    public ulong GapBefore
    {
        get
        {
            var below = Previous?.End ?? 0;
            return GuardedStart > below ? GuardedStart - below : 0;
        }
    }

    public RegionFaults Faults => new(MinorFaults, MajorFaults, CopyOnWriteFaults, ZeroFaults);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(ulong address) => address - Start < Length;

    /// <summary>Page number in the file of an address inside.</summary>
    public ulong PageIndexOf(ulong address) => PageOffset + ((address - Start) >> Page.Shift);

    /// <summary>A frame's leaf in this region. It is present only if the region allows any access; never writable.</summary>
    public ulong LeafOf(FrameNumber frame) => ((ulong)frame.Value << Page.Shift) | LeafBits;

    public void AddFaultsOf(Region other)
    {
        MinorFaults += other.MinorFaults;
        MajorFaults += other.MajorFaults;
        CopyOnWriteFaults += other.CopyOnWriteFaults;
        ZeroFaults += other.ZeroFaults;
    }

    private static ulong LeafBitsFor(RegionFlags flags)
    {
        var bits = PageTableEntry.UserBit | PageTableEntry.AccessedBit;
        bits |= (flags & RegionFlags.Access) != 0 ? PageTableEntry.PresentBit : Leaf.NoAccessBit;
        return (flags & RegionFlags.Execute) != 0 ? bits : bits | PageTableEntry.NoExecuteBit;
    }
}
