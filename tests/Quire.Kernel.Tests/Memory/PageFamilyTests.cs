using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class PageFamilyTests
{
    private const ulong P = Page.Size;
    private const PageFaultError Write = PageFaultError.User | PageFaultError.Write;
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Fact]
    public void NeighboursThatWereWrittenApartStayApart()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(3);
        world.Space.Unmap(memory + P, P);
        world.Space.HandleFault(memory, Write);
        world.Space.HandleFault(memory + (2 * P), Write);

        world.Space.Map(new MapRequest(memory + P, P, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed));

        Assert.Equal((memory, memory + (2 * P)), Bounds(world, memory));
        Assert.Equal((memory + (2 * P), memory + (3 * P)), Bounds(world, memory + (2 * P)));
    }

    [Fact]
    public void NeighboursOfWhichOneWasWrittenJoin()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(3);
        world.Space.HandleFault(memory, Write);
        world.Space.Protect(memory + P, P, Protection.Read);

        world.Space.Protect(memory + P, P, ReadWrite);

        Assert.Equal((memory, memory + (3 * P)), Bounds(world, memory));
    }

    [Fact]
    public void MemoryThatWasNeverWrittenGivesItsPromiseBackWhenItCannotBeWrittenAnyMore()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);
        var promised = world.Memory.Overcommit.Committed;

        world.Space.Protect(memory, 2 * P, Protection.Read);
        world.Space.HandleFault(memory + (2 * P), Write);
        world.Space.Protect(memory + (2 * P), 2 * P, Protection.None);

        Assert.Equal(promised - 2, world.Memory.Overcommit.Committed);
    }

    private static (VirtualAddress Start, VirtualAddress End) Bounds(MemoryWorld world, VirtualAddress address)
    {
        var range = world.Space.FindRegion(address)!.Range;
        return (range.Start, range.End);
    }
}
