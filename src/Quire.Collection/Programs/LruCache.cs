namespace Quire.Collection;

/// <summary>A cache of fixed size: a hash table and a doubly linked list, so that every entry is part of cycles. Misses insert and evict.</summary>
internal sealed class LruCache : IMutatorProgram
{
    private const int Before = 0;
    private const int After = 1;
    private const int Chain = 2;
    private const int Value = 3;
    private const int Key = 4;

    private const int Table = 0;
    private const int List = 1;
    private const int Fresh = 2;

    private readonly int _capacity;
    private readonly int _steps;
    private readonly int _keys;
    private readonly int _bytes;
    private SeededRandom _random;
    private ObjectType _entry;
    private ObjectType _value;

    private LruCache(ParameterValues parameters)
    {
        _capacity = (int)parameters.Integer("capacity", 20_000, 1, 100_000_000);
        _steps = (int)parameters.Integer("steps", 500_000, 0, 2_000_000_000);
        _keys = (int)parameters.Integer("keys", 4L * _capacity, 1, 1 << 30);
        _bytes = (int)parameters.Integer("bytes", 64, 0, 1 << 20);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "lru-cache",
        "a doubly linked cache with a hash table: cycles, old entries moved to the front",
        [
            new("capacity", "20000", "entries"), new("steps", "500000", "look-ups"), new("keys", "4 times the capacity", "different keys, the lower ones more often"),
            new("bytes", "64", "of each value"), new("seed", "1", "of the keys"),
        ],
        parameters => new LruCache(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        _entry = types.Define("entry", references: 4, dataWords: 1);
        _value = types.DefineDataArray("bytes", 1);
        using var frame = heap.Push(3);
        frame[Table] = heap.AllocateArray(types.DefineReferenceArray("buckets"), _capacity);
        var list = heap.Allocate(_entry);
        frame[List] = list;
        heap.Write(list, Before, list);
        heap.Write(list, After, list);

        var sum = Checksum.Start;
        var entries = 0;
        for (var i = 0; i < _steps; i++)
        {
            var key = _random.Next(1 + _random.Next(_keys));
            var found = Find(heap, frame, key);
            if (found.IsNull)
            {
                if (entries == _capacity)
                {
                    sum = Checksum.Add(sum, Evict(heap, frame));
                    entries--;
                }

                Insert(heap, frame, key);
                entries++;
            }
            else
            {
                Unlink(heap, found);
                LinkFirst(heap, frame[List], found);
            }
        }

        for (var entry = heap.Read(frame[List], After); entry != frame[List]; entry = heap.Read(entry, After))
        {
            sum = Checksum.Add(sum, heap.ReadNumber(entry, Key));
        }

        return sum;
    }

    private static Reference Find<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame, int key)
        where TPaths : struct, IPaths
    {
        var table = frame[Table];
        var entry = heap.ReadElement(table, key % heap.Length(table));
        while (!entry.IsNull && heap.ReadNumber(entry, Key) != key)
        {
            entry = heap.Read(entry, Chain);
        }

        return entry;
    }

    private void Insert<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame, int key)
        where TPaths : struct, IPaths
    {
        frame[Fresh] = heap.AllocateArray(_value, _bytes);
        var entry = heap.Allocate(_entry);
        heap.WriteNumber(entry, Key, key);
        heap.Write(entry, Value, frame[Fresh]);
        frame[Fresh] = Reference.Null;
        var table = frame[Table];
        var bucket = key % heap.Length(table);
        heap.Write(entry, Chain, heap.ReadElement(table, bucket));
        heap.WriteElement(table, bucket, entry);
        LinkFirst(heap, frame[List], entry);
    }

    private static long Evict<TPaths>(Mutator<TPaths> heap, Frame<TPaths> frame)
        where TPaths : struct, IPaths
    {
        var entry = heap.Read(frame[List], Before);
        var key = (int)heap.ReadNumber(entry, Key);
        Unlink(heap, entry);
        var table = frame[Table];
        var bucket = key % heap.Length(table);
        var chained = heap.ReadElement(table, bucket);
        if (chained == entry)
        {
            heap.WriteElement(table, bucket, heap.Read(entry, Chain));
        }
        else
        {
            while (heap.Read(chained, Chain) != entry)
            {
                chained = heap.Read(chained, Chain);
            }

            heap.Write(chained, Chain, heap.Read(entry, Chain));
        }

        heap.Free(heap.Read(entry, Value));
        heap.Free(entry);
        return key;
    }

    private static void Unlink<TPaths>(Mutator<TPaths> heap, Reference entry)
        where TPaths : struct, IPaths
    {
        var before = heap.Read(entry, Before);
        var after = heap.Read(entry, After);
        heap.Write(before, After, after);
        heap.Write(after, Before, before);
    }

    private static void LinkFirst<TPaths>(Mutator<TPaths> heap, Reference list, Reference entry)
        where TPaths : struct, IPaths
    {
        var first = heap.Read(list, After);
        heap.Write(entry, Before, list);
        heap.Write(entry, After, first);
        heap.Write(list, After, entry);
        heap.Write(first, Before, entry);
    }
}
