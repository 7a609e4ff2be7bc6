using Xunit;

namespace Quire.Traces.Tests;

/// <summary>Models of reference strings give what their names say.</summary>
public class Models
{
    public static TheoryData<string> Names => [.. ModelSpecification.All.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void PagesStayInRangeAndASeedRepeats(string name)
    {
        var model = ModelSpecification.Parse(name);

        var pages = Draw(name, 3, 20_000);

        Assert.All(pages, page => Assert.InRange(page, 0, model.Pages - 1));
        Assert.Equal(pages, Draw(name, 3, 20_000));
    }

    [Fact]
    public void UniformTakesEveryPageAlike()
    {
        var counts = Draw("uniform:pages=10", 1, 100_000).CountBy(page => page);

        Assert.Equal(10, counts.Count());
        Assert.All(counts, entry => Assert.InRange(entry.Value, 9_500, 10_500));
    }

    [Theory]
    [InlineData("0", 10_000, 10_000)]
    [InlineData("1", 34_142, 17_071)]
    [InlineData("2", 64_525, 16_131)]
    public void ZipfFollowsItsPowerLaw(string alpha, int first, int second)
    {
        var counts = Draw($"zipf:pages=10,alpha={alpha}", 2, 100_000).CountBy(page => page).ToDictionary();

        Assert.InRange(counts[0], first - 700, first + 700);
        Assert.InRange(counts[1], second - 700, second + 700);
    }

    [Fact]
    public void LoopsAndScansCount()
    {
        Assert.Equal([0, 1, 2, 3, 4], Draw("sequential", 1, 5));
        Assert.Equal([0, 2, 4, 1, 3, 0, 2], Draw("loop:pages=5,stride=2", 1, 7));
    }

    [Fact]
    public void StackDistancesHaveTheMeanAskedFor()
    {
        var stack = new List<long>();
        var sum = 0.0;
        foreach (var page in Draw("stack:pages=400,mean=8", 5, 50_000))
        {
            var depth = stack.IndexOf(page);
            if (depth >= 0)
            {
                sum += depth + 1;
                stack.RemoveAt(depth);
            }

            stack.Insert(0, page);
        }

        Assert.InRange(sum / 50_000, 7.5, 8.2);
    }

    [Fact]
    public void APhaseKeepsToItsLocality()
    {
        foreach (var phase in Draw("phases:pages=100K,locality=10,length=500", 4, 10_000).Chunk(500))
        {
            Assert.Equal(10, phase.Distinct().Count());
        }
    }

    [Fact]
    public void AWalkMovesOnByOnePage()
    {
        var number = 0;
        foreach (var step in Draw("walk:pages=100,window=4,length=50", 4, 10_000).Chunk(50))
        {
            Assert.Equal([.. Enumerable.Range(number, 4).Select(page => (long)(page % 100)).Order()], step.Distinct().Order());
            number++;
        }
    }

    [Fact]
    public void AMixtureKeepsItsSharesInPagesApart()
    {
        var pages = Draw("uniform:pages=5*3+loop:pages=3*1", 6, 40_000);

        Assert.InRange(pages.Count(page => page < 5), 29_500, 30_500);
        Assert.Equal([5L, 6, 7, 5, 6, 7], pages.Where(page => page >= 5).Take(6));
    }

    [Theory]
    [InlineData("")]
    [InlineData("+")]
    [InlineData("nomodel")]
    [InlineData("uniform:pages=0")]
    [InlineData("uniform:pages=-1")]
    [InlineData("uniform:pages")]
    [InlineData("uniform:colour=1")]
    [InlineData("uniform*0+loop")]
    [InlineData("zipf:alpha=nan")]
    public void WrongModelsAreRefused(string text) => Assert.Throws<FormatException>(() => ModelSpecification.Parse(text));

    private static List<long> Draw(string model, int seed, int count)
    {
        var (parsed, random) = (ModelSpecification.Parse(model), new Random(seed));
        return [.. Enumerable.Range(0, count).Select(_ => parsed.Next(random))];
    }
}
