using System.Runtime.InteropServices;
using Quire.Allocation;

namespace Quire.Collection;

/// <summary>Objects of more than <see cref="Plan.LargestSmall"/> bytes: whole pages of their own, never moved, found live by their mark bit.</summary>
internal sealed unsafe class LargeObjectSpace
{
    private const int UnitShift = 12;
    private const nint Unit = 1 << UnitShift;

    // What the list below and the allocator of units hold for an object.
    private const int MetadataOfObject = 32;

    private readonly HeapMemory _memory;
    private readonly FitAllocator _units;
    private readonly List<LargeObject> _objects = [];

    public LargeObjectSpace(HeapMemory memory, nint bytes)
    {
        _memory = memory;
        Range = memory.Carve(bytes);
        var count = (uint)(Range.Length >> UnitShift);
        _units = new FitAllocator(count, FitPolicy.Best, new HoleTree(count));
    }

    public AddressRange Range { get; }

    /// <summary>Bytes of objects, rounded to pages.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of objects that were allocated since <see cref="Settle"/>.</summary>
    public long YoungBytes { get; private set; }

    public long AllocatedBytes { get; private set; }

    public int Count => _objects.Count;

    /// <summary>Objects from this one on were allocated since <see cref="Settle"/>.</summary>
    public int FirstYoung { get; private set; }

    public LargeObject this[int index] => _objects[index];

    /// <summary>Zeroed memory, or 0 when the limit is reached.</summary>
    public nint TryAllocate(long size)
    {
        var bytes = (nint)((size + Unit - 1) & -Unit);
        if (size > Range.Length || !_units.TryAllocate((uint)(bytes >> UnitShift), 1, out var first))
        {
            return 0;
        }

        var target = Range.Start + ((nint)first << UnitShift);
        if (!_memory.TryTake(target, bytes, MetadataOfObject))
        {
            _units.Free(first);
            return 0;
        }

        NativeMemory.Clear((void*)target, (nuint)bytes);
        _objects.Add(new LargeObject(target, bytes));
        Bytes += bytes;
        YoungBytes += bytes;
        AllocatedBytes += size;
        return target;
    }

    /// <summary>Frees the objects from an index on that are not marked.</summary>
    public void Sweep(int from, HeapObserver? observer, SweptMarks marks = SweptMarks.Cleared)
    {
        var kept = from;
        for (var i = from; i < _objects.Count; i++)
        {
            var large = _objects[i];
            if (_memory.IsMarked(large.Address))
            {
                if (marks == SweptMarks.Cleared)
                {
                    _memory.Unmark(large.Address);
                }

                _objects[kept++] = large;
                continue;
            }

            Release(large, observer);
        }

        _objects.RemoveRange(kept, _objects.Count - kept);
        FirstYoung = Math.Min(FirstYoung, kept);
    }

    /// <summary>Frees one object: for plans that find out one by one.</summary>
    public void Free(nint target, HeapObserver? observer)
    {
        var index = _objects.FindLastIndex(large => large.Address == target);
        Release(_objects[index], observer);
        _objects[index] = _objects[^1];
        _objects.RemoveAt(_objects.Count - 1);
        FirstYoung = Math.Min(FirstYoung, _objects.Count);
    }

    /// <summary>From here on all objects are old.</summary>
    public void Settle()
    {
        FirstYoung = _objects.Count;
        YoungBytes = 0;
    }

    private void Release(LargeObject large, HeapObserver? observer)
    {
        observer?.Freed(large.Address, large.Bytes);
        _units.Free((uint)((large.Address - Range.Start) >> UnitShift));
        _memory.Give(large.Bytes, MetadataOfObject);
        *(ulong*)large.Address = ulong.MaxValue & ~ObjectHeader.Forwarded;
        Bytes -= large.Bytes;
    }
}

/// <summary>What becomes of the marks of objects that stay.</summary>
internal enum SweptMarks
{
    Cleared,
    Kept,
}

/// <summary>An object of the large space and the bytes of its pages.</summary>
internal readonly record struct LargeObject(nint Address, nint Bytes);
