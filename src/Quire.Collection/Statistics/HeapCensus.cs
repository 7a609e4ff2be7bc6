using System.Numerics;
using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>The heap after a pause.</summary>
/// <param name="Time">Bytes allocated before it.</param>
/// <param name="Objects">Bytes of objects that the plan has.</param>
/// <param name="Reachable">Bytes of those that can be reached: the rest floats.</param>
/// <param name="Pages">Pages of 4 KiB with an object in them.</param>
/// <param name="Fill">Share of each cell of the map, by address, that objects take.</param>
/// <param name="Age">Mean age of a cell's objects: logarithm to 2 of the bytes allocated since their birth; 0 where there are none.</param>
public sealed record HeapSample(long Time, CollectionKind Kind, long Objects, long Reachable, long Pages, IReadOnlyList<double> Fill, IReadOnlyList<double> Age);

/// <summary>What became of a run's objects.</summary>
public sealed record CensusResult
{
    /// <summary>Bytes of objects that died at an age of less than 2^i bytes allocated since their birth, and at least half of that.</summary>
    public required IReadOnlyList<long> DeadBytesByAge { get; init; }

    /// <summary>Objects that died having survived so many collections.</summary>
    public required IReadOnlyList<long> DeadByCollections { get; init; }

    /// <summary>The most bytes that were kept by a collection although nothing reached them.</summary>
    public required long MostFloating { get; init; }

    /// <summary>Share of pages with objects that no object takes, at its worst after a full collection.</summary>
    public required double Fragmentation { get; init; }

    public required IReadOnlyList<HeapSample> Samples { get; init; }
}

/// <summary>
/// Counts objects by their age at death, and looks at the heap after collections: what floats, how far objects lie apart, where the old ones are. An object's age is the bytes allocated since its birth.
/// </summary>
/// <remarks>A run with it takes several times as long: it is for counting, not for timing. Objects of a plan whose memory is elsewhere (malloc) are not seen.</remarks>
public sealed unsafe class HeapCensus : HeapObserver, IDisposable
{
    public const int MapCells = 64;

    private const int MostSamples = 64;
    private const int CellShift = 4;
    private const int ChunkShift = 16;
    private const int LongestAge = 48;
    private const int MostCollections = 32;

    private readonly long[] _deadBytes = new long[LongestAge];
    private readonly long[] _deadByCollections = new long[MostCollections];
    private readonly List<HeapSample> _samples = [];
    private readonly Stack<nint> _grey = new();
    private readonly Lock _lock = new();
    private Plan _plan = null!;
    private Entry* _entries;
    private bool[] _chunks = [];
    private long _allocated;
    private uint _collections;
    private uint _look;
    private long _pauses;
    private long _stride = 1;
    private long _mostFloating;
    private double _fragmentation;

    ~HeapCensus() => Dispose();

    public override void Attached(Plan plan)
    {
        _plan = plan;
        var bytes = plan.Memory.End - plan.Memory.Base;
        _entries = (Entry*)NativeMemory.AllocZeroed((nuint)(bytes >> CellShift) + 1, (nuint)sizeof(Entry));
        _chunks = new bool[(bytes >> ChunkShift) + 1];
    }

    public CensusResult Result => new()
    {
        DeadBytesByAge = [.. _deadBytes.Take(Array.FindLastIndex(_deadBytes, bytes => bytes > 0) + 1)],
        DeadByCollections = [.. _deadByCollections.Take(Array.FindLastIndex(_deadByCollections, count => count > 0) + 1)],
        MostFloating = _mostFloating,
        Fragmentation = _fragmentation,
        Samples = _samples,
    };

    public void Dispose()
    {
        NativeMemory.Free(_entries);
        _entries = null;
        GC.SuppressFinalize(this);
    }

    public override void Allocated(nint target, nint size)
    {
        lock (_lock)
        {
            _allocated += size;
            if (Contains(target))
            {
                Remove(target, target + size);
                *EntryOf(target) = new Entry { Birth = (ulong)_allocated, Words = (uint)(size >> 3), Collections = _collections };
                _chunks[(target - _plan.Memory.Base) >> ChunkShift] = true;
            }
        }
    }

    public override void Copied(nint from, nint to, nint size)
    {
        lock (_lock)
        {
            var moved = *EntryOf(from);
            *EntryOf(from) = default;

            // What lies there is dead, and slid over.
            Remove(to, to + size);
            *EntryOf(to) = moved;
            _chunks[(to - _plan.Memory.Base) >> ChunkShift] = true;
        }
    }

    public override void Promoted(nint from, nint to, nint size) => Copied(from, to, size);

    public override void Freed(nint start, nint bytes)
    {
        lock (_lock)
        {
            if (Contains(start))
            {
                Remove(start, start + bytes);
            }
        }
    }

    public override void PauseEnded(in Pause pause)
    {
        lock (_lock)
        {
            if (pause.Kind is CollectionKind.Increment or CollectionKind.Start)
            {
                return;
            }

            var isFull = pause.Kind is CollectionKind.Full or CollectionKind.Finish;
            if ((isFull || _plan is not GenerationalPlan) && !_plan.Descriptor.Has(PlanFeatures.Manual) && _plan is not CountingPlan)
            {
                RemoveWhatIsGone();
            }

            _collections++;
            if (_pauses++ % _stride == 0)
            {
                Sample(pause.Kind);
            }
        }
    }

    private bool Contains(nint target) => target >= _plan.Memory.Base && target < _plan.Memory.End;

    private Entry* EntryOf(nint target) => _entries + ((target - _plan.Memory.Base) >> CellShift);

    // Objects that begin in a range die.
    private void Remove(nint start, nint end)
    {
        for (var chunk = (start - _plan.Memory.Base) >> ChunkShift; chunk <= (end - 1 - _plan.Memory.Base) >> ChunkShift; chunk++)
        {
            if (!_chunks[chunk])
            {
                continue;
            }

            var first = Math.Max(start, _plan.Memory.Base + (chunk << ChunkShift));
            var last = Math.Min(end, _plan.Memory.Base + ((chunk + 1) << ChunkShift));
            var stop = EntryOf(last - 1);
            for (var entry = EntryOf(first); entry <= stop; entry++)
            {
                if (entry->Birth != 0)
                {
                    Die(entry);
                }
            }
        }
    }

    private void Die(Entry* entry)
    {
        var age = (ulong)_allocated - entry->Birth;
        _deadBytes[Math.Min(LongestAge - 1, 64 - BitOperations.LeadingZeroCount(age))] += entry->Words * 8L;
        _deadByCollections[Math.Min(MostCollections - 1, _collections - entry->Collections)]++;
        *entry = default;
    }

    private void RemoveWhatIsGone()
    {
        var look = ++_look;
        _plan.ForEachObject(target => EntryOf(target)->Look = look);
        ForEachEntry((entry, _) =>
        {
            if (entry->Look != look)
            {
                Die(entry);
            }
        });
    }

    private void Sample(CollectionKind kind)
    {
        var reachable = Reachable();
        var (objects, pages, lastPage, highest) = (0L, 0L, -1L, (nint)0);
        ForEachEntry((entry, address) =>
        {
            objects += entry->Words * 8L;
            highest = address;
            for (var page = Math.Max(lastPage + 1, address >> 12); page <= (address + ((nint)entry->Words * 8) - 1) >> 12; page++)
            {
                pages++;
                lastPage = page;
            }
        });
        _mostFloating = Math.Max(_mostFloating, objects - reachable);
        if (kind == CollectionKind.Full && pages > 0)
        {
            _fragmentation = Math.Max(_fragmentation, 1 - (objects / (pages * 4096.0)));
        }

        var (fill, age) = Map(highest);
        _samples.Add(new HeapSample(_allocated, kind, objects, reachable, pages, fill, age));
        if (_samples.Count > MostSamples)
        {
            // Every other one goes, and from here on every other pause is looked at.
            _stride *= 2;
            for (var i = _samples.Count - 1; i > 0; i -= 2)
            {
                _samples.RemoveAt(i - 1);
            }
        }
    }

    private (double[] Fill, double[] Age) Map(nint highest)
    {
        var (bytes, ages) = (new double[MapCells], new double[MapCells]);
        var inUse = _chunks.Index().Where(chunk => chunk.Item).Select(chunk => chunk.Index).ToList();
        if (inUse.Count == 0 || highest == 0)
        {
            return (bytes, ages);
        }

        // Chunks that ever held an object, one behind the other: gaps of addresses that the heap never used are no part of the map.
        var place = inUse.Index().ToDictionary(chunk => (nint)chunk.Item, chunk => chunk.Index);
        var cell = inUse.Count * (double)(1 << ChunkShift) / MapCells;
        ForEachEntry((entry, address) =>
        {
            var offset = address - _plan.Memory.Base;
            var index = (int)(((place[offset >> ChunkShift] << ChunkShift) + (offset & ((1 << ChunkShift) - 1))) / cell);
            bytes[index] += entry->Words * 8;
            ages[index] += entry->Words * 8 * Math.Log2(1 + ((double)(ulong)_allocated - entry->Birth));
        });
        return ([.. bytes.Select(some => Math.Min(1, some / cell))], [.. ages.Zip(bytes, (sum, some) => some == 0 ? 0 : sum / some)]);
    }

    private long Reachable()
    {
        var look = ++_look;
        var visitor = new Visitor(this, look);
        _plan.VisitRoots(ref visitor);
        while (_grey.TryPop(out var target))
        {
            ObjectScan.Scan(target, TypeTable.DescriptorOf(_plan.Types.Table, *(ulong*)target), ref visitor);
        }

        return visitor.Bytes;
    }

    private delegate void EntryVisitor(Entry* entry, nint address);

    private void ForEachEntry(EntryVisitor visit)
    {
        for (var chunk = 0; chunk < _chunks.Length; chunk++)
        {
            if (!_chunks[chunk])
            {
                continue;
            }

            var address = _plan.Memory.Base + ((nint)chunk << ChunkShift);
            var entry = EntryOf(address);
            for (var i = 0; i < 1 << (ChunkShift - CellShift); i++, entry++, address += 1 << CellShift)
            {
                if (entry->Birth != 0)
                {
                    visit(entry, address);
                }
            }
        }
    }

    /// <summary>An object that begins in 16 bytes of the heap: no two do, as objects have at least so many. Birth 0 for none.</summary>
    private struct Entry
    {
        public ulong Birth;
        public uint Words;
        public uint Collections;
        public uint Look;
    }

    private struct Visitor(HeapCensus census, uint look) : ISlotVisitor
    {
        public long Bytes { get; private set; }

        public void Visit(nint* slot)
        {
            var target = census._plan.PlaceOf(*slot);
            if (target == 0 || !census.Contains(target))
            {
                return;
            }

            var entry = census.EntryOf(target);
            if (entry->Look != look && entry->Birth != 0)
            {
                entry->Look = look;
                Bytes += entry->Words * 8L;
                census._grey.Push(target);
            }
        }
    }
}
