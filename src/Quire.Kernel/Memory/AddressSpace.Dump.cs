using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What a core file holds of an address space: every page that has content, whatever the program may do with it (get_dump_page of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>Addresses of a region's pages that are not known to be zeros, rising: mapped, swapped out, or of its file.</summary>
    internal IEnumerable<ulong> PagesToDump(VirtualAddress start, ulong length)
    {
        if (_regions.FindContaining(start.Value) is not { } region)
        {
            yield break;
        }

        var end = Math.Min(region.End, start.Value + length);
        var held = new HeldVisitor([]);
        Tables.Visit(RangeOf(start.Value, end), ref held);
        var (position, next) = (start.Value, 0);
        while (true)
        {
            while (next < held.Pages.Count && held.Pages[next] < position)
            {
                next++;
            }

            position = Math.Min(next < held.Pages.Count ? held.Pages[next] : ulong.MaxValue, NextOfFile(region, position));
            if (position >= end)
            {
                yield break;
            }

            yield return position;
            position += Page.Size;
        }
    }

    /// <summary>The content of a page, as the program would find it. False: there is none, or it cannot be had.</summary>
    internal bool TryReadToDump(ulong address, Span<byte> page)
    {
        var leaf = LeafAt(new VirtualAddress(address)).Value;
        if (Leaf.HoldsFrame(leaf))
        {
            _memory.Physical.Read(Leaf.FrameOf(leaf)).CopyTo(page);
            return Leaf.FrameOf(leaf) != _memory.ZeroFrame;
        }

        if (Leaf.IsSwapped(leaf))
        {
            if (_memory.Swap.BringIn(Leaf.SwapEntryOf(leaf), out var frame, out _) != FaultOutcome.Resolved)
            {
                return false;
            }

            _memory.Physical.Read(frame).CopyTo(page);
            _memory.Frames.Release(frame);
            return true;
        }

        page.Clear();
        return _regions.FindContaining(address) is { Pages: { } pages } region && pages.ReadBytes(region.PageIndexOf(address) << Page.Shift, page) > 0;
    }

    // A file of a device or the host is read whatever is in RAM of it; memory has nothing else.
    private static ulong NextOfFile(Region region, ulong address)
    {
        if (region.Pages is not { } pages)
        {
            return ulong.MaxValue;
        }

        var index = region.PageIndexOf(address);
        index = pages.Source.IsBacked ? index : pages.NextHeld(index);
        return index < pages.PageCount ? region.Start + ((index - region.PageOffset) << Page.Shift) : ulong.MaxValue;
    }

    private readonly struct HeldVisitor(List<ulong> pages) : IPageTableVisitor
    {
        public List<ulong> Pages => pages;

        // A reserved huge page comes whole.
        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            for (ulong offset = 0; offset < size.Bytes; offset += Page.Size)
            {
                pages.Add(start.Value + offset);
            }
        }
    }
}
