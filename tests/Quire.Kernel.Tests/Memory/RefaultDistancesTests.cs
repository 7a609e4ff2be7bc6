using Quire.Kernel.Memory.Reclaim;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class RefaultDistancesTests
{
    [Fact]
    public void TheDistanceIsTheEvictionsInBetween()
    {
        var distances = new RefaultDistances();
        foreach (var page in (ulong[])[1, 2, 3, 4, 5])
        {
            distances.Evicted(page);
        }

        distances.Returned(5);
        Assert.Equal(0, distances.Median);
        distances.Returned(2);
        distances.Returned(1);

        Assert.Equal(3, distances.Median);
        Assert.Equal(3, distances.Count);
    }

    [Fact]
    public void APageThatWasNeverEvictedOrHasReturnedAlreadyDoesNotCount()
    {
        var distances = new RefaultDistances();
        distances.Evicted(7);
        distances.Returned(8);
        distances.Returned(7);
        distances.Returned(7);

        Assert.Equal(1, distances.Count);
    }

    [Fact]
    public void WithoutRefaultsThereIsNoMedian() => Assert.Null(new RefaultDistances().Median);

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(99_999)]
    public void LargeDistancesAreKeptToASixteenth(int between)
    {
        var distances = new RefaultDistances();
        distances.Evicted(ulong.MaxValue);
        for (var page = 0; page < between; page++)
        {
            distances.Evicted((ulong)page);
        }

        distances.Returned(ulong.MaxValue);

        Assert.InRange(distances.Median!.Value, between - (between / 16), between);
    }
}
