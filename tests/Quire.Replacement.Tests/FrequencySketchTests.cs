using Xunit;

namespace Quire.Replacement.Tests;

public class FrequencySketchTests
{
    [Fact]
    public void NeverSaysLessThanWasCounted()
    {
        var random = new Random(7);
        var sketch = new FrequencySketch(64, 1000);
        var counts = new int[100];
        for (var reference = 0; reference < 600; reference++)
        {
            var page = (int)(100 * Math.Pow(random.NextDouble(), 3));
            counts[page]++;
            sketch.Count((uint)page, 1);
            Assert.True(sketch.Frequency((uint)page) >= Math.Min(15, counts[page]));
        }
    }

    [Fact]
    public void IsExactWhilePagesAreFewAgainstItsWidth()
    {
        var sketch = new FrequencySketch(1 << 14, 10);
        for (var page = 0u; page < 15; page++)
        {
            sketch.Count(page, (int)page);
        }

        Assert.All(Enumerable.Range(0, 15), page => Assert.Equal(page, sketch.Frequency((uint)page)));
    }

    [Fact]
    public void HalvesAfterSoManyReferences()
    {
        var sketch = new FrequencySketch(16, 1);
        sketch.Count(1, 12);
        Assert.Equal(12, sketch.Frequency(1));

        sketch.Count(2, 4);

        Assert.Equal(6, sketch.Frequency(1));
        Assert.Equal(2, sketch.Frequency(2));
    }

    [Fact]
    public void ReferencesThatRaiseNoCounterAgeTheOthers()
    {
        var sketch = new FrequencySketch(16, 10);
        sketch.Count(1, 12);
        sketch.Count(2, 100);
        Assert.Equal(12, sketch.Frequency(1));

        for (var reference = 0; reference < 48; reference++)
        {
            sketch.Count(2, 1);
        }

        Assert.Equal(6, sketch.Frequency(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void ARunCountsAsEachOfItsReferences(int run)
    {
        var (folded, single) = (new FrequencySketch(8, 3), new FrequencySketch(8, 3));
        for (var tag = 0u; tag < 40; tag++)
        {
            if (folded.Count(tag % 5, run))
            {
                folded.Pass(tag % 5, run);
            }
            else
            {
                folded.Count(tag % 5, run);
            }

            for (var reference = 0; reference < 2 * run; reference++)
            {
                single.Count(tag % 5, 1);
            }

            Assert.Equal(Enumerable.Range(0, 5).Select(page => single.Frequency((uint)page)), Enumerable.Range(0, 5).Select(page => folded.Frequency((uint)page)));
            Assert.Equal(single.Halvings, folded.Halvings);
        }
    }
}
