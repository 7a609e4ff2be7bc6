using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class ForkTests
{
    private const PageFaultError WriteToPresent = PageFaultError.User | PageFaultError.Write | PageFaultError.Present;
    private const ulong P = Page.Size;

    [Fact]
    public void WriteAfterForkCopiesOnlyThatPage()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(3);
        world.Space.CopyToGuest(memory, Enumerable.Repeat((byte)5, (int)(3 * P)).ToArray());
        var child = world.Space.TryFork(world.Limits, 2)!;

        child.TryWrite(memory + P, (byte)6);

        Assert.Equal(1, world.Memory.Counters.PagesCopied);
        Assert.Equal(4, world.Memory.Counters.AnonymousPages);
        Assert.Equal(world.Space.LeafAt(memory).Frame, child.LeafAt(memory).Frame);
        Assert.NotEqual(world.Space.LeafAt(memory + P).Frame, child.LeafAt(memory + P).Frame);
        Assert.True(world.Space.TryRead(memory + P, out byte parents) && parents == 5);
        Assert.True(child.TryRead(memory + P, out byte childs) && childs == 6);
    }

    [Fact]
    public void TheLastOwnerTakesThePageOverWithoutACopy()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1);
        world.Space.TryWrite(memory, 1);
        var frame = world.Space.LeafAt(memory).Frame;
        world.Space.TryFork(world.Limits, 2)!.Release();

        Assert.Equal(FaultKind.CopyOnWrite, world.Space.HandleFault(memory, WriteToPresent).Kind);

        Assert.Equal(frame, world.Space.LeafAt(memory).Frame);
        Assert.Equal(0, world.Memory.Counters.PagesCopied);
        Assert.Equal(1, world.Memory.Counters.CopyOnWriteReused);
    }

    [Fact]
    public void TheParentsCpuNoLongerWritesToPagesThatTheChildSees()
    {
        using var world = new MemoryWorld(cpus: 2);
        var memory = world.MapAnonymous(1);
        world.RunOn(0, world.Space).TryStore(world.Space, memory, 1);
        world.RunOn(1, world.Space).TryStore(world.Space, memory, 2);

        var child = world.Space.TryFork(world.Limits, 2)!;
        Assert.True(world.Memory.Counters.Shootdowns > 0);
        world.RunOn(0, world.Space).TryStore(world.Space, memory, 3);

        Assert.True(child.TryRead(memory, out ulong value));
        Assert.Equal(2UL, value);
        Assert.True(world.RunOn(1, world.Space).TryLoad(world.Space, memory, out value));
        Assert.Equal(3UL, value);
    }

    [Fact]
    public void SharedMappingsStayShared()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
        var child = world.Space.TryFork(world.Limits, 2)!;

        child.TryWrite(memory, 42);

        Assert.True(world.Space.TryRead(memory, out int value));
        Assert.Equal(42, value);
    }

    [Fact]
    public void AdviceDecidesWhatTheChildGets()
    {
        using var world = new MemoryWorld();
        var kept = world.MapAnonymous(3);
        world.Space.CopyToGuest(kept, Enumerable.Repeat((byte)5, (int)(3 * P)).ToArray());
        world.Space.Advise(kept + P, P, MemoryAdvice.DontFork);
        world.Space.Advise(kept + (2 * P), P, MemoryAdvice.WipeOnFork);

        var child = world.Space.TryFork(world.Limits, 2)!;

        Assert.True(child.TryRead(kept, out byte value) && value == 5);
        Assert.False(child.TryRead(kept + P, out value));
        Assert.True(child.TryRead(kept + (2 * P), out value) && value == 0);
    }

    [Fact]
    public void LocksAreNotInherited()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2);
        world.Space.Lock(memory, 2 * P, LockFlags.None);

        var child = world.Space.TryFork(world.Limits, 2)!;

        Assert.Equal(0, child.Counters.LockedPages);
        Assert.Equal(2, child.Counters.ResidentAnonymous);
    }

    [Fact]
    public void FilePagesWithoutPrivateCopiesAreNotCopiedIntoTheChildsTables()
    {
        using var world = new MemoryWorld();
        var memory = world.MapFile(world.NewFileOfPages(4), Protection.Read, MapFlags.Private);
        world.Space.TryRead(memory, out byte _);

        var child = world.Space.TryFork(world.Limits, 2)!;

        Assert.Equal(0, child.Counters.Resident);
        Assert.True(child.TryRead(memory + P, out byte value) && value == 2);
        Assert.Equal(1, child.Counters.MinorFaults);
    }

    [Fact]
    public void ForkThatRunsOutOfMemoryLeavesEverythingAsItWas()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var memory = world.MapAnonymous(700);
        for (ulong page = 0; page < 700; page++)
        {
            Assert.True(world.Space.TryWrite(memory + (page << Page.Shift), page));
        }

        var children = new List<AddressSpace>();
        while (world.Space.TryFork(world.Limits, 2) is { } child)
        {
            children.Add(child);
            world.Memory.Audit();
        }

        world.Memory.Audit();
        Assert.InRange(children.Count, 1, 300);
        children.ForEach(child => child.Release());
        Assert.True(world.Space.TryWrite(memory, 1UL));
        Assert.True(world.Space.TryRead(memory + (699 << Page.Shift), out ulong last) && last == 699);
    }

    [Fact]
    public void ManyGenerationsShareAndPartInAnyOrder()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(8);
        var random = new Random(1);
        var family = new List<(AddressSpace Space, ulong[] Values)> { (world.Space, new ulong[8]) };
        for (ulong step = 1; step < 400; step++)
        {
            var (space, values) = family[random.Next(family.Count)];
            if (random.Next(4) == 0 && family.Count < 12)
            {
                family.Add((space.TryFork(world.Limits, 2)!, [.. values]));
            }
            else if (random.Next(5) == 0 && family.Count > 1)
            {
                var index = random.Next(family.Count);
                family[index].Space.Release();
                family.RemoveAt(index);
            }
            else
            {
                var page = random.Next(8);
                space.TryWrite(memory + ((ulong)page << Page.Shift), step);
                values[page] = step;
            }
        }

        world.Memory.Audit();
        foreach (var (space, values) in family)
        {
            for (ulong page = 0; page < 8; page++)
            {
                Assert.True(space.TryRead(memory + (page << Page.Shift), out ulong value));
                Assert.Equal(values[page], value);
            }
        }
    }
}
