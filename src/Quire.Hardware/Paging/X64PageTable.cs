using System.Diagnostics.CodeAnalysis;
using Quire.Hardware.Memory;
using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>
/// The mapper of one address space: the only writer of its four-level tables, which live in simulated frames in the processor's layout.
/// Invariants: every table but the root is named by exactly one entry, with all rights given (leaves decide), or is the empty spare of one huge
/// leaf; a table's absent entries above the last level are zero. It never flushes a TLB: that is the duty of whoever takes rights or pages away.
/// Caller keeps true: slots handed out are used only until the next call that frees tables, and 48-bit canonical addresses.
/// </summary>
public sealed unsafe partial class X64PageTable : IDisposable
{
    private const ulong TableBits = PageTableEntry.PresentBit | PageTableEntry.WritableBit | PageTableEntry.UserBit;
    private const ulong NoSpan = ulong.MaxValue;

    private readonly PhysicalMemory _memory;
    private readonly IPageTableFrames _frames;

    /// <summary>The 2 MiB span whose page table was found last, so that neighbours cost one step; <see cref="NoSpan"/> for none.</summary>
    private ulong _recentSpan = NoSpan;

    private ulong* _recentTable;
    private bool _disposed;

    private X64PageTable(PhysicalMemory memory, IPageTableFrames frames, FrameNumber root, ushort tag)
    {
        _memory = memory;
        _frames = frames;
        Root = root.Address;
        AddressSpaceTag = tag;
        TableCount = 1;
    }

    /// <summary>What CR3 holds for this address space.</summary>
    public PhysicalAddress Root { get; }

    /// <summary>PCID, 0 to 4095.</summary>
    public ushort AddressSpaceTag { get; }

    /// <summary>Frames that hold tables now, the root among them.</summary>
    public ulong TableCount { get; private set; }

    /// <summary>False: no frame for the root.</summary>
    public static bool TryCreate(PhysicalMemory memory, IPageTableFrames frames, ushort tag, [NotNullWhen(true)] out X64PageTable? table)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tag, FourLevelPaging.MaximumTag);
        table = frames.TryAllocateTable(out var root) ? new X64PageTable(memory, frames, root, tag) : null;
        return table is not null;
    }

    /// <summary>
    /// Puts <paramref name="leaf"/> in the slot of a page that is aligned to its size, over whatever value was in that slot; an empty table below a
    /// huge slot is freed. False: no frame for a table, and nothing has changed.
    /// </summary>
    /// <exception cref="InvalidOperationException">A huge leaf covers the page, or smaller pages are mapped where a huge one should go.</exception>
    public bool TryMap(VirtualAddress page, PageTableEntry leaf, PageSize size = PageSize.Size4K)
    {
        if ((page.Value & size.OffsetMask) != 0)
        {
            throw new ArgumentException($"{page} is not aligned to {size}", nameof(page));
        }

        if (size != PageSize.Size4K && !leaf.Present)
        {
            throw new ArgumentException("absent values have 4 KiB slots only", nameof(leaf));
        }

        var level = 1 + (int)size;
        if (!TryDescend(page.Value, level, out var slot))
        {
            return false;
        }

        if (size == PageSize.Size4K)
        {
            *slot = leaf.Value;
            return true;
        }

        if ((*slot & PageTableEntry.PresentBit) != 0 && !FourLevelPaging.IsLeaf(*slot, level))
        {
            FreeEmptyTables(VirtualRange.FromLength(page, size.Bytes));
            if (!TryDescend(page.Value, level, out slot))
            {
                return false;
            }

            if ((*slot & PageTableEntry.PresentBit) != 0)
            {
                throw new InvalidOperationException($"smaller pages are mapped inside the {size} page at {page}");
            }
        }

        *slot = leaf.Value | PageTableEntry.HugeBit;
        return true;
    }

    /// <summary>The leaf that covers the page, or the absent value in its slot: 0 where nothing was ever put.</summary>
    public PageTableEntry Get(VirtualAddress page) => Get(page, out _);

    /// <inheritdoc cref="Get(VirtualAddress)"/>
    public PageTableEntry Get(VirtualAddress page, out PageSize size)
    {
        var slot = Find(page.Value, out size);
        return new PageTableEntry(slot == null ? 0 : *slot);
    }

    /// <summary>Empties the slot that covers the page, huge or not, and returns what was in it. Tables stay: see <see cref="FreeEmptyTables"/>.</summary>
    public PageTableEntry Clear(VirtualAddress page)
    {
        var slot = Find(page.Value, out var size);
        if (slot == null)
        {
            return default;
        }

        var entry = new PageTableEntry(*slot);
        *slot = 0;
        RestoreSpare(page.Value, slot, 1 + (int)size);
        return entry;
    }

    /// <summary>
    /// The 4 KiB slot of a page; a 2 MiB leaf with a spare table is split for it. False: a table is absent and was not to be, or could not be,
    /// allocated; or a huge leaf that cannot be split covers the page.
    /// </summary>
    public bool TryGetEntry(VirtualAddress page, OnMissing onMissing, out ulong* entry)
    {
        if (page.Value >> FourLevelPaging.ShiftOf(2) == _recentSpan)
        {
            entry = _recentTable + FourLevelPaging.IndexOf(page.Value, 1);
            return true;
        }

        entry = Find(page.Value, out var size);
        if (entry != null && size == PageSize.Size4K)
        {
            Remember(page.Value, entry);
            return true;
        }

        if (entry != null && size == PageSize.Size2M && TrySplit(page.Value, entry))
        {
            entry = Find(page.Value, out _);
            Remember(page.Value, entry);
            return true;
        }

        if (entry != null || onMissing == OnMissing.Fail)
        {
            entry = null;
            return false;
        }

        return TryDescend(page.Value, 1, out entry);
    }

    /// <summary>Frees every table. Pages that leaves name are their owner's business.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        FreeSpares();
        FreeTree(Root.Frame, FourLevelPaging.TopLevel);
        _recentSpan = NoSpan;
    }

    /// <summary>The slot of <paramref name="level"/> for an address. False: no frame. Tables that are absent on the way are taken all together or not at all.</summary>
    private bool TryDescend(ulong address, int level, out ulong* slot)
    {
        System.Diagnostics.Debug.Assert(FourLevelPaging.IsCanonical(address), "the tables cannot tell a non-canonical address from its canonical alias");
        slot = TableAt(Root.Frame) + FourLevelPaging.IndexOf(address, FourLevelPaging.TopLevel);
        for (var at = FourLevelPaging.TopLevel; at > level; at--)
        {
            if ((*slot & PageTableEntry.PresentBit) == 0)
            {
                if (!TryGrow(slot, address, at, level, out var grown))
                {
                    slot = null;
                    return false;
                }

                slot = grown;
                break;
            }

            if (FourLevelPaging.IsLeaf(*slot, at))
            {
                throw new InvalidOperationException($"a huge leaf already covers 0x{address:x}");
            }

            slot = TableAt(new PageTableEntry(*slot).Frame) + FourLevelPaging.IndexOf(address, at - 1);
        }

        if (level == 1)
        {
            Remember(address, slot);
        }

        return true;
    }

    private void Remember(ulong address, ulong* slot)
    {
        _recentSpan = address >> FourLevelPaging.ShiftOf(2);
        _recentTable = slot - FourLevelPaging.IndexOf(address, 1);
    }

    /// <summary>Hangs new tables under the empty slot <paramref name="from"/> of level <paramref name="fromLevel"/>, down to the table of <paramref name="level"/>.</summary>
    private bool TryGrow(ulong* from, ulong address, int fromLevel, int level, out ulong* slot)
    {
        var count = fromLevel - level;
        var taken = stackalloc FrameNumber[count];
        for (var i = 0; i < count; i++)
        {
            if (!_frames.TryAllocateTable(out taken[i]))
            {
                while (--i >= 0)
                {
                    _frames.FreeTable(taken[i]);
                }

                slot = null;
                return false;
            }
        }

        slot = from;
        for (var i = 0; i < count; i++)
        {
            *slot = new PageTableEntry(taken[i], TableBits).Value;
            slot = TableAt(taken[i]) + FourLevelPaging.IndexOf(address, fromLevel - 1 - i);
        }

        TableCount += (ulong)count;
        return true;
    }

    /// <summary>The slot of the leaf that covers an address, or its 4 KiB slot; null where a table is absent.</summary>
    private ulong* Find(ulong address, out PageSize size)
    {
        size = PageSize.Size4K;
        if (address >> FourLevelPaging.ShiftOf(2) == _recentSpan)
        {
            return _recentTable + FourLevelPaging.IndexOf(address, 1);
        }

        var slot = TableAt(Root.Frame) + FourLevelPaging.IndexOf(address, FourLevelPaging.TopLevel);
        for (var level = FourLevelPaging.TopLevel; level > 1; level--)
        {
            if ((*slot & PageTableEntry.PresentBit) == 0)
            {
                return null;
            }

            if (FourLevelPaging.IsLeaf(*slot, level))
            {
                size = (PageSize)(level - 1);
                return slot;
            }

            slot = TableAt(new PageTableEntry(*slot).Frame) + FourLevelPaging.IndexOf(address, level - 1);
        }

        return slot;
    }

    private ulong* TableAt(FrameNumber frame) => (ulong*)_memory.Pointer(frame);
}
