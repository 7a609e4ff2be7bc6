using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>
/// All swap areas of the machine, and the swap cache: anonymous frames that a slot has too. I/O completes at once, so a page in the cache always equals its
/// slot, and no leaf that maps it is writable; a page is written to its slot before it is unmapped, and is as before if that fails.
/// A frame in the cache has its slot as Index and one reference more.
/// </summary>
internal sealed partial class SwapSpace : IDisposable
{
    // Linux gives areas without a priority -2, -3 and so on.
    private const int FirstDefaultPriority = -2;

    private readonly KernelMemory _memory;
    private readonly SwapSlots _slots;

    // Null: every page goes to its area.
    private readonly CompressedSwap? _compressed;
    private readonly CompressedSwap.WriteToArea _writeToArea;

    private readonly SwapArea[] _inOrder;

    // Highest priority first; equal ones rotate.
    private readonly List<SwapArea> _areas = [];

    // Where the search for slots that can be done without stopped.
    private uint _sweep;

    public SwapSpace(KernelMemory memory)
    {
        _memory = memory;
        uint first = 1;
        var nextDefault = FirstDefaultPriority;
        foreach (var options in memory.Options.SwapAreas)
        {
            _areas.Add(new SwapArea(options, first, options.Priority ?? nextDefault--));
            first = checked(first + options.Slots);
        }

        _inOrder = [.. _areas];
        _areas = [.. _areas.OrderByDescending(area => area.Priority)];
        Capacity = first - 1;
        _slots = new SwapSlots(Capacity);
        _writeToArea = TryWriteToArea;
        _compressed = memory.Options.CompressedSwap is { } compressed && Capacity > 0 ? new CompressedSwap(memory, compressed, Capacity) : null;
    }

    /// <summary>In the order in which they were given.</summary>
    public IReadOnlyList<SwapArea> Areas => _inOrder;

    /// <summary>Slots of all areas.</summary>
    public uint Capacity { get; }

    public uint Used { get; private set; }

    public uint Free => Capacity - Used;

    /// <summary>Slots that a page in RAM has too are better free (vm_swap_full of Linux).</summary>
    public bool IsHalfFull => Free < Capacity / 2;

    private SwapCounters Counters => _memory.Counters.Swap;

    /// <summary>How many leaves and page-cache places name the slot.</summary>
    public int UsersOf(SwapEntry entry) => _slots.Users(entry);

    /// <summary>The frame that holds the same page as the slot, or None.</summary>
    public FrameNumber FindCached(SwapEntry entry) => _slots.Cached(entry);

    public bool IsTaken(SwapEntry entry) => AreaOf(entry).IsTaken(entry);

    public static bool IsCached(in FrameEntry entry) => entry.Use == FrameUse.Anonymous && entry.Index != 0;

    /// <summary>One more leaf or page-cache place names the slot.</summary>
    public void Duplicate(SwapEntry entry) => _slots.Users(entry)++;

    /// <summary>One less; the slot goes with the last, and so does an unmapped page of the swap cache.</summary>
    public void Release(SwapEntry entry)
    {
        ref var users = ref _slots.Users(entry);
        if (users <= 0)
        {
            throw new InvalidOperationException($"nobody names slot {entry.Slot} of swap");
        }

        if (--users > 0)
        {
            return;
        }

        var frame = _slots.Cached(entry);
        if (frame.IsNone)
        {
            FreeSlot(entry);
        }
        else if (_memory.FrameTable[frame].Mappings == 0)
        {
            RemoveFromCache(frame);
        }
    }

    /// <summary>Takes the frame out of the swap cache, if nothing but the cache needs its slot: the frame is then the page's only home.</summary>
    public bool TryFreeSlotOf(FrameNumber frame)
    {
        if (_slots.Users(new SwapEntry(_memory.FrameTable[frame].Index)) > 0)
        {
            return false;
        }

        RemoveFromCache(frame);
        return true;
    }

    public void Dispose()
    {
        foreach (var area in _areas)
        {
            area.Dispose();
        }

        _compressed?.Dispose();
        _slots.Dispose();
    }

    private bool TryTakeSlot(out SwapEntry entry)
    {
        if (Used == Capacity && !TryFreeCachedSlot())
        {
            entry = default;
            if (Capacity > 0)
            {
                Counters.Full++;
                _memory.Note(MemoryEventKind.SwapFull);
            }

            return false;
        }

        for (var i = 0; i < _areas.Count; i++)
        {
            var area = _areas[i];
            if (!area.TryTake(out entry))
            {
                continue;
            }

            if (area.IsBetweenClusters)
            {
                Rotate(i);
            }

            Used++;
            Counters.PeakUsed = Math.Max(Counters.PeakUsed, Used);
            return true;
        }

        throw new InvalidOperationException($"{Used} of {Capacity} swap slots are used, and no area has one");
    }

    // __try_to_reclaim_swap: a slot whose page is mapped in RAM and needed by no other is worth more to a page that has to leave.
    private bool TryFreeCachedSlot()
    {
        for (var left = Counters.Cached > 0 ? Capacity : 0; left > 0; left--)
        {
            _sweep = _sweep < Capacity ? _sweep + 1 : 1;
            var entry = new SwapEntry(_sweep);
            if (_slots.Users(entry) == 0 && _slots.Cached(entry) is { IsNone: false } frame)
            {
                RemoveFromCache(frame);
                return true;
            }
        }

        return false;
    }

    // To the end of its priority.
    private void Rotate(int index)
    {
        var area = _areas[index];
        for (; index + 1 < _areas.Count && _areas[index + 1].Priority == area.Priority; index++)
        {
            _areas[index] = _areas[index + 1];
        }

        _areas[index] = area;
    }

    /// <summary>Bytes that a page of a slot takes in RAM, compressed, are its group's.</summary>
    internal void CountCompressedIn(SwapEntry entry) => _memory.Groups.CountCompressedIn(_slots.Group(entry));

    internal void ChargeCompressed(SwapEntry entry, long bytes) => _memory.Groups.ChargeCompressed(_slots.Group(entry), bytes);

    private void FreeSlot(SwapEntry entry)
    {
        _compressed?.Drop(entry);
        AreaOf(entry).Return(entry);
        ref var group = ref _slots.Group(entry);
        _memory.Groups.ChargeSwap(group, -Page.Size);
        group = 0;
        Used--;
    }

    private SwapArea AreaOf(SwapEntry entry)
    {
        foreach (var area in _inOrder)
        {
            if (area.Contains(entry))
            {
                return area;
            }
        }

        throw new InvalidOperationException($"{entry} is in no area");
    }

    /// <summary>The caller's reference becomes the cache's.</summary>
    private void AddToCache(SwapEntry entry, FrameNumber frame)
    {
        _memory.FrameTable[frame].Index = entry.Slot;
        _slots.SetCached(entry, frame);
        Counters.Cached++;
    }

    private void RemoveFromCache(FrameNumber frame)
    {
        ref var frameEntry = ref _memory.FrameTable[frame];
        var entry = new SwapEntry(frameEntry.Index);
        frameEntry.Index = 0;
        _slots.SetCached(entry, FrameNumber.None);
        Counters.Cached--;
        if (_slots.Users(entry) == 0)
        {
            FreeSlot(entry);
        }

        _memory.Frames.Release(frame);
    }
}
