using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Merging;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class MergeTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void EqualPagesShareOneFrameAfterTwoRounds()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 10, value: 7);

        Rounds(world, 2);

        Assert.Equal((1, 9), world.Memory.Merger.Count());
        Assert.Equal(1, world.Memory.Counters.AnonymousPages);
        Assert.Equal(10, world.Space.Counters.ResidentAnonymous);
        Assert.Equal(7, ReadByte(world.Space, memory + (4 * P)));
    }

    [Fact]
    public void PagesThatDifferInOneByteStayApart()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 4, value: 7);
        for (ulong page = 0; page < 4; page++)
        {
            world.Space.TryWrite(memory + (page * P) + 4095, (byte)page);
        }

        Rounds(world, 3);

        Assert.Equal((0, 0), world.Memory.Merger.Count());
        Assert.Equal(4, world.Memory.Counters.AnonymousPages);
    }

    [Fact]
    public void AStoreToAMergedPageCopiesItAndTheOthersKeepTheirBytes()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 3, value: 7);
        Rounds(world, 2);
        var cpu = world.RunOn(0, world.Space);

        Assert.True(cpu.TryStore(world.Space, memory + P, 99));

        Assert.Equal(99, ReadByte(world.Space, memory + P));
        Assert.Equal(7, ReadByte(world.Space, memory));
        Assert.Equal(7, ReadByte(world.Space, memory + (2 * P)));
        Assert.Equal((1, 1), world.Memory.Merger.Count());
    }

    [Fact]
    public void ATranslationFromBeforeTheMergeDoesNotLetAStoreThrough()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 2, value: 7);
        var cpu = world.RunOn(0, world.Space);
        Assert.True(cpu.TryStore(world.Space, memory, 0x0707_0707_0707_0707));
        Assert.True(cpu.TryStore(world.Space, memory + P, 0x0707_0707_0707_0707));
        Rounds(world, 2);

        Assert.True(cpu.TryStore(world.Space, memory, 1));

        Assert.Equal(7, ReadByte(world.Space, memory + P));
    }

    [Fact]
    public void TheLastOwnerOfAMergedFrameMayWriteAndNobodyIsMergedIntoWhatItWrote()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 2, value: 7);
        Rounds(world, 2);
        world.Space.Unmap(memory + P, P);
        Assert.True(world.RunOn(0, world.Space).TryStore(world.Space, memory, 5));
        var other = Advised(world, pages: 1, value: 7);

        Rounds(world, 3);
        Assert.True(world.RunOn(0, world.Space).TryStore(world.Space, memory, 6));

        Assert.Equal(7, ReadByte(world.Space, other));
        Assert.Equal((0, 0), world.Memory.Merger.Count());
    }

    [Fact]
    public void PagesOfSeveralProcessesAreMerged()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 5, value: 7);
        var child = world.Space.TryFork(world.Limits, 2)!;
        child.CopyToGuest(memory, Enumerable.Repeat((byte)7, (int)(5 * P)).ToArray());
        Assert.Equal(10, world.Memory.Counters.AnonymousPages);

        Rounds(world, 2);

        Assert.Equal(1, world.Memory.Counters.AnonymousPages);
        child.Release();
        Assert.Equal(7, ReadByte(world.Space, memory));
    }

    [Fact]
    public void WithoutAdviceNothingIsMergedUnlessAllMemoryTakesPart()
    {
        using var world = new MemoryWorld();
        world.Space.CopyToGuest(world.MapAnonymous(4), Enumerable.Repeat((byte)3, (int)(4 * P)).ToArray());

        Rounds(world, 3);
        Assert.Equal(4, world.Memory.Counters.AnonymousPages);

        world.Memory.Merger.Scope = MergeScope.All;
        Rounds(world, 2);
        Assert.Equal(1, world.Memory.Counters.AnonymousPages);
    }

    [Fact]
    public void UnmergeableGivesEachPageItsOwnFrameBack()
    {
        using var world = new MemoryWorld();
        var memory = Advised(world, pages: 4, value: 7);
        Rounds(world, 2);

        Assert.Equal(0, world.Space.Advise(memory, 4 * P, MemoryAdvice.Unmergeable));

        Assert.Equal(4, world.Memory.Counters.AnonymousPages);
        Assert.Equal((0, 0), (world.Memory.Merger.Count().Sharing, world.Memory.Counters.AllocationFailures));
        Assert.Equal(7, ReadByte(world.Space, memory + (3 * P)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomStoresBetweenScansAreWhatIsReadAfterwards(int seed)
    {
        const int pages = 40;
        using var world = new MemoryWorld();
        var random = new Random(seed);
        var memory = Advised(world, pages, value: 0);
        var expected = new byte[pages];
        var cpu = world.RunOn(0, world.Space);
        for (var step = 0; step < 2000; step++)
        {
            var page = random.Next(pages);
            expected[page] = (byte)random.Next(3);
            Assert.True(cpu.TryStore(world.Space, memory + ((ulong)page * P), expected[page]));
            if (random.Next(10) == 0)
            {
                world.Memory.Merger.Scan(random.Next(1, 2 * pages));
                world.Memory.Audit();
            }
        }

        Assert.True(world.Memory.Merger.Merges > 100);
        for (var page = 0; page < pages; page++)
        {
            Assert.Equal(expected[page], ReadByte(world.Space, memory + ((ulong)page * P)));
        }
    }

    private static VirtualAddress Advised(MemoryWorld world, int pages, byte value)
    {
        var memory = world.MapAnonymous(pages);
        world.Space.CopyToGuest(memory, Enumerable.Repeat(value, pages * Page.Size).ToArray());
        Assert.Equal(0, world.Space.Advise(memory, (ulong)pages * P, MemoryAdvice.Mergeable));
        return memory;
    }

    private static void Rounds(MemoryWorld world, int count)
    {
        var target = world.Memory.Merger.FullScans + count;
        while (world.Memory.Merger.FullScans < target)
        {
            world.Memory.Merger.Scan(1000);
        }
    }

    private static byte ReadByte(AddressSpace space, VirtualAddress address)
    {
        Assert.True(space.TryRead(address, out byte value));
        return value;
    }
}
