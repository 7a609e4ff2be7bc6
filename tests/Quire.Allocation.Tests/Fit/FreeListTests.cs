namespace Quire.Allocation.Tests;

/// <summary>The textbook's free list: its rules by hand, and beside one that joins at every free.</summary>
public class FreeListTests
{
    // OSTEP, chapter 17: a heap of 100 at 1000, best fit, list by address, never joined.
    [Fact]
    public void AnUncoalescedListBreaksUpAsTheTextbookShows()
    {
        var steps = FreeListExercise.Solve(new FreeListOptions(), FreeListOperation.Parse("+3,-0,+5,-1,+8,-2"));
        Assert.Equal([1000L, 1000, 1003, 1003, 1008, 1008], steps.Select(step => step.Address!.Value));
        Assert.Equal([1, 0, 2, 0, 3, 0], steps.Select(step => step.Searched));
        Assert.Equal([new(1000, 3), new(1003, 5), new(1008, 8), new(1016, 84)], steps[^1].Free);
    }

    [Theory]
    [InlineData(FreeListOrder.Address, "1000 1010 1030")]
    [InlineData(FreeListOrder.SizeUp, "1000 1010 1030")]
    [InlineData(FreeListOrder.SizeDown, "1030 1010 1000")]
    [InlineData(FreeListOrder.Front, "1010 1000 1030")]
    [InlineData(FreeListOrder.Back, "1030 1000 1010")]
    public void TheOrderDecidesWhereAFreedBlockEnters(FreeListOrder order, string addresses)
    {
        var steps = FreeListExercise.Solve(new FreeListOptions { Order = order }, FreeListOperation.Parse("+10,+20,-0,-1"));
        Assert.Equal(addresses, string.Join(' ', steps[^1].Free.Select(entry => entry.Address)));
    }

    [Fact]
    public void OnlyNeighboursInTheListAreJoined()
    {
        var operations = FreeListOperation.Parse("+10,+10,+10,-0,-2,-1");
        Assert.Single(FreeListExercise.Solve(new FreeListOptions { Joining = FreeListJoining.AtFree }, operations)[^1].Free);
        Assert.Equal(4, FreeListExercise.Solve(new FreeListOptions { Joining = FreeListJoining.AtFree, Order = FreeListOrder.Back }, operations)[^1].Free.Count);
    }

    [Fact]
    public void HeadersAndAlignmentAreAddedToEachRequest()
    {
        var steps = FreeListExercise.Solve(new FreeListOptions { Header = 4, Alignment = 8, Base = 0 }, FreeListOperation.Parse("+1,+9,+80"));
        Assert.Equal([0L, 12, null], steps.Select(step => step.Address));
        Assert.Equal(new FreeListEntry(32, 68), Assert.Single(steps[^1].Free));
    }

    [Theory]
    [InlineData(FitPolicy.First)]
    [InlineData(FitPolicy.Best)]
    [InlineData(FitPolicy.Worst)]
    public void SortedByAddressAndJoinedItIsTheOrdinaryAllocator(FitPolicy policy)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var options = new FreeListOptions { Base = 0, Memory = 300, Policy = policy, Joining = FreeListJoining.AtFree };
            var operations = FreeListOperation.Random(options, 200, 55, 40, seed);
            var fit = new FitAllocator(300, policy, new HoleList(300));
            var starts = new List<long?>();
            foreach (var step in FreeListExercise.Solve(options, operations))
            {
                if (step.Operation.IsFree)
                {
                    fit.Free((uint)starts[(int)step.Operation.Number]!.Value);
                }
                else
                {
                    starts.Add(fit.TryAllocate((uint)step.Operation.Number, 1, out var start) ? start : null);
                    Assert.Equal(starts[^1], step.Address);
                }

                Assert.Equal(fit.FreeExtents().Select(hole => new FreeListEntry(hole.Start, hole.Length)), step.Free);
            }
        }
    }

    [Theory]
    [InlineData("+10,-1", "operation 2")]
    [InlineData("+10,-0,-0", "operation 3")]
    [InlineData("10", "operation 1")]
    [InlineData("+", "operation 1")]
    [InlineData("+-1", "operation 1")]
    [InlineData("", "operation 1")]
    public void NonsenseIsRefusedWithItsPlace(string text, string place) =>
        Assert.Contains(place, Assert.Throws<FormatException>(() => FreeListOperation.Parse(text)).Message, StringComparison.Ordinal);
}
