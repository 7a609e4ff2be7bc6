namespace Quire.Allocation.Tests;

/// <summary>What a heap promises beyond keeping blocks apart.</summary>
[Flags]
internal enum Promises
{
    None = 0,

    /// <summary>The walk shows exactly the live blocks as allocated.</summary>
    ExactWalk = 1,

    /// <summary>No two free blocks lie side by side.</summary>
    FullCoalescing = 2,
}

/// <summary>
/// The truth beside a heap: a sorted set of the intervals that are out. Runs random calls and fails (by xunit's assertions) on an overlap, a
/// broken alignment, changed contents, a walk that does not add up, or free neighbours.
/// </summary>
internal sealed unsafe class HeapModel(IAllocator heap, Promises promises, int seed)
{
    private readonly SortedList<nint, Block> _blocks = [];
    private readonly List<nint> _order = [];
    private readonly Random _random = new(seed);

    /// <summary>Largest request in bytes; most are far smaller.</summary>
    public int LargestSize { get; init; } = 5000;

    public int MostLive { get; init; } = 400;

    public int Failures { get; private set; }

    public int Reallocations { get; private set; }

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var choice = _random.Next(100);
            var share = step / 1000 % 2 == 0 ? 55 : 40;
            if (choice < share && _order.Count < MostLive)
            {
                Allocate();
            }
            else if (choice < share + 10 && _order.Count > 0)
            {
                Reallocate();
            }
            else if (_order.Count > 0)
            {
                Free(_random.Next(_order.Count));
            }

            if (step % 1009 == 0)
            {
                CheckWalk();
            }
        }

        CheckWalk();
        while (_order.Count > 0)
        {
            Free(_order.Count - 1);
        }

        CheckWalk();
    }

    private void Allocate()
    {
        var size = NextSize();
        var alignment = _random.Next(8) == 0 ? (nint)1 << _random.Next(0, 9) : 16;
        var block = (nint)heap.Allocate(size, alignment);
        if (block == 0)
        {
            Failures++;
            return;
        }

        Assert.Equal(0, block & (alignment - 1));
        Add(block, size);
    }

    private void Reallocate()
    {
        var index = _random.Next(_order.Count);
        var old = _order[index];
        var known = _blocks[old];
        CheckContents(old, known.Size, known.Tag);
        var size = NextSize();
        var block = (nint)heap.Reallocate((void*)old, size);
        if (block == 0)
        {
            Failures++;
            CheckContents(old, known.Size, known.Tag);
            return;
        }

        Reallocations++;
        Remove(index);
        CheckContents(block, Math.Min(size, known.Size), known.Tag);
        Add(block, size);
    }

    private void Free(int index)
    {
        var block = _order[index];
        CheckContents(block, _blocks[block].Size, _blocks[block].Tag);
        Remove(index);
        heap.Free((void*)block);
    }

    private void Add(nint block, int size)
    {
        Assert.True(heap.UsableSize((void*)block) >= size, "The usable size is smaller than what was asked for.");
        var tag = (byte)_random.Next(1, 256);
        var length = Math.Max(size, 1);
        Assert.True(_blocks.TryAdd(block, new Block(size, tag)), "A live block was handed out again.");
        var place = _blocks.IndexOfKey(block);
        Assert.True(place == 0 || _blocks.GetKeyAtIndex(place - 1) + Math.Max(1, _blocks.GetValueAtIndex(place - 1).Size) <= block, "The block overlaps the one before.");
        Assert.True(place == _blocks.Count - 1 || block + length <= _blocks.GetKeyAtIndex(place + 1), "The block overlaps the one after.");
        _order.Add(block);
        new Span<byte>((void*)block, size).Fill(tag);
    }

    private void Remove(int index)
    {
        _blocks.Remove(_order[index]);
        _order[index] = _order[^1];
        _order.RemoveAt(_order.Count - 1);
    }

    private static void CheckContents(nint block, int size, byte tag) =>
        Assert.False(new ReadOnlySpan<byte>((void*)block, size).ContainsAnyExcept(tag), "The contents of a block changed.");

    private void CheckWalk()
    {
        var walk = heap.Walk();
        nint end = 0;
        var free = false;
        foreach (var block in walk)
        {
            Assert.True(block.Offset >= end, "The walk has overlapping blocks.");
            if (promises.HasFlag(Promises.FullCoalescing) && free && block.State == BlockState.Free)
            {
                Assert.NotEqual(end, block.Offset);
            }

            end = block.Offset + block.Length;
            free = block.State == BlockState.Free;
        }

        if (!promises.HasFlag(Promises.ExactWalk))
        {
            return;
        }

        var allocated = walk.Where(block => block.State == BlockState.Allocated).ToList();
        Assert.Equal(_blocks.Count, allocated.Count);
        var statistics = heap.Statistics;
        Assert.Equal(allocated.Sum(block => (long)block.Length), statistics.AllocatedBytes);
        Assert.Equal(walk.Where(block => block.State == BlockState.Free).Sum(block => (long)block.Length), statistics.FreeBytes);
        Assert.True(statistics.AllocatedBytes >= _blocks.Values.Sum(block => (long)block.Size), "Less is allocated than was asked for.");
        Assert.InRange(statistics.AllocatedBytes + statistics.FreeBytes, statistics.Capacity - 8, statistics.Capacity);
    }

    private int NextSize() => _random.Next(4) switch
    {
        0 => _random.Next(0, 40),
        1 => _random.Next(0, LargestSize),
        _ => _random.Next(1, Math.Max(2, LargestSize / 10)),
    };

    private readonly record struct Block(int Size, byte Tag);
}
