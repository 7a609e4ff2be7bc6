using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class HugePageTests : IDisposable
{
    private const int SpanPages = HugePageSettings.Pages;
    private static readonly VirtualAddress Start = new(0x4000_0000);

    private readonly MemoryWorld _world = new(32);

    public HugePageTests()
    {
        _world.Memory.HugePages.Use = HugePageUse.Always;
    }

    private HugePageCounters Counters => _world.Memory.Counters.HugePages;

    private AddressSpace Space => _world.Space;

    public void Dispose() => _world.Dispose();

    [Fact]
    public void FirstStoreToAnAlignedSpanTakesOneFaultForAllOfIt()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        Assert.Equal(1, _world.Memory.Counters.Faults);
        Assert.Equal(1, Counters.Mapped);
        Assert.Equal(SpanPages, Space.Counters.ResidentAnonymous);
        Assert.Equal(HugePageSettings.Bytes, Space.Measure(Start).AnonymousHuge);
        _world.Memory.Audit();
        CheckEach(Start, SpanPages);
    }

    [Theory]
    [InlineData(HugePageUse.Madvise, MemoryAdvice.HugePage, 1)]
    [InlineData(HugePageUse.Madvise, MemoryAdvice.Normal, 0)]
    [InlineData(HugePageUse.Always, MemoryAdvice.NoHugePage, 0)]
    [InlineData(HugePageUse.Always, MemoryAdvice.Normal, 1)]
    [InlineData(HugePageUse.Never, MemoryAdvice.HugePage, 0)]
    public void SettingAndAdviceDecideTogether(HugePageUse use, MemoryAdvice advice, int expected)
    {
        _world.Memory.HugePages.Use = use;
        Map(Start, SpanPages);
        Assert.Equal(0, Space.Advise(Start, HugePageSettings.Bytes, advice));
        WriteEach(Start, 1);
        Assert.Equal(expected, Counters.Mapped);
    }

    [Fact]
    public void ProcessMayRefuse()
    {
        Space.HugePageConsent = HugePageConsent.Refused;
        Map(Start, SpanPages);
        WriteEach(Start, 1);
        Assert.Equal(0, Counters.Mapped);
    }

    [Fact]
    public void RegionThatDoesNotCoverTheSpanGetsSmallPages()
    {
        Map(Start + Page.Size, SpanPages);
        WriteEach(Start + Page.Size, SpanPages);
        Assert.Equal(0, Counters.Mapped);
    }

    [Fact]
    public void UnmappingAPartSplitsAndKeepsTheRest()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        Assert.Equal(0, Space.Unmap(Start + (100 << Page.Shift), 10 << Page.Shift));
        Assert.Equal((0, 1), (Counters.Mapped, Counters.Split));
        Assert.Equal(SpanPages - 10, Space.Counters.ResidentAnonymous);
        _world.Memory.Audit();
        CheckEach(Start, 100);
        CheckEach(Start + (110 << Page.Shift), SpanPages - 110, 110);
        Assert.False(_world.RunOn(0, Space).TryLoad(Space, Start + (105 << Page.Shift), out _));
    }

    [Fact]
    public void UnmappingAllFreesItWithoutASplit()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        Assert.Equal(0, Space.Unmap(Start, HugePageSettings.Bytes));
        Assert.Equal((0, 0), (Counters.Mapped, Counters.Split));
        Assert.Equal(0, _world.Memory.Counters.AnonymousPages);
        Assert.False(_world.RunOn(0, Space).TryLoad(Space, Start, out _));
    }

    [Fact]
    public void ProtectingAPartSplitsAndIsSeenThroughTheTlb()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        var cpu = _world.RunOn(0, Space);
        Assert.True(cpu.TryStore(Space, Start + 0x5000, 5));
        Assert.Equal(0, Space.Protect(Start + 0x5000, Page.Size, Protection.Read));
        Assert.False(cpu.TryStore(Space, Start + 0x5000, 6));
        Assert.True(cpu.TryStore(Space, Start + 0x6000, 6));
        _world.Memory.Audit();
    }

    [Fact]
    public void ForkSharesThePagesAndAStoreCopiesOne()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        var child = Space.TryFork(_world.Limits, processTag: 2)!;
        Assert.True(child.TryWrite(Start + 0x3000, 99UL));
        Assert.Equal(1, _world.Memory.Counters.PagesCopied);
        CheckEach(Start, SpanPages);
        Assert.True(child.TryRead(Start + 0x3000, out ulong value));
        Assert.Equal(99UL, value);
        _world.Memory.Audit();
        child.Release();
    }

    [Fact]
    public void SmallPagesInUseArePromoted()
    {
        _world.Memory.HugePages.Use = HugePageUse.Never;
        Map(Start, SpanPages);
        WriteEach(Start, 200);
        _world.Memory.HugePages.Use = HugePageUse.Always;
        Assert.Equal(new PromotionScan(1, 1, FoundNoRoom: false), _world.Memory.Promoter.Scan(SpanPages));
        Assert.Equal((1, 1), (Counters.Mapped, Counters.Promoted));
        Assert.Equal(SpanPages, Space.Counters.ResidentAnonymous);
        _world.Memory.Audit();
        CheckEach(Start, 200);
        Assert.True(_world.RunOn(0, Space).TryLoad(Space, Start + (300 << Page.Shift), out var absent));
        Assert.Equal(0UL, absent);
    }

    [Fact]
    public void SpanWithMoreAbsentPagesThanAllowedStaysSmall()
    {
        _world.Memory.HugePages.Use = HugePageUse.Never;
        Map(Start, SpanPages);
        WriteEach(Start, 200);
        _world.Memory.HugePages.Use = HugePageUse.Always;
        _world.Memory.HugePages.MostAbsent = SpanPages - 201;
        _world.Memory.Promoter.Scan(SpanPages);
        Assert.Equal(0, Counters.Promoted);
        _world.Memory.HugePages.MostAbsent++;
        _world.Memory.Promoter.Scan(SpanPages);
        Assert.Equal(1, Counters.Promoted);
    }

    [Fact]
    public void PromotionTakesPagesSharedWithAChildForItsOwn()
    {
        Map(Start, SpanPages);
        WriteEach(Start, SpanPages);
        var child = Space.TryFork(_world.Limits, processTag: 2)!;
        _world.Memory.HugePages.MostShared = SpanPages;
        _world.RunOn(0, Space).TryStore(Space, Start, 0UL);
        _world.Memory.Promoter.Scan(SpanPages);
        Assert.Equal(1, Counters.Promoted);
        _world.Memory.Audit();
        Assert.True(Space.TryWrite(Start + 0x7000, 1234UL));
        Assert.True(child.TryRead(Start + 0x7000, out ulong value));
        Assert.Equal(7UL, value);
        child.Release();
    }

    [Fact]
    public void PromoterSleepsBetweenScansAndRestsWithoutMemoryToScan()
    {
        var promoter = _world.Memory.Promoter;
        promoter.Run(VirtualTime.Zero);
        Assert.Equal(VirtualTime.Never, promoter.Due);
        Map(Start, SpanPages);
        promoter.OnProgramsRan();
        Assert.Equal(VirtualTime.FromMilliseconds(10_000), promoter.Due);
        _world.Memory.HugePages.Use = HugePageUse.Never;
        Assert.Equal(VirtualTime.Never, promoter.Due);
    }

    [Fact]
    public void BloatIsWhatNobodyFilled()
    {
        Map(Start, SpanPages);
        WriteEach(Start, 100);
        Assert.Equal(0, Space.Unmap(Start, HugePageSettings.Bytes));

        // The page that got the number 0 is empty too.
        Assert.Equal(SpanPages - 100 + 1, Counters.BloatPages);
    }

    [Fact]
    public void KernelsOwnAccessDoesNotSplit()
    {
        Map(Start, SpanPages);
        WriteEach(Start, 1);
        Assert.True(Space.TryWrite(Start + 0x1234, 42));
        Assert.True(Space.TryRead(Start + 0x1234, out int value));
        Assert.Equal(42, value);
        Assert.Equal(0, Space.MemoryInCore(Start, HugePageSettings.Bytes, Start + 0x1000));
        Assert.Equal((1, 0), (Counters.Mapped, Counters.Split));
    }

    [Fact]
    public void ReclaimSplitsWhatWasNotUsedAndBringsItBack()
    {
        using var world = new MemoryWorld(8, MemoryWorld.WithSwap(4096));
        world.Memory.HugePages.Use = HugePageUse.Always;
        var region = MemoryWorld.Succeed(world.Space.Map(new MapRequest(Start, 6 * HugePageSettings.Bytes, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));
        var cpu = world.RunOn(0, world.Space);
        for (ulong page = 0; page < 6 * SpanPages; page++)
        {
            Assert.True(cpu.TryStore(world.Space, region + (page << Page.Shift), page + 1));
        }

        world.Memory.Audit();
        Assert.True(world.Memory.Counters.HugePages.FaultAllocated > 0);
        Assert.True(world.Memory.Counters.HugePages.Split > 0);
        for (ulong page = 0; page < 6 * SpanPages; page++)
        {
            Assert.True(cpu.TryLoad(world.Space, region + (page << Page.Shift), out var value));
            Assert.Equal(page + 1, value);
        }
    }

    private void Map(VirtualAddress start, int pages) =>
        MemoryWorld.Succeed(Space.Map(new MapRequest(start, (ulong)pages << Page.Shift, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));

    private void WriteEach(VirtualAddress start, int pages)
    {
        var cpu = _world.RunOn(0, Space);
        for (var page = 0; page < pages; page++)
        {
            Assert.True(cpu.TryStore(Space, start + ((ulong)page << Page.Shift), (ulong)page));
        }
    }

    private void CheckEach(VirtualAddress start, int pages, int firstNumber = 0)
    {
        var cpu = _world.RunOn(0, Space);
        for (var page = 0; page < pages; page++)
        {
            Assert.True(cpu.TryLoad(Space, start + ((ulong)page << Page.Shift), out var value));
            Assert.Equal((ulong)(page + firstNumber), value);
        }
    }
}
