using Quire.Observation.Sizing;
using Quire.Primitives;
using Quire.Traces;
using Xunit;

namespace Quire.Observation.Tests.Sizing;

public sealed class MemoryCurveTests
{
    [Fact]
    public void TheKneeIsWhereTheCurveBends()
    {
        // Halving memory above 16M costs little, below it a lot.
        var curve = Curve((4, 64), (8, 30), (16, 2), (32, 1.5), (64, 1), (128, 1));

        Assert.Equal(ByteSize.FromMiB(16), curve.Knee);
        Assert.Equal(ByteSize.FromMiB(64), curve.Ample);
        Assert.Equal(ByteSize.FromMiB(4), curve.SmallestComplete);
    }

    // What is below the smallest size was not looked at.
    [Theory]
    [InlineData(1.01, 1, 1)]
    [InlineData(1.5, 1.4, 1)]
    [InlineData(3, 3, 3)]
    public void ACurveThatDoesNotBendHasNoKnee(double small, double middle, double large) => Assert.Null(Curve((4, small), (8, middle), (16, large)).Knee);

    [Fact]
    public void AKneeIsWhereMissRatiosHaveIt()
    {
        (ulong Size, double Height)[] points = [(4, 64), (8, 30), (16, 2), (32, 1.5), (64, 1)];
        var ratios = new MissRatioCurve("", [.. points.Select(point => new CurvePoint((long)point.Size, point.Height / 64))]);

        Assert.Equal((long)(Curve(points).Knee!.Value.Bytes >> 20), ratios.Knee()!.Value.Frames);
    }

    [Fact]
    public void SizesInWhichTheProgramDidNotEndSayNothingAboutTime()
    {
        var curve = new MemoryCurve([Incomplete(2), Point(4, 5), Point(8, 1), Point(16, 1)]);

        Assert.Equal(ByteSize.FromMiB(4), curve.SmallestComplete);
        Assert.Equal(5.0, curve.SlowdownAt(ByteSize.FromMiB(4)));
        Assert.Equal(double.NaN, curve.SlowdownAt(ByteSize.FromMiB(2)));
    }

    [Fact]
    public void TheNextRunGoesWhereTheTimeChangesMost()
    {
        var curve = Curve((4, 64), (16, 2), (64, 1.9), (256, 1.9));

        Assert.Equal(ByteSize.FromMiB(8), curve.NextToMeasure([]));
        Assert.Equal(ByteSize.FromMiB(32), curve.NextToMeasure([ByteSize.FromMiB(8)]));
    }

    [Fact]
    public void TheEdgeBelowWhichTheProgramDoesNotEndIsMeasuredToo()
    {
        var curve = new MemoryCurve([Incomplete(2), Point(8, 1), Point(16, 1)]);

        Assert.Equal(ByteSize.FromMiB(4), curve.NextToMeasure([]));
    }

    [Fact]
    public void NeighboursTooCloseToTellApartEndTheSearch()
    {
        var curve = new MemoryCurve([new MemoryPoint(new ByteSize(100 * Page.Size), true, 5, 0), new MemoryPoint(new ByteSize(103 * Page.Size), true, 1, 0)]);

        Assert.Null(curve.NextToMeasure([]));
    }

    private static MemoryCurve Curve(params (ulong MiB, double Seconds)[] points) => new(points.Select(point => Point(point.MiB, point.Seconds)));

    private static MemoryPoint Point(ulong mebibytes, double seconds) => new(ByteSize.FromMiB(mebibytes), IsComplete: true, seconds, MajorFaults: 0);

    private static MemoryPoint Incomplete(ulong mebibytes) => new(ByteSize.FromMiB(mebibytes), IsComplete: false, 0, 0);
}
