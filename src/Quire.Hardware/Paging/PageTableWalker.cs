using System.Runtime.CompilerServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>
/// The processor's walk of four-level tables for a user-mode access (Intel SDM vol. 3A, 4.5 to 4.8), with CR0.WP and IA32_EFER.NXE set and CR4.PKE
/// clear. A walk that succeeds sets A in every entry it read and, for a write, D in the leaf; a walk that faults sets nothing, which the
/// manual permits (4.8 leaves it open for entries above the faulting one).
/// Caller keeps true: the address is canonical, the memory outlives the walker, and whatever table a walk starts at is a frame of it.
/// </summary>
public readonly unsafe struct PageTableWalker(PhysicalMemory memory)
{
    private readonly byte* _base = memory.Base;
    private readonly ulong _ramEnd = (ulong)memory.FrameCount << Page.Shift;

    /// <summary>False: the access faults with <see cref="PageWalk.Error"/>.</summary>
    public bool TryWalk(PhysicalAddress root, ulong address, AccessKind kind, ref PageWalk walk) =>
        TryWalkUsedPage(root.Value, address, kind, ref walk) || TryWalkFrom(FourLevelPaging.TopLevel, root.Value, address, kind, ref walk);

    /// <summary>Goes on at a lower table that a paging-structure cache remembered.</summary>
    /// <param name="level">Level of that table.</param>
    /// <param name="table">Address of the table with the rights denied above it, as in <see cref="PageWalk.Tables"/>.</param>
    /// <param name="address">The linear address.</param>
    /// <param name="kind">What the access wants.</param>
    /// <param name="walk">Receives the result.</param>
    [SkipLocalsInit]
    internal bool TryWalkFrom(int level, ulong table, ulong address, AccessKind kind, ref PageWalk walk)
    {
        var read = stackalloc ulong*[FourLevelPaging.TopLevel];
        var references = 0;
        var denied = table & LeafBits.Denied;
        var location = table & PageTableEntry.AddressBits;
        walk.ReachedTables = 0;
        while (true)
        {
            var slot = (ulong*)(_base + location) + FourLevelPaging.IndexOf(address, level);
            var entry = *slot;
            read[references++] = slot;
            if ((entry & PageTableEntry.PresentBit) == 0)
            {
                walk.References = references;
                return Fault(PageFaultError.None, kind, ref walk);
            }

            location = entry & PageTableEntry.AddressBits;
            if ((entry & FourLevelPaging.ReservedBits(entry, level)) != 0)
            {
                walk.References = references;
                return Fault(PageFaultError.Present | PageFaultError.Reserved, kind, ref walk);
            }

            denied |= LeafBits.DeniedBy(entry);
            if (FourLevelPaging.IsLeaf(entry, level))
            {
                walk.References = references;
                return TryLeaf(read, entry, level, denied, kind, ref walk);
            }

            if (location >= _ramEnd)
            {
                walk.References = references;
                return Fault(PageFaultError.Present | PageFaultError.Reserved, kind, ref walk);
            }

            level--;
            walk.Tables[level] = location | denied;
            walk.ReachedTables |= 1 << level;
        }
    }

    /// <summary>
    /// The walk of most accesses: a 4 KiB page that was used in this way before, so that nothing has to be set or refused. False: walk in full.
    /// </summary>
    private bool TryWalkUsedPage(ulong root, ulong address, AccessKind kind, ref PageWalk walk)
    {
        const ulong Wanted = PageTableEntry.PresentBit | PageTableEntry.UserBit | PageTableEntry.AccessedBit;
        const ulong TableMask = Wanted | PageTableEntry.HugeBit | FourLevelPaging.BeyondPhysicalWidth;
        const ulong LeafMask = Wanted | FourLevelPaging.BeyondPhysicalWidth;
        var location = root;
        var denied = 0UL;
        for (var level = FourLevelPaging.TopLevel; level > 1; level--)
        {
            var entry = ((ulong*)(_base + location))[FourLevelPaging.IndexOf(address, level)];
            location = entry & PageTableEntry.AddressBits;
            if ((entry & TableMask) != Wanted || location >= _ramEnd)
            {
                return false;
            }

            denied |= LeafBits.DeniedBy(entry);
        }

        var leaf = ((ulong*)(_base + location))[FourLevelPaging.IndexOf(address, 1)];
        location = leaf & PageTableEntry.AddressBits;
        denied |= LeafBits.DeniedBy(leaf);
        if ((leaf & LeafMask) != Wanted || location >= _ramEnd
            || (kind == AccessKind.Write && ((denied & LeafBits.WriteDenied) != 0 || (leaf & PageTableEntry.DirtyBit) == 0))
            || (kind == AccessKind.Fetch && (denied & LeafBits.FetchDenied) != 0))
        {
            return false;
        }

        walk.Leaf = location | denied | (leaf & LeafBits.Dirty);
        walk.ReachedTables = 0;
        walk.Size = PageSize.Size4K;
        walk.Global = (leaf & PageTableEntry.GlobalBit) != 0;
        walk.References = FourLevelPaging.TopLevel;
        walk.Error = PageFaultError.None;
        return true;
    }

    private bool TryLeaf(ulong** read, ulong entry, int level, ulong denied, AccessKind kind, ref PageWalk walk)
    {
        var size = (PageSize)(level - 1);

        // Bit 12 of a huge leaf is PAT, not address (SDM vol. 3A, tables 4-16 and 4-18).
        var location = entry & PageTableEntry.AddressBits & ~size.OffsetMask;
        if (location + size.Bytes > _ramEnd)
        {
            return Fault(PageFaultError.Present | PageFaultError.Reserved, kind, ref walk);
        }

        var unwanted = LeafBits.UserDenied;
        if (kind == AccessKind.Write)
        {
            unwanted |= LeafBits.WriteDenied;
        }
        else if (kind == AccessKind.Fetch)
        {
            unwanted |= LeafBits.FetchDenied;
        }

        if ((denied & unwanted) != 0)
        {
            return Fault(PageFaultError.Present, kind, ref walk);
        }

        var last = walk.References - 1;
        for (var i = 0; i < last; i++)
        {
            Set(read[i], PageTableEntry.AccessedBit);
        }

        Set(read[last], kind == AccessKind.Write ? PageTableEntry.AccessedBit | PageTableEntry.DirtyBit : PageTableEntry.AccessedBit);
        walk.Leaf = location | denied | (*read[last] & LeafBits.Dirty);
        walk.Size = size;
        walk.Global = (entry & PageTableEntry.GlobalBit) != 0;
        walk.Error = PageFaultError.None;
        return true;
    }

    /// <summary>Writes only what changes: tables stay clean in the host's caches.</summary>
    private static void Set(ulong* slot, ulong bits)
    {
        if ((*slot & bits) != bits)
        {
            *slot |= bits;
        }
    }

    private static bool Fault(PageFaultError cause, AccessKind kind, ref PageWalk walk)
    {
        walk.Error = cause | PageFaultError.User | kind switch
        {
            AccessKind.Write => PageFaultError.Write,
            AccessKind.Fetch => PageFaultError.Fetch,
            _ => PageFaultError.None,
        };
        return false;
    }
}
