using System.Runtime.CompilerServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>Aligned blocks of frames, for huge pages, and what making room for them needs: frames taken out of the free ones by number.</summary>
public sealed unsafe partial class PageAllocator
{
    /// <summary>
    /// A block of 2^order frames with any content, each with a reference of its own; freed one by one. Nothing is reclaimed for it, and free memory stays above
    /// the low watermark: whoever asks can do with single frames.
    /// </summary>
    internal bool TryAllocateBlock(FrameUse use, int order, out FrameNumber first)
    {
        if (!TryTakeBlock(use, order, out first))
        {
            return false;
        }

        for (uint i = 0; i < 1u << order; i++)
        {
            Prepare(ref _table[first + i], first + i, use);
        }

        return true;
    }

    /// <summary>As <see cref="TryAllocateBlock"/>, of zero bytes.</summary>
    internal bool TryAllocateZeroedBlock(FrameUse use, int order, out FrameNumber first)
    {
        if (!TryTakeBlock(use, order, out first))
        {
            return false;
        }

        for (uint i = 0; i < 1u << order; i++)
        {
            ref var entry = ref _table[first + i];
            var isStale = (entry.Flags & FrameFlags.Stale) != 0;
            Prepare(ref entry, first + i, use);
            if (isStale)
            {
                Unsafe.InitBlock(_memory.Pointer(first + i), 0, Page.Size);
            }
        }

        return true;
    }

    /// <summary>Empties the per-CPU lists, so that what is free is whole.</summary>
    internal void Drain() => DrainCpuLists();

    /// <summary>Takes a frame that the buddy system has out of it. False: it is in use.</summary>
    internal bool TryIsolate(FrameNumber frame)
    {
        var zone = ZoneOf(frame);
        return zone.Buddy.TryAllocateAt(frame.Value - zone.FirstFrame, 0);
    }

    /// <summary>Gives an isolated frame back to the buddy system, where it joins its neighbours.</summary>
    internal void EndIsolation(FrameNumber frame)
    {
        var zone = ZoneOf(frame);
        zone.Buddy.Free(frame.Value - zone.FirstFrame, 0);
    }

    /// <summary>A free frame of a zone for a page that moves; past the per-CPU lists, and never below the min watermark.</summary>
    internal bool TryTakeTarget(Zone zone, FrameUse use, out FrameNumber frame)
    {
        frame = FrameNumber.None;
        if (zone.Buddy.FreeUnits <= zone.Watermarks.Min || !zone.Buddy.TryAllocate(0, out var index))
        {
            return false;
        }

        frame = new FrameNumber(zone.FirstFrame + index);
        Prepare(ref _table[frame], frame, use);
        return true;
    }

    /// <summary>Ends the use of a frame that nobody names any more, and isolates it.</summary>
    internal void FreeIsolated(FrameNumber frame) => Retire(ref _table[frame], frame);

    /// <summary>A block that no buddy block is large enough for; looked for place by place.</summary>
    private bool TryTakeLargeBlock(uint length, out FrameNumber first)
    {
        foreach (var zone in _zones)
        {
            for (ulong start = 0; start + length <= zone.Frames && zone.Buddy.FreeUnits > zone.Watermarks.High + length; start += length)
            {
                // Zones start at multiples of the largest page.
                if (zone.Buddy.TryReserve((uint)start, length))
                {
                    first = new FrameNumber(zone.FirstFrame + (uint)start);
                    return true;
                }
            }
        }

        first = FrameNumber.None;
        return false;
    }

    private bool TryTakeBlock(FrameUse use, int order, out FrameNumber first)
    {
        if (order > Zone.MaxOrder)
        {
            return TryTakeLargeBlock(1u << order, out first);
        }

        // Reserved huge pages are nobody's.
        if (use == FrameUse.Anonymous && Limits is { } limits && !limits.HasRoom(1L << order))
        {
            first = FrameNumber.None;
            return false;
        }

        foreach (var zone in _zones)
        {
            if (zone.Buddy.FreeUnits > zone.Watermarks.Low + (1u << order) && zone.Buddy.TryAllocate(order, out var index))
            {
                first = new FrameNumber(zone.FirstFrame + index);
                return true;
            }
        }

        first = FrameNumber.None;
        return false;
    }
}
