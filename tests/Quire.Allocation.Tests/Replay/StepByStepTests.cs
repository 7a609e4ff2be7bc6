namespace Quire.Allocation.Tests;

public class StepByStepTests
{
    [Fact]
    public void BuddyStepsTellPlaceSizeSplitsAndMerges()
    {
        var steps = Run("buddy", 64 << 10, "a=34K b=66K c=35K -a d=67K");
        Assert.Equal([0L, 128 << 10, 64 << 10, 0, 256 << 10], steps.Select(step => step.Offset));
        Assert.Equal([65536L, 131072, 65536, 0, 131072], steps.Select(step => step.Length));
        Assert.Equal([4L, 0, 0, 0, 1], steps.Select(step => step.Splits));
        Assert.Contains("split 4 times", steps[0].Reason, StringComparison.Ordinal);
        Assert.Equal(1 << 20, steps[^1].Blocks.Sum(block => block.Length));
    }

    [Fact]
    public void AFailureSaysWhetherMemoryOrContiguityIsMissing()
    {
        var steps = Run("first-fit", 1024, "a=400K b=300K c=324K -a -c d=500K e=900K");
        Assert.Contains("724K are free in 2 blocks, the largest has 400K", steps[5].Reason, StringComparison.Ordinal);
        Assert.Contains("no room: 724K", steps[6].Reason, StringComparison.Ordinal);
        Assert.Equal(-1, steps[5].Offset);
    }

    [Fact]
    public void ReallocationTellsWhereItMoved()
    {
        var steps = Run("boundary-tag", 16, "a=1K b=1K a~4K b~512");
        Assert.Contains("moved from", steps[2].Reason, StringComparison.Ordinal);
        Assert.Contains("in place", steps[3].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a=")]
    [InlineData("=5")]
    [InlineData("a=-5")]
    [InlineData("-a")]
    [InlineData("a=1K a=1K")]
    [InlineData("-")]
    public void NonsenseStepsAreRefused(string steps) => Assert.Throws<FormatException>(() => Run("buddy", 16, steps));

    [Fact]
    public void TheTreeAndTheMapShowEveryBlock()
    {
        var blocks = Run("buddy", 64 << 10, "a=34K b=66K")[^1].Blocks;
        var tree = TextDrawing.BuddyTree(blocks);
        Assert.Contains("64K a (34K asked for, 30K wasted)", tree, StringComparison.Ordinal);
        Assert.Contains("512K free", tree, StringComparison.Ordinal);
        Assert.Contains("|a", TextDrawing.Map(blocks), StringComparison.Ordinal);
        var page = new HtmlDrawing();
        page.Map(blocks);
        var html = page.Page("<x>");
        Assert.Contains("a: 64K at 0", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<x>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
    }

    private static IReadOnlyList<AllocationStep> Run(string kind, int unit, string steps)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Unit = unit });
        return new StepByStep(heap).Run(steps);
    }
}

public class MovableStepTests
{
    [Fact]
    public void CompactionMakesRoomWherePinsLetIt()
    {
        using var heap = new MovableHeap(new NativeRegion(64 << 10));
        var steps = new MovableSteps(heap).Run("a=20K b=10K c=20K -b d=20K ! d=20K");
        Assert.Equal(-1, steps[4].Offset);
        Assert.Contains("compaction may", steps[4].Reason, StringComparison.Ordinal);
        Assert.Contains("moved 1 blocks of 20K; 2 holes became 1", steps[5].Reason, StringComparison.Ordinal);
        Assert.Equal(40 << 10, steps[6].Offset);
    }

    [Theory]
    [InlineData("a=20K +a -a")]
    [InlineData("a=20K *a")]
    [InlineData("-a")]
    [InlineData("a")]
    public void NonsenseStepsAreRefused(string steps)
    {
        using var heap = new MovableHeap(new NativeRegion(64 << 10));
        Assert.Throws<FormatException>(() => new MovableSteps(heap).Run(steps));
    }
}
