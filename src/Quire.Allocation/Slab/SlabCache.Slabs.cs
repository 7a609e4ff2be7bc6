using System.Runtime.InteropServices;

namespace Quire.Allocation;

/// <summary>The slab layer: runs of frames, their free objects, and the lists of empty, partial and full slabs.</summary>
public sealed partial class SlabCache
{
    private const int NoSlab = -1;

    // Values of _links that are no object number: the end of a slab's free list, and an object that is not free.
    private const ushort End = ushort.MaxValue;
    private const ushort Taken = ushort.MaxValue - 1;

    private readonly int[] _heads = [NoSlab, NoSlab, NoSlab];
    private readonly int[] _lengths = new int[3];

    private Slab[] _slabs = [];

    // One entry an object of every slab: the next free object of the same slab, End, or Taken.
    private ushort[] _links = [];
    private int _unusedSlab = NoSlab;
    private int _slabsEver;
    private int _nextColour;

    // Objects with callers and in magazines.
    private long _takenFromSlabs;

    private enum Fill
    {
        Empty,
        Partial,
        Full,
    }

    public int EmptySlabs => _lengths[(int)Fill.Empty];
    public int PartialSlabs => _lengths[(int)Fill.Partial];
    public int FullSlabs => _lengths[(int)Fill.Full];
    public int TotalSlabs => EmptySlabs + PartialSlabs + FullSlabs;

    /// <summary>Every slab: its first frame, offset of its first object, and which objects are not free in it (magazines count as not free).</summary>
    public IEnumerable<SlabView> Slabs()
    {
        for (var number = 0; number < _slabsEver; number++)
        {
            if (_slabs[number].IsLive)
            {
                var taken = new bool[ObjectsPerSlab];
                for (var index = 0; index < taken.Length; index++)
                {
                    taken[index] = _links[(number * ObjectsPerSlab) + index] == Taken;
                }

                yield return new SlabView(_slabs[number].Frame, _layout.OffsetOf(_slabs[number].Colour, 0), taken);
            }
        }
    }

    /// <summary>Every object: active ones are with callers, the others in their slab or a magazine.</summary>
    public IEnumerable<SlabObject> Objects()
    {
        var waiting = new HashSet<SlabSlot>();
        foreach (var magazine in _loaded.Concat(_previous).Concat(_fullDepot))
        {
            waiting.UnionWith(magazine.Rounds.Take(magazine.Count));
        }

        for (var number = 0; number < _slabsEver; number++)
        {
            for (var index = 0; _slabs[number].IsLive && index < ObjectsPerSlab; index++)
            {
                var slot = new SlabSlot(number, index);
                var active = _links[(number * ObjectsPerSlab) + index] == Taken && !waiting.Contains(slot);
                yield return new SlabObject(_slabs[number].Frame, OffsetOf(slot), active);
            }
        }
    }

    private bool TryAllocateFromSlabs(out SlabSlot slot)
    {
        var number = _heads[(int)Fill.Partial];
        if (number == NoSlab)
        {
            number = _heads[(int)Fill.Empty];
            if (number == NoSlab && !TryGrow(out number))
            {
                slot = SlabSlot.None;
                return false;
            }
        }

        ref var slab = ref _slabs[number];
        slot = new SlabSlot(number, slab.FirstFree);
        if (_debug != SlabDebug.None)
        {
            VerifyFreeObject(slot);
            MarkAllocated(slot);
        }

        ref var link = ref _links[(number * ObjectsPerSlab) + slab.FirstFree];
        slab.FirstFree = link;
        link = Taken;
        slab.InUse++;
        MoveTo(number, slab.InUse == ObjectsPerSlab ? Fill.Full : Fill.Partial);
        _takenFromSlabs++;
        return true;
    }

    private void FreeToSlabs(SlabSlot slot)
    {
        ThrowIfForeign(slot);
        ref var slab = ref _slabs[slot.Slab];
        ref var link = ref _links[(slot.Slab * ObjectsPerSlab) + slot.Object];
        if (link != Taken)
        {
            throw new HeapMisuseException(HeapMisuse.DoubleFree, $"{Name}: object {slot.Object} of slab {slot.Slab} is free already.");
        }

        if (_debug != SlabDebug.None)
        {
            VerifyAllocatedObject(slot);
            MarkFree(slot);
        }

        link = slab.FirstFree;
        slab.FirstFree = (ushort)slot.Object;
        slab.InUse--;
        _takenFromSlabs--;
        MoveTo(slot.Slab, slab.InUse == 0 ? Fill.Empty : Fill.Partial);
    }

    private bool TryGrow(out int number)
    {
        number = NoSlab;
        if (!_pages.TryAllocateRun(_layout.Order, out var frame))
        {
            return false;
        }

        number = TakeSlabNumber();
        ref var slab = ref _slabs[number];
        slab = new Slab { Frame = frame, Colour = _nextColour, IsLive = true };
        _nextColour = _nextColour + 1 < Colours ? _nextColour + 1 : 0;
        var links = _links.AsSpan(number * ObjectsPerSlab, ObjectsPerSlab);
        for (var index = 0; index < links.Length; index++)
        {
            links[index] = index + 1 < links.Length ? (ushort)(index + 1) : End;
            var slot = new SlabSlot(number, index);
            _constructor?.Invoke(Bytes(slot));
            if (_debug != SlabDebug.None)
            {
                MarkFree(slot);
            }
        }

        Link(number, Fill.Empty);
        return true;
    }

    private int TakeSlabNumber()
    {
        if (_unusedSlab != NoSlab)
        {
            var reused = _unusedSlab;
            _unusedSlab = _slabs[reused].Next;
            return reused;
        }

        if (_slabsEver == _slabs.Length)
        {
            var capacity = Math.Max(4, _slabs.Length * 2);
            Array.Resize(ref _slabs, capacity);
            Array.Resize(ref _links, checked(capacity * ObjectsPerSlab));
        }

        return _slabsEver++;
    }

    private int ReleaseEmptySlabs()
    {
        var released = 0;
        while (_heads[(int)Fill.Empty] is var number && number != NoSlab)
        {
            for (var index = 0; index < ObjectsPerSlab; index++)
            {
                var slot = new SlabSlot(number, index);
                if (_debug != SlabDebug.None)
                {
                    VerifyFreeObject(slot);
                }

                _destructor?.Invoke(Bytes(slot));
            }

            Unlink(number);
            ref var slab = ref _slabs[number];
            _pages.FreeRun(slab.Frame, _layout.Order);
            slab.IsLive = false;
            slab.Next = _unusedSlab;
            _unusedSlab = number;
            released++;
        }

        return released;
    }

    private void MoveTo(int number, Fill fill)
    {
        if (_slabs[number].Fill != fill)
        {
            Unlink(number);
            Link(number, fill);
        }
    }

    private void Link(int number, Fill fill)
    {
        ref var slab = ref _slabs[number];
        slab.Fill = fill;
        slab.Previous = NoSlab;
        slab.Next = _heads[(int)fill];
        if (slab.Next != NoSlab)
        {
            _slabs[slab.Next].Previous = number;
        }

        _heads[(int)fill] = number;
        _lengths[(int)fill]++;
    }

    private void Unlink(int number)
    {
        ref var slab = ref _slabs[number];
        if (slab.Previous == NoSlab)
        {
            _heads[(int)slab.Fill] = slab.Next;
        }
        else
        {
            _slabs[slab.Previous].Next = slab.Next;
        }

        if (slab.Next != NoSlab)
        {
            _slabs[slab.Next].Previous = slab.Previous;
        }

        _lengths[(int)slab.Fill]--;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Slab
    {
        public uint Frame;
        public int Colour;
        public int InUse;

        // First free object; End when there is none.
        public ushort FirstFree;
        public Fill Fill;
        public bool IsLive;

        // Neighbours in the list of its fill; Next also chains the unused numbers.
        public int Previous;
        public int Next;
    }
}

/// <summary>An object as a walk sees it: its slab's first frame, and its offset from there in bytes.</summary>
public readonly record struct SlabObject(uint Frame, int Offset, bool IsActive);

/// <summary>A slab as drawings see it.</summary>
public readonly record struct SlabView(uint Frame, int FirstObjectOffset, IReadOnlyList<bool> Taken);
