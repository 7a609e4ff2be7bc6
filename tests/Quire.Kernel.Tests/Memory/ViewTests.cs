using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class ViewTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void UsageCountsEachPageOnceAndSharesItByItsMappings()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);
        world.Space.CopyToGuest(memory, new byte[3 * P]);
        var child = world.Space.TryFork(world.Limits, 2)!;
        child.TryWrite(memory, 1);

        var usage = world.Space.Measure(memory);
        Assert.Equal((4 * P, 3 * P, 3 * P), (usage.Size, usage.Resident, usage.Anonymous));
        Assert.Equal(2 * P, usage.Proportional);
        Assert.Equal((2 * P, P), (usage.SharedDirty, usage.PrivateDirty));
    }

    [Fact]
    public void RegionsShowWhatMapsShows()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var mapped = MemoryWorld.Succeed(world.Space.Map(
            new MapRequest(default, P, Protection.Read, MapFlags.Shared) { File = file, FileOffset = P }));
        world.MapAnonymous(1, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
        MemoryWorld.Succeed(world.Space.MapStack(P, MemoryWorld.ReadWrite));

        var regions = world.Space.Regions.ToArray();
        Assert.Equal(["/dev/zero (deleted)", "/data", "[stack]"], regions.Select(region => region.Name));
        Assert.Equal((mapped, P, 0x801UL, 42UL, true), (regions[1].Range.Start, regions[1].Offset, regions[1].DeviceNumber, regions[1].InodeNumber, regions[1].IsShared));
        Assert.Equal("rd wr mr mw me gd ac sd", regions[2].VmFlags);
        Assert.Equal(33 * P, regions[2].Range.Length);
    }

    [Fact]
    public void FaultsAreAddedUpByRegionAlsoAfterItIsGone()
    {
        using var world = new MemoryWorld();
        var memory = world.MapFile(world.NewFileOfPages(2), MemoryWorld.ReadWrite, MapFlags.Private);
        world.Space.TryRead(memory, out byte _);
        world.Space.TryWrite(memory, (byte)1);
        world.Space.TryRead(memory + P, out byte _);

        Assert.Equal(new RegionFaults(Minor: 2, Major: 1, CopyOnWrite: 1, Zero: 0), world.Space.FindRegion(memory)!.Faults);
        world.Space.Unmap(memory, 2 * P);
        Assert.Equal(new RegionFaults(2, 1, 1, 0), Assert.Single(world.Memory.RegionFaults.Ended).Value);
    }

    [Fact]
    public void EventsTellWhatHappensInOrder()
    {
        using var world = new MemoryWorld();
        var sink = new Recorder();
        world.Memory.Events = sink;
        world.Memory.Now = () => VirtualTime.FromMicroseconds(5);

        var memory = world.MapAnonymous(2);
        world.Space.TryWrite(memory, 1);
        var child = world.Space.TryFork(world.Limits, 2)!;
        child.TryWrite(memory, 2);
        child.TryRead(default, out byte _);
        child.Release();
        world.Space.Unmap(memory, 2 * P);

        Assert.Equal(
            [MemoryEventKind.Map, MemoryEventKind.Fault, MemoryEventKind.Copy, MemoryEventKind.Fault, MemoryEventKind.Fault, MemoryEventKind.Unmap, MemoryEventKind.Unmap],
            sink.Events.Select(item => item.Kind));
        Assert.Equal((2, memory, FaultKind.CopyOnWrite), (sink.Events[3].Process, sink.Events[3].Address, sink.Events[3].Fault.Kind));
        Assert.Equal(FaultOutcome.NotMapped, sink.Events[4].Fault.Outcome);
        Assert.All(sink.Events, item => Assert.Equal(5000, item.Time.Nanoseconds));
    }

    [Fact]
    public void AFaultAllocatesNoManagedMemory()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2048);
        var page = 0UL;
        Fault(64);

        // What the runtime allocates on this thread when it replaces code, once and whenever it likes, is not the faults': theirs would be in every round.
        Assert.Contains(0, Enumerable.Range(0, 4).Select(_ => Fault(448)).ToList());

        long Fault(int count)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var end = page + (ulong)count; page < end; page++)
            {
                world.Space.HandleFault(memory + (page * P), Quire.Hardware.Cpu.PageFaultError.Write);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [InlineData(LayoutRandomization.Off)]
    [InlineData(LayoutRandomization.On)]
    public void LayoutsFollowTheSeedAndStayInLinuxsRanges(LayoutRandomization randomization)
    {
        AddressLayout Make(int seed)
        {
            var random = new Random(seed);
            return new AddressLayout(randomization, 8 << 20, () => (ulong)random.NextInt64());
        }

        var layouts = Enumerable.Range(0, 50).Select(Make).ToArray();
        Assert.Equal(Make(3).MapTop, layouts[3].MapTop);
        Assert.Equal(randomization == LayoutRandomization.On ? 50 : 1, layouts.Select(layout => layout.MapTop).Distinct().Count());
        Assert.All(layouts, layout =>
        {
            Assert.InRange(layout.ProgramBase.Value, 0x5555_5555_4000UL, 0x6555_5555_4000UL);
            Assert.InRange(layout.StackTop.Value, 0x7FFB_FFFF_F000UL, 0x7FFF_FFFF_F000UL);
            Assert.True(layout.StackTop - layout.MapTop >= 128UL << 20);
            Assert.InRange(layout.BreakAfter(new VirtualAddress(0x5000)).Value, 0x5000UL, 0x5000UL + 0x0200_0000);
        });
    }

    private sealed class Recorder : IMemoryEventSink
    {
        public List<MemoryEvent> Events { get; } = [];

        public void Record(in MemoryEvent memoryEvent) => Events.Add(memoryEvent);
    }
}
