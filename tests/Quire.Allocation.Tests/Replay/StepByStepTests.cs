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

    [Fact]
    public void WhatFailedMayBeFreedAndTheRestGoesOn()
    {
        var steps = Run("first-fit", 16, "a=2M b=1K -a a=1K b~4M b~2K -b");
        Assert.Equal([-1L, 0, -1, 1024, -1, 2048, 2048], steps.Select(step => step.Offset));
        Assert.Equal([true, false, false, false, true, false, false], steps.Select(step => step.IsFailure));
        Assert.Contains("step 1 failed", steps[2].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=1K -b", 2)]
    [InlineData("a=1K a=2K", 2)]
    [InlineData("a=1K -a -a", 3)]
    [InlineData("a=1K b~2K", 2)]
    [InlineData("a=1K b=1K zz", 3)]
    public void AnErrorNamesItsStep(string steps, int number) =>
        Assert.StartsWith($"step {number}: ", Assert.Throws<FormatException>(() => HeapStep.Parse(steps)).Message, StringComparison.Ordinal);

    [Fact]
    public void UnitsBelowSixteenAreHonouredAndOffsetsAreExact()
    {
        var steps = Run("first-fit", 4, "a=3 b=70001 c=5");
        Assert.Equal([0L, 4, 70008], steps.Select(step => step.Offset));
        Assert.Contains("at 4, ", steps[1].Reason, StringComparison.Ordinal);
        Assert.Equal("70001", StepText.Exact(70001));
        Assert.Equal("68K", StepText.Exact(68 << 10));
    }

    [Theory]
    [InlineData("arena")]
    [InlineData("slab")]
    [InlineData("tlsf")]
    [InlineData("thread-caching")]
    [InlineData("buddy")]
    public void EveryStepShowsTheBlocksThatAreHeldByName(string kind)
    {
        foreach (var safety in Enum.GetValues<SafetyLevel>())
        {
            using var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Safety = safety });
            var steps = new StepByStep(heap).Run(HeapStep.Parse("a=100 b=200 c=9000 -b d=50"));
            Assert.Equal(["a", "c", "d"], steps[^1].Blocks.Select(block => block.Name).Where(name => name.Length == 1 && name != NamedBlock.Nameless).Order());
            Assert.Equal(4, steps.Where(step => step.Operation == "allocate").Select(step => step.Offset).Distinct().Count() + (steps[4].Offset == steps[1].Offset ? 1 : 0));
        }
    }

    [Fact]
    public void SlabsSpeakOfSlabs()
    {
        var steps = Run("slab", 16, "a=100 b=100 -a");
        Assert.Contains("kmalloc-128", steps[1].Reason, StringComparison.Ordinal);
        Assert.Contains("2 of 32 taken", steps[1].Reason, StringComparison.Ordinal);
        Assert.Contains("1 of 32 taken", steps[2].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void JobsWaitForPartitions()
    {
        var kind = AllocatorKinds.Find("partitions-queues")!;
        var partitions = kind.Partitions!(new AllocatorOptions { Memory = 64 << 10, Unit = 1024, Partitions = [16 << 10, 16 << 10, 32 << 10] });
        var steps = new PartitionSteps(partitions, 1024).Run(HeapStep.Parse("a=10K b=12K c=9K e=8K d=40K -a -d -e -b"));
        Assert.Equal(["allocate", "allocate", "wait", "wait", "allocate", "free", "free", "free", "free"], steps.Select(step => step.Operation));
        Assert.Contains("largest has 32K", steps[4].Reason, StringComparison.Ordinal);
        Assert.Contains("c, which waited, takes partition 1", steps[5].Reason, StringComparison.Ordinal);
        Assert.Contains("leaves the queue", steps[7].Reason, StringComparison.Ordinal);
        Assert.Equal(["c", "", ""], steps[^1].Blocks.Select(block => block.Name));
    }

    [Fact]
    public void TheTreeOfAnUnevenMemoryHasSeveralRoots()
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find("buddy")!, new AllocatorOptions { Memory = 768 << 10, Unit = 64 << 10 });
        var tree = TextDrawing.BuddyTree(new StepByStep(heap).Run(HeapStep.Parse("a=34K"))[^1].Blocks);
        Assert.DoesNotContain("1M", tree, StringComparison.Ordinal);
        Assert.Equal(["512K", "256K"], tree.Split('\n').Where(line => line.Length > 0 && char.IsDigit(line[0])).Select(line => line.Split(' ')[0].Trim()));
        Assert.Contains("64K a", tree, StringComparison.Ordinal);
    }

    private static IReadOnlyList<AllocationStep> Run(string kind, int unit, string steps)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Unit = unit });
        return new StepByStep(heap, Math.Min(16, unit)).Run(HeapStep.Parse(steps));
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
