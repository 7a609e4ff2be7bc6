using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class FrameTests
{
    [Fact]
    public void AFrameEntryIs32Bytes() => Assert.Equal(32, System.Runtime.CompilerServices.Unsafe.SizeOf<FrameEntry>());

    // In every build: frame numbers come from page tables, swap and reverse maps.
    [Fact]
    public void AFrameOutsideOfRamIsNeverTouched()
    {
        using var world = new MemoryWorld();
        var count = world.Memory.Physical.FrameCount;
        foreach (var frame in (FrameNumber[])[new(count), new(uint.MaxValue), FrameNumber.None])
        {
            Assert.Throws<InvalidOperationException>(() => world.Memory.Physical.Read(frame).Length);
            Assert.Throws<InvalidOperationException>(() => world.Memory.Physical.Write(frame).Length);
            Assert.Throws<InvalidOperationException>(() => world.Memory.FrameTable[frame].Mappings);
        }

        Assert.Equal(Page.Size, world.Memory.Physical.Read(new FrameNumber(count - 1)).Length);
    }

    [Fact]
    public void ASlotOutsideOfSwapIsNeverTouched()
    {
        using var slots = new SwapSlots(8);
        foreach (var slot in (uint[])[0, 9, uint.MaxValue])
        {
            Assert.Throws<InvalidOperationException>(() => slots.Users(new SwapEntry(slot)));
            Assert.Throws<InvalidOperationException>(() => slots.Cached(new SwapEntry(slot)));
            Assert.Throws<InvalidOperationException>(() => slots.SetCached(new SwapEntry(slot), new FrameNumber(1)));
        }

        Assert.Equal(0, slots.Users(new SwapEntry(8)));
    }

    [Theory]
    [InlineData(16384, 256, 320, 384)]
    [InlineData(262144, 1024, 1286, 1548)]
    [InlineData(1024, 64, 80, 96)]
    public void WatermarksAreLinuxs(uint frames, uint min, uint low, uint high) => Assert.Equal(new Watermarks(min, low, high), Watermarks.For(frames, frames));

    [Fact]
    public void TheFrameFreedLastIsGivenOutFirst()
    {
        using var world = new MemoryWorld();
        var frames = world.Memory.Frames;
        Assert.True(frames.TryAllocate(FrameUse.Anonymous, out var first));
        Assert.True(frames.TryAllocate(FrameUse.Anonymous, out var second));

        frames.Release(first);
        frames.Release(second);
        Assert.True(frames.TryAllocate(FrameUse.Anonymous, out var third));
        frames.Release(third);

        Assert.Equal(second, third);
    }

    [Fact]
    public void FreshMemoryIsGivenOutInOrderOfAddress()
    {
        using var world = new MemoryWorld();
        var taken = new List<FrameNumber>();
        for (var i = 0; i < 200; i++)
        {
            Assert.True(world.Memory.Frames.TryAllocate(FrameUse.Anonymous, out var frame));
            taken.Add(frame);
        }

        // Batches are turned round by the lists they pass through; as a whole the order is that of the addresses.
        Assert.InRange(taken.Max(frame => frame.Value) - taken.Min(frame => frame.Value), 199u, 230u);
        taken.ForEach(world.Memory.Frames.Release);
    }

    [Fact]
    public unsafe void AStoreToAFreeFrameIsFoundWhenItIsGivenOut()
    {
        using var world = new MemoryWorld();
        Assert.True(world.Memory.Frames.TryAllocate(FrameUse.Anonymous, out var frame));
        world.Memory.Frames.Release(frame);
        world.Physical.Pointer(frame)[123] = 1;

        var found = Assert.Throws<InvalidOperationException>(() => world.Memory.Frames.TryAllocate(FrameUse.Anonymous, out _));
        Assert.Contains(frame.ToString(), found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FramesOfAllCpusAreFoundBeforeMemoryIsCalledShort()
    {
        using var world = new MemoryWorld(ramMiB: 4, cpus: 4);
        var taken = new List<FrameNumber>();
        while (world.Memory.Frames.TryAllocate(FrameUse.Anonymous, out var frame))
        {
            taken.Add(frame);
            world.Memory.CurrentCpu = (world.Memory.CurrentCpu + 1) % 4;
        }

        var zone = Assert.Single(world.Memory.Frames.Zones);
        Assert.InRange(zone.FreeFrames, zone.Watermarks.Min, zone.Watermarks.Min + 8);
        taken.ForEach(world.Memory.Frames.Release);
        Assert.Equal((long)taken.Count, world.Memory.Counters.Freed);
    }

    [Fact]
    public void FreeingAFrameDropsTheInstructionsDecodedFromIt()
    {
        using var world = new MemoryWorld();
        var dropped = new List<FrameNumber>();
        world.Physical.CodeFrameWritten = dropped.Add;
        var memory = world.MapAnonymous(1, MemoryWorld.ReadWrite | Protection.Execute);
        world.Space.TryWrite(memory, 0xC3);
        var frame = world.Space.LeafAt(memory).Frame;
        unsafe
        {
            world.Physical.HoldsCode[frame.Value] = 1;
        }

        world.Space.TryWrite(memory, 0x90);
        world.Space.Unmap(memory, Page.Size);

        Assert.Equal([frame, frame], dropped);
        world.Physical.CodeFrameWritten = null;
    }

    [Fact]
    public void KernelObjectsAreBoundedByRam()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var tasks = world.Memory.Slabs.Cache("task_struct", 9792);
        var slots = new List<Quire.Allocation.SlabSlot>();
        while (tasks.TryTake(out var slot))
        {
            slots.Add(slot);
        }

        Assert.InRange(slots.Count, 200, 430);
        Assert.True(world.Memory.Counters.SlabPages > 600);
        world.Memory.Audit();
        slots.ForEach(tasks.Return);
        Assert.True(world.Memory.DropCaches() > 600);
    }

    [Fact]
    public void MappingsOfAFrameAreKeptExactlyInWhateverOrderTheyGo()
    {
        using var world = new MemoryWorld();
        var map = world.Memory.ReverseMap;
        var entry = default(FrameEntry);
        var expected = new List<MappingLocation>();
        var random = new Random(7);
        var found = new List<MappingLocation>();
        for (uint step = 1; step < 500; step++)
        {
            if (expected.Count > 0 && random.Next(5) < 2)
            {
                var gone = expected[random.Next(expected.Count)];
                map.Remove(ref entry, gone);
                expected.Remove(gone);
            }
            else
            {
                var location = new MappingLocation(step, (ulong)random.Next() << Page.Shift);
                Assert.True(map.TryAdd(ref entry, location));
                expected.Add(location);
            }

            map.CopyTo(entry, found);
            Assert.Equal(expected.Count, entry.Mappings);
            Assert.Equal(expected.OrderBy(at => at.Value), found.OrderBy(at => at.Value));
        }

        expected.ForEach(location => map.Remove(ref entry, location));
        Assert.Throws<InvalidOperationException>(() => map.Remove(ref entry, new MappingLocation(1, 0)));
    }
}
