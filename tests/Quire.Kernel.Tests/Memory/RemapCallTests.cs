using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>mremap: errors as Linux 6.1 gives them, and what moves.</summary>
public sealed class RemapCallTests
{
    private const RemapFlags Move = RemapFlags.MayMove;
    private const RemapFlags Fixed = RemapFlags.MayMove | RemapFlags.Fixed;
    private const ulong P = Page.Size;

    [Theory]
    [InlineData(0, P, P, (RemapFlags)8, 0, Errno.EINVAL)]
    [InlineData(0, P, P, RemapFlags.Fixed, 0, Errno.EINVAL)]
    [InlineData(0, P, 2 * P, RemapFlags.DontUnmap | Move, 0, Errno.EINVAL)]
    [InlineData(0, P, P, RemapFlags.DontUnmap, 0, Errno.EINVAL)]
    [InlineData(1, P, P, RemapFlags.None, 0, Errno.EINVAL)]
    [InlineData(0, P, 0, RemapFlags.None, 0, Errno.EINVAL)]
    [InlineData(-4096, P, 2 * P, Move, 0, Errno.EFAULT)]
    [InlineData(0, 5 * P, 6 * P, Move, 0, Errno.EFAULT)]
    [InlineData(0, 0, P, Move, 0, Errno.EINVAL)]
    [InlineData(0, P, 2 * P, RemapFlags.None, 0, Errno.ENOMEM)]
    [InlineData(0, P, 1UL << 46, Move, 0, Errno.ENOMEM)]
    [InlineData(0, 2 * P, 2 * P, Fixed, P, Errno.EINVAL)]
    [InlineData(0, P, P, Fixed, (8 * P) + 1, Errno.EINVAL)]
    [InlineData(0, P, 1UL << 47, Fixed, 0x10_0000, Errno.EINVAL)]
    [InlineData(-4096, P, P, Fixed, 0x100_0000, Errno.EFAULT)]
    public void WrongUseFails(long offset, ulong oldLength, ulong newLength, RemapFlags flags, ulong targetOffset, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = MapBetweenHoles(world, 4);

        MemoryWorld.Fails(expected, world.Space.Remap(memory + (ulong)offset, oldLength, newLength, flags, memory + targetOffset));
    }

    [Fact]
    public void ShrinkingUnmapsTheTailWhateverLiesThere()
    {
        using var world = new MemoryWorld();
        var memory = MapBetweenHoles(world, 4);

        Assert.Equal(memory, MemoryWorld.Succeed(world.Space.Remap(memory, 5 * P, P, RemapFlags.None, default)));
        Assert.Equal(P, Assert.Single(world.Space.Regions).Range.Length);
    }

    [Fact]
    public void GrowthStaysInPlaceWhenThereIsRoom()
    {
        using var world = new MemoryWorld();
        var memory = MapBetweenHoles(world, 4);
        world.Space.TryWrite(memory, 7);

        Assert.Equal(memory, MemoryWorld.Succeed(world.Space.Remap(memory, 4 * P, 5 * P, RemapFlags.None, default)));
        Assert.True(world.Space.TryWrite(memory + (4 * P), 8));
        Assert.Single(world.Space.Regions);
    }

    [Fact]
    public void MovedPagesKeepTheirFramesAndTheOldPlaceIsGone()
    {
        using var world = new MemoryWorld();
        var memory = MapBetweenHoles(world, 4);
        MemoryWorld.Succeed(world.Space.Map(new MapRequest(memory + (4 * P), P, Protection.Read, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));
        world.Space.TryWrite(memory + P, 7);
        var frame = world.Space.LeafAt(memory + P).Frame;

        var moved = MemoryWorld.Succeed(world.Space.Remap(memory, 4 * P, 600 * P, Move, default));

        Assert.NotEqual(memory, moved);
        Assert.Equal(frame, world.Space.LeafAt(moved + P).Frame);
        Assert.True(world.Space.TryRead(moved + P, out int value));
        Assert.Equal(7, value);
        Assert.False(world.Space.TryRead(memory + P, out value));
        Assert.Equal(1, world.Space.Counters.ResidentAnonymous);
        Assert.Equal(601, world.Space.Counters.TotalPages);
    }

    [Fact]
    public void DontUnmapLeavesTheOldRegionEmpty()
    {
        using var world = new MemoryWorld();
        var cpu = world.RunOn(0, world.Space);
        var memory = world.MapAnonymous(2);
        cpu.TryStore(world.Space, memory, 9);

        var moved = MemoryWorld.Succeed(world.Space.Remap(memory, 2 * P, 2 * P, Move | RemapFlags.DontUnmap, default));

        Assert.True(cpu.TryLoad(world.Space, moved, out var there) && cpu.TryLoad(world.Space, memory, out var here) && there == 9 && here == 0);
    }

    [Fact]
    public void AnOldLengthOfZeroMapsSharedPagesASecondTime()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Remap(memory, 0, 2 * P, RemapFlags.None, default));

        var second = MemoryWorld.Succeed(world.Space.Remap(memory, 0, 2 * P, Move, default));
        world.Space.TryWrite(second + P, 5);

        Assert.True(world.Space.TryRead(memory + P, out int value));
        Assert.Equal(5, value);
    }

    [Fact]
    public void FramesThatFamilyMembersShareMoveInOneOfThemOnly()
    {
        using var world = new MemoryWorld();
        var memory = MapBetweenHoles(world, 2);
        world.Space.TryWrite(memory, 1);
        var children = Enumerable.Range(2, 3).Select(id => world.Space.TryFork(world.Limits, id)!).ToArray();

        var moved = MemoryWorld.Succeed(children[1].Remap(memory, 2 * P, 2 * P, Fixed, memory + (64 * P)));

        world.Memory.Audit();
        Assert.True(children[1].TryRead(moved, out int value) && value == 1);
        Assert.True(children[0].TryRead(memory, out value) && value == 1);
        Assert.Equal(children[0].LeafAt(memory).Frame, children[1].LeafAt(moved).Frame);
    }

    private static VirtualAddress MapBetweenHoles(MemoryWorld world, ulong pages) => MemoryWorld.Succeed(world.Space.Map(
        new MapRequest(new VirtualAddress(0x2000_0000), pages * P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));
}
