namespace Quire.Allocation.Tests;

public class BuddyAllocatorTests
{
    // Knuth, TAOCP vol. 1, exercise 2.5-23: buddies of the block at 011011110000 of size 4 and of size 16.
    [Fact]
    public void BuddiesOfKnuthsExercise()
    {
        Assert.Equal(0b011011110100u, BuddyAllocator.BuddyOf(0b011011110000, 2));
        Assert.Equal(0b011011100000u, BuddyAllocator.BuddyOf(0b011011110000, 4));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(7u)]
    [InlineData(1000u)]
    [InlineData(4096u)]
    [InlineData(300_001u)]
    public void EveryUnitOfAnyCountCanBeTakenOnceAndComesBack(uint count)
    {
        var buddy = new BuddyAllocator(count);
        var taken = new HashSet<uint>();
        while (buddy.TryAllocate(0, out var unit))
        {
            Assert.True(taken.Add(unit) && unit < count);
        }

        Assert.Equal(count, (uint)taken.Count);
        Assert.Equal(0u, buddy.FreeUnits);
        foreach (var unit in taken)
        {
            buddy.Free(unit, 0);
        }

        Assert.Equal(count, buddy.FreeUnits);
        Assert.Equal(Enumerable.Range(0, 11).Select(k => new BuddyAllocator(count).FreeBlocks(k)), Enumerable.Range(0, 11).Select(buddy.FreeBlocks));
    }

    [Fact]
    public void ACountThatIsNoPowerOfTwoStartsAsItsBinaryDigits()
    {
        var buddy = new BuddyAllocator(0b1011, maxOrder: 10);
        Assert.Equal([new BuddyBlock(0, 3), new BuddyBlock(8, 1), new BuddyBlock(10, 0)], buddy.FreeBlocksByAddress());
    }

    [Fact]
    public void SplittingLeavesOneHalfOfEachOrderFree()
    {
        var buddy = new BuddyAllocator(1024);
        Assert.True(buddy.TryAllocate(3, out var index));
        Assert.Equal(0u, index);
        Assert.Equal(7, buddy.SplitCount);
        Assert.All(Enumerable.Range(3, 7), order => Assert.Equal(1u, buddy.FreeBlocks(order)));
        buddy.Free(index, 3);
        Assert.Equal(7, buddy.MergeCount);
        Assert.Equal(10, buddy.LargestFreeOrder);
    }

    [Fact]
    public void OrdersAboveTheHighestFailAndNegativeOnesAreRefused()
    {
        var buddy = new BuddyAllocator(4096, maxOrder: 4);
        Assert.False(buddy.TryAllocate(5, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => buddy.TryAllocate(-1, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => buddy.Free(1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buddy.Free(4096, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BuddyAllocator(1, 32));
    }

    [Fact]
    public void ReservingARangeTakesExactlyThoseUnits()
    {
        var buddy = new BuddyAllocator(1000);
        Assert.True(buddy.TryReserve(3, 600));
        Assert.Equal(400u, buddy.FreeUnits);
        Assert.All(Enumerable.Range(0, 1000), unit => Assert.Equal(unit is < 3 or >= 603, buddy.IsFree((uint)unit)));
        Assert.False(buddy.TryReserve(602, 2));
        Assert.False(buddy.TryReserve(999, 2));
        Assert.Equal(400u, buddy.FreeUnits);
        buddy.FreeRange(3, 600);
        Assert.Equal(new BuddyAllocator(1000).FreeBlocksByAddress(), buddy.FreeBlocksByAddress());
    }

    [Fact]
    public void ABlockCanBeTakenByItsAddressAlone()
    {
        var buddy = new BuddyAllocator(64);
        Assert.True(buddy.TryAllocateAt(24, 2));
        Assert.False(buddy.TryAllocateAt(24, 2));
        Assert.False(buddy.TryAllocateAt(16, 4));
        Assert.True(buddy.TryAllocateAt(28, 2));
        Assert.Equal(56u, buddy.FreeUnits);
    }

    [Fact]
    public void PartsOfABlockMayBeFreedOneByOne()
    {
        var buddy = new BuddyAllocator(16, safety: SafetyLevel.Checked);
        Assert.True(buddy.TryAllocate(4, out _));
        for (uint unit = 0; unit < 16; unit++)
        {
            buddy.Free(unit, 0);
        }

        Assert.Equal(4, buddy.LargestFreeOrder);
    }

    [Fact]
    public void CheckedFreeFindsDoubleFreesAtAnyOrder()
    {
        var buddy = new BuddyAllocator(64, safety: SafetyLevel.Checked);
        Assert.True(buddy.TryAllocate(2, out var index));
        buddy.Free(index, 2);
        Assert.Equal(HeapMisuse.DoubleFree, Assert.Throws<HeapMisuseException>(() => buddy.Free(index, 2)).Kind);
        Assert.Equal(HeapMisuse.DoubleFree, Assert.Throws<HeapMisuseException>(() => buddy.Free(index, 0)).Kind);
        Assert.True(buddy.TryAllocateAt(0, 0));
        Assert.Equal(HeapMisuse.SizeMismatch, Assert.Throws<HeapMisuseException>(() => buddy.Free(0, 2)).Kind);
        Assert.Equal(63u, buddy.FreeUnits);
    }

    // Linux mm/vmstat.c: 1000 - (1000 + free * 1000 / requested) / blocks.
    [Fact]
    public void FragmentationIndexIsLinuxs()
    {
        var buddy = new BuddyAllocator(16);
        Assert.True(buddy.TryReserve(0, 16));
        Assert.Equal(0, buddy.FragmentationIndex(1));
        Assert.Equal(1000, buddy.UnusableFreeIndex(0));
        for (uint unit = 0; unit < 16; unit += 2)
        {
            buddy.Free(unit, 0);
        }

        Assert.Equal(-1000, buddy.FragmentationIndex(0));
        Assert.Equal(1000 - ((1000 + 4000) / 8), buddy.FragmentationIndex(1));
        Assert.Equal(1000 - ((1000 + 1000) / 8), buddy.FragmentationIndex(3));
        Assert.Equal(1000, buddy.UnusableFreeIndex(1));
        Assert.Equal(0, buddy.UnusableFreeIndex(0));
    }

    [Theory]
    [InlineData(1, 1024u, 10)]
    [InlineData(2, 777u, 5)]
    [InlineData(3, 65_537u, 16)]
    [InlineData(4, 100_000u, 0)]
    public void RandomCallsAgreeWithAMapOfUnits(int seed, uint count, int maxOrder)
    {
        var buddy = new BuddyAllocator(count, maxOrder, SafetyLevel.Checked);
        var map = new bool[count];
        var live = new List<BuddyBlock>();
        var random = new Random(seed);
        for (var step = 0; step < Lengths.Of(20_000, 200_000); step++)
        {
            var order = Math.Min(maxOrder, int.TrailingZeroCount(random.Next() | (1 << 20)));
            if (random.Next(100) < 52 && buddy.TryAllocate(order, out var index))
            {
                var units = map.AsSpan((int)index, 1 << order);
                Assert.False(units.Contains(true));
                Assert.Equal(0u, index & ((1u << order) - 1));
                units.Fill(true);
                live.Add(new BuddyBlock(index, order));
            }
            else if (live.Count > 0)
            {
                var victim = random.Next(live.Count);
                var block = live[victim];
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
                buddy.Free(block.Index, block.Order);
                map.AsSpan((int)block.Index, 1 << block.Order).Clear();
            }

            if (step % 5000 == 0)
            {
                AssertFreeBlocksAre(map, buddy);
            }
        }

        live.ForEach(block => buddy.Free(block.Index, block.Order));
        Assert.Equal(new BuddyAllocator(count, maxOrder).FreeBlocksByAddress(), buddy.FreeBlocksByAddress());
    }

    // Full coalescing: no two free buddies, and the free blocks cover exactly the free units.
    private static void AssertFreeBlocksAre(bool[] map, BuddyAllocator buddy)
    {
        var blocks = buddy.FreeBlocksByAddress().ToHashSet();
        Assert.Equal((uint)map.Count(taken => !taken), buddy.FreeUnits);
        Assert.Equal(buddy.FreeUnits, (uint)blocks.Sum(block => block.Length));
        foreach (var block in blocks)
        {
            Assert.False(map.AsSpan((int)block.Index, (int)block.Length).Contains(true));
            Assert.False(block.Order < buddy.MaxOrder && blocks.Contains(new BuddyBlock(BuddyAllocator.BuddyOf(block.Index, block.Order), block.Order)));
        }

        for (var order = 0; order <= buddy.MaxOrder; order++)
        {
            Assert.Equal((uint)blocks.Count(block => block.Order == order), buddy.FreeBlocks(order));
        }
    }
}
