namespace Quire.Collection.Tests;

/// <summary>
/// What the books work out by hand. JHM: R. Jones, A. Hosking and E. Moss, The Garbage Collection Handbook (2012); Wilson: P. R. Wilson, Uniprocessor Garbage Collection Techniques, IWMM 1992.
/// </summary>
public class TextbookTests
{
    private const int ObjectBytes = 32;

    [Fact]
    public void CheneyCopiesBreadthFirst() => Workbench.On("semispace", heap =>
    {
        // Wilson, section 2.4; JHM, section 4.1: the roots' objects first, then what they refer to, field by field, in the order of the copies.
        MakeTwoRootsAndFourBelow(heap);
        heap.Collect();
        Assert.Equal("abcdef", Names(heap));
        Assert.Equal(OneBehindTheOther(heap), heap.Objects().Select(entry => entry.Address));
    });

    [Fact]
    public void SlidingKeepsTheOrderOfAllocationAndPlacesEachBehindTheLiveBytesBeforeIt() => Workbench.On("mark-compact", heap =>
    {
        // JHM, section 3.2: computeLocations gives each live object the sum of the sizes of those before it.
        MakeTwoRootsAndFourBelow(heap);
        var start = heap.Objects()[0].Address;
        heap.Collect();
        Assert.Equal("fedcba", Names(heap));
        Assert.Equal(OneBehindTheOther(heap), heap.Objects().Select(entry => entry.Address));
        Assert.Equal(start, heap.Objects()[0].Address);
    });

    [Fact]
    public void SweepingLeavesTheLivingWhereTheyWere() => Workbench.On("mark-sweep", heap =>
    {
        // JHM, section 2.
        MakeTwoRootsAndFourBelow(heap);
        var before = heap.Objects();
        heap.Collect();
        Assert.Equal("fedcba", Names(heap));
        Assert.Equal(before.Where(entry => entry.Number != 'g'), heap.Objects());
    });

    [Fact]
    public void AZeroCountIsADeathSentenceOnlyWhenNoFrameHoldsTheObject() => Workbench.On("deferred-counting", heap =>
    {
        // Deutsch and Bobrow, CACM 1976; JHM, section 5.3: only references from fields are counted.
        var zeros = ((CountingPlan)heap.Plan).Zeros;
        heap.New(0);
        heap.Collect();
        Assert.Equal(1, zeros.Count);
        heap.New(1);
        Assert.Equal(2, zeros.Count);
        heap.Write(0, 0, 1);
        heap.Clear(1);
        heap.Collect();
        Assert.Equal((1, 2), (zeros.Count, heap.Objects().Count));
        heap.Clear(0);
        Assert.Equal(2, heap.Objects().Count);
        heap.Collect();
        Assert.Equal((0, 0), (zeros.Count, heap.Objects().Count));
    });

    [Fact]
    public void ACompoundCycleIsFoundInOneLinearPass() => Workbench.On("cycle-counting", heap =>
    {
        // Bacon and Rajan, ECOOP 2001, section 3: cycles in a chain, each a possible root, for which Lins's algorithm takes quadratic time. Here each object becomes grey once.
        const int Cycles = 100;
        for (var i = 0; i < Cycles; i++)
        {
            heap.New(1);
            heap.New(2);
            heap.Write(1, 0, 2);
            heap.Write(2, 0, 1);
            heap.Write(1, 1, 0);
            heap.Move(1, 0);
        }

        Enumerable.Range(0, 3).ToList().ForEach(heap.Clear);
        Assert.Equal(2 * Cycles, heap.Objects().Count);
        heap.Collect();
        Assert.Equal(2 * Cycles, heap.Plan.Log.TotalMarked);
        Assert.Empty(heap.Objects());
    });

    [Fact]
    public void CountingAloneKeepsACycle() => Workbench.On("reference-counting", heap =>
    {
        // Wilson, section 2.1; JHM, section 5.5.
        heap.New(0, 'a');
        heap.New(1, 'b');
        heap.Write(0, 0, 0);
        heap.Clear(0);
        heap.Clear(1);
        heap.Collect();
        Assert.Equal("a", Names(heap));
    });

    [Theory]
    [InlineData("cards", 3)]
    [InlineData("buffer", 6)]
    public void ACardRemembersAllStoresToItOnceAndAStoreBufferEachOfThem(string remembered, int entries) => Workbench.On($"generational:nursery=64K,remembered={remembered}", heap =>
    {
        // JHM, section 11.8. Cards are of 512 bytes: elements 0 and 1, 100 and 101, 200 and 201 of an array of words lie in three of them.
        heap.NewArray(0, 4000);
        heap.Collect();
        foreach (var index in new[] { 0, 1, 100, 101, 200, 201 })
        {
            heap.New(1, 'y');
            heap.WriteElement(0, index, 1);
        }

        heap.Clear(1);
        heap.CollectYoung();
        Assert.Equal(entries, heap.Plan.Log.Pauses[^1].Remembered);
        Assert.Equal(6, heap.Objects().Count(entry => entry.Number == 'y'));
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void AnObjectIsTenuredByTheCollectionThatItsAgeSays(int age) => Workbench.On($"generational:nursery=64K,age={age}", heap =>
    {
        // Ungar, SDE 1984; JHM, section 9.6.
        var young = ((GenerationalPlan)heap.Plan).Young.Range;
        heap.New(0);
        for (var i = 1; i <= age; i++)
        {
            Assert.True(young.Contains(heap[0]), $"before collection {i}");
            heap.CollectYoung();
        }

        Assert.False(young.Contains(heap[0]));
    });

    [Fact]
    public void AMinorCollectionKeepsWhatADeadOldObjectHolds() => Workbench.On("generational:nursery=64K,age=1", heap =>
    {
        // Wilson, section 4.3; JHM, section 9.2: nepotism. A full collection frees both.
        heap.New(0, 'o');
        heap.CollectYoung();
        heap.New(1, 'y');
        heap.Write(0, 0, 1);
        heap.Clear(0);
        heap.Clear(1);
        heap.CollectYoung();
        Assert.Equal(2, heap.Objects().Count);
        heap.Collect();
        Assert.Empty(heap.Objects());
    });

    // Allocated last to first, behind a dead one: a refers to c and d, b to e and c, c to f and back to a.
    private static void MakeTwoRootsAndFourBelow(Workbench heap)
    {
        for (var slot = 6; slot >= 0; slot--)
        {
            heap.New(slot, 'a' + slot);
        }

        foreach (var (source, field, target) in new[] { (0, 0, 2), (0, 1, 3), (1, 0, 4), (1, 1, 2), (2, 0, 5), (2, 1, 0) })
        {
            heap.Write(source, field, target);
        }

        Enumerable.Range(2, 5).ToList().ForEach(heap.Clear);
    }

    private static string Names(Workbench heap) => string.Concat(heap.Objects().Select(entry => (char)entry.Number));

    private static IEnumerable<nint> OneBehindTheOther(Workbench heap) => Enumerable.Range(0, heap.Objects().Count).Select(i => heap.Objects()[0].Address + (i * ObjectBytes));
}
