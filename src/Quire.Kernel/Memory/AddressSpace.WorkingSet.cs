using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What load control asks of a space: how much it uses, and to make room.</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>Pages used since the last call, by their accessed bits, which are taken. Reclaim still learns of the use: the frames count as referenced.</summary>
    internal long TakeWorkingSet()
    {
        var visitor = new AccessedVisitor(_memory);
        Tables.Visit(new VirtualRange(new VirtualAddress(0), new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        if (visitor.Pages > 0)
        {
            _memory.Translations.InvalidateSpace(this);
        }

        return visitor.Pages;
    }

    /// <summary>Forgets that pages were used: their accessed bits, and what reclaim knows of it (/proc/PID/clear_refs).</summary>
    internal void ClearReferences(ReferencedPages kind)
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            var isMeant = kind == ReferencedPages.All || (kind == ReferencedPages.OfFiles) == (region.File is not null);
            if (isMeant)
            {
                var visitor = new ForgetUseVisitor(_memory);
                Tables.Visit(RangeOf(region.Start, region.End), ref visitor);
            }
        }

        _memory.Translations.InvalidateSpace(this);
    }

    /// <summary>The peak starts again from what is resident now (clear_refs 5).</summary>
    internal void ResetPeakResident() => Counters.PeakResident = Counters.Resident;

    /// <summary>Evicts every page that no other space maps, used or not; gives how many.</summary>
    internal int PageOutAll()
    {
        var frames = new List<FrameNumber>();
        var visitor = new OwnVisitor(_memory, frames);
        Tables.Visit(new VirtualRange(new VirtualAddress(0), new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        var evicted = 0;
        foreach (var frame in frames)
        {
            evicted += _memory.Reclaim.TryEvict(frame) ? 1 : 0;
        }

        return evicted;
    }

    private struct AccessedVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public long Pages { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry) || (*entry & PageTableEntry.AccessedBit) == 0)
            {
                return;
            }

            *entry &= ~PageTableEntry.AccessedBit;
            Pages += (long)(size.Bytes >> Page.Shift);
            var frame = Leaf.FrameOf(*entry);
            if (frame != memory.ZeroFrame)
            {
                memory.FrameTable[frame].Flags |= FrameFlags.Referenced;
            }
        }
    }

    private readonly struct ForgetUseVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry))
            {
                return;
            }

            *entry &= ~PageTableEntry.AccessedBit;
            var frame = Leaf.FrameOf(*entry);
            if (frame != memory.ZeroFrame)
            {
                memory.FrameTable[frame].Flags &= ~FrameFlags.Referenced;
            }
        }
    }

    private readonly struct OwnVisitor(KernelMemory memory, List<FrameNumber> frames) : IPageTableVisitor
    {
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (!Leaf.IsPresent(*entry) || Leaf.FrameOf(*entry) is var first && first == memory.ZeroFrame)
            {
                return;
            }

            for (uint offset = 0; offset < size.Bytes >> Page.Shift; offset++)
            {
                var frame = new FrameNumber(Leaf.FrameOf(*entry).Value + offset);
                if (memory.FrameTable[frame].Mappings == 1)
                {
                    frames.Add(frame);
                }
            }
        }
    }
}

/// <summary>Whose use /proc/PID/clear_refs forgets; the numbers written there.</summary>
internal enum ReferencedPages
{
    All = 1,
    Anonymous = 2,
    OfFiles = 3,
}
