namespace Quire.Allocation;

/// <summary>
/// A cache of objects of one size (Bonwick, "The Slab Allocator", USENIX 1994; magazines after Bonwick and Adams, "Magazines and
/// Vmem", USENIX 2001). A slab is a run of frames cut into objects; slabs are empty, partial or full, and objects are taken from
/// partial ones first. Each CPU keeps two magazines of free objects in front of the slabs, exchanged with a depot when both are spent.
/// </summary>
/// <remarks>
/// Which objects are free is noted outside of the slabs, so a cache works over pages that have no bytes. With any
/// <see cref="SlabDebug"/> the magazines are bypassed. Not thread-safe: calls for different CPUs are serialised by the caller.
/// </remarks>
public sealed partial class SlabCache
{
    private readonly ISlabPages _pages;
    private readonly SlabLayout _layout;
    private readonly SlabObjectAction? _constructor;
    private readonly SlabObjectAction? _destructor;
    private readonly SlabDebug _debug;

    // Two a CPU: the loaded magazine and the previous one, which is always either full or empty.
    private readonly Magazine[] _loaded;
    private readonly Magazine[] _previous;
    private readonly Stack<Magazine> _fullDepot = new();
    private readonly Stack<Magazine> _emptyDepot = new();

    public SlabCache(ISlabPages pages, SlabCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Cpus, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MagazineSize, nameof(options));
        _pages = pages;
        _layout = new SlabLayout(options);
        _constructor = options.Constructor;
        _destructor = options.Destructor;
        _debug = options.Constructor is null ? options.Debug : options.Debug & ~SlabDebug.Poison;
        Name = options.Name;
        var rounds = _debug == SlabDebug.None ? options.MagazineSize : 0;
        _loaded = new Magazine[options.Cpus];
        _previous = new Magazine[options.Cpus];
        for (var cpu = 0; cpu < options.Cpus; cpu++)
        {
            _loaded[cpu] = new Magazine(rounds);
            _previous[cpu] = new Magazine(rounds);
        }
    }

    public string Name { get; }

    public int ObjectSize => _layout.Size;
    public int ObjectsPerSlab => _layout.ObjectsPerSlab;
    public int PagesPerSlab => 1 << _layout.Order;

    /// <summary>Different offsets of a slab's first object.</summary>
    public int Colours => _layout.Colours;

    /// <summary>Objects that callers hold; those in magazines are not among them. Counted when asked for, so that the fast path has no counter.</summary>
    public long ActiveObjects
    {
        get
        {
            long waiting = 0;
            for (var cpu = 0; cpu < _loaded.Length; cpu++)
            {
                waiting += _loaded[cpu].Count + _previous[cpu].Count;
            }

            return _takenFromSlabs - waiting - (_fullDepot.Count * (long)_loaded[0].Rounds.Length);
        }
    }

    public long TotalObjects => (long)TotalSlabs * ObjectsPerSlab;

    public SlabStatistics Statistics =>
        new(Name, ActiveObjects, TotalObjects, _layout.Stride, ObjectsPerSlab, PagesPerSlab, TotalSlabs - EmptySlabs, TotalSlabs);

    /// <summary>Takes an object. False when the pages have run out.</summary>
    public bool TryAllocate(out SlabSlot slot) => TryAllocate(0, out slot);

    public bool TryAllocate(int cpu, out SlabSlot slot)
    {
        var magazine = _loaded[cpu];
        if (magazine.Count == 0)
        {
            if (!TryReload(cpu))
            {
                return TryAllocateFromSlabs(out slot);
            }

            magazine = _loaded[cpu];
        }

        slot = magazine.Rounds[--magazine.Count];
        return true;
    }

    public void Free(SlabSlot slot) => Free(0, slot);

    /// <exception cref="HeapMisuseException">The slot is not an allocated one. Without <see cref="SlabDebug.Consistency"/> that shows when the object leaves its magazine, if at all.</exception>
    public void Free(int cpu, SlabSlot slot)
    {
        var magazine = _loaded[cpu];
        if ((uint)magazine.Count >= (uint)magazine.Rounds.Length)
        {
            if (!TryUnload(cpu))
            {
                FreeToSlabs(slot);
                return;
            }

            magazine = _loaded[cpu];
        }

        magazine.Rounds[magazine.Count++] = slot;
    }

    /// <summary>The object's bytes; empty when the pages have none.</summary>
    public Span<byte> Bytes(SlabSlot slot)
    {
        ref var slab = ref _slabs[slot.Slab];
        var memory = _pages.Memory(slab.Frame, _layout.Order);
        return memory.IsEmpty ? memory : memory.Slice(_layout.OffsetOf(slab.Colour, slot.Object), _layout.Size);
    }

    /// <summary>Bytes from the start of the slab to the object.</summary>
    public int OffsetOf(SlabSlot slot) => _layout.OffsetOf(_slabs[slot.Slab].Colour, slot.Object);

    /// <summary>The object of a slab that starts at an offset; false when none does.</summary>
    public bool TrySlotAt(int slab, int offset, out SlabSlot slot)
    {
        slot = SlabSlot.None;
        if ((uint)slab >= (uint)_slabsEver || !_slabs[slab].IsLive)
        {
            return false;
        }

        var place = offset - _layout.OffsetOf(_slabs[slab].Colour, 0);
        var index = place / _layout.Stride;
        if (place < 0 || index >= ObjectsPerSlab || index * _layout.Stride != place)
        {
            return false;
        }

        slot = new SlabSlot(slab, index);
        return true;
    }

    /// <summary>First frame of the slab that holds the object.</summary>
    public uint FrameOf(SlabSlot slot) => _slabs[slot.Slab].Frame;

    /// <summary>The shrinker: empties all magazines and gives every empty slab back. Returns the frames freed.</summary>
    public int Shrink()
    {
        for (var cpu = 0; cpu < _loaded.Length; cpu++)
        {
            DrainCpu(cpu);
        }

        while (_fullDepot.TryPop(out var magazine))
        {
            Drain(magazine);
        }

        _emptyDepot.Clear();
        return ReleaseEmptySlabs() * PagesPerSlab;
    }

    /// <summary>Returns a CPU's free objects to their slabs, for a CPU that goes offline.</summary>
    public void DrainCpu(int cpu)
    {
        Drain(_loaded[cpu]);
        Drain(_previous[cpu]);
    }

    private void Drain(Magazine magazine)
    {
        while (magazine.Count > 0)
        {
            FreeToSlabs(magazine.Rounds[--magazine.Count]);
        }
    }

    private bool TryReload(int cpu)
    {
        if (_previous[cpu].Count > 0)
        {
            (_loaded[cpu], _previous[cpu]) = (_previous[cpu], _loaded[cpu]);
            return true;
        }

        if (!_fullDepot.TryPop(out var full))
        {
            return false;
        }

        _emptyDepot.Push(_previous[cpu]);
        _previous[cpu] = _loaded[cpu];
        _loaded[cpu] = full;
        return true;
    }

    private bool TryUnload(int cpu)
    {
        var rounds = _loaded[cpu].Rounds.Length;
        if (rounds == 0)
        {
            return false;
        }

        if (_previous[cpu].Count == 0)
        {
            (_loaded[cpu], _previous[cpu]) = (_previous[cpu], _loaded[cpu]);
            return true;
        }

        var empty = _emptyDepot.TryPop(out var spare) ? spare : new Magazine(rounds);
        _fullDepot.Push(_previous[cpu]);
        _previous[cpu] = _loaded[cpu];
        _loaded[cpu] = empty;
        return true;
    }

    private sealed class Magazine(int size)
    {
        public readonly SlabSlot[] Rounds = new SlabSlot[size];
        public int Count;
    }
}
