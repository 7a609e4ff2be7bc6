using System.Text;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class UserAccessTests
{
    private const ulong P = Page.Size;

    [Fact]
    public void CopiesCrossPagesAndStopAtTheFirstUnreachableByte()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2);
        var bytes = Enumerable.Range(0, 5000).Select(i => (byte)(i * 7)).ToArray();

        Assert.Equal(5000, world.Space.CopyToGuest(memory + 100, bytes));
        var back = new byte[5000];
        Assert.Equal(5000, world.Space.CopyFromGuest(memory + 100, back));
        Assert.Equal(bytes, back);
        Assert.Equal(4000, world.Space.CopyToGuest(memory + (2 * P) - 4000, bytes));
        Assert.Equal(0, world.Space.CopyFromGuest(memory + (2 * P), back));
        Assert.Equal(4096UL, world.Space.ClearGuest(memory + P, 3 * P));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(8UL)]
    [InlineData(0x7FFF_FFFF_EFFFUL)]
    [InlineData(0x7FFF_FFFF_F000UL)]
    [InlineData(0x8000_0000_0000UL)]
    [InlineData(0xFFFF_8000_0000_0000UL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFF8UL)]
    [InlineData(ulong.MaxValue)]
    public void NoAddressIsTooWild(ulong address)
    {
        using var world = new MemoryWorld();
        var at = new VirtualAddress(address);

        Assert.Equal(0, world.Space.CopyToGuest(at, new byte[100]));
        Assert.Equal(0, world.Space.CopyFromGuest(at, new byte[100]));
        Assert.False(world.Space.TryRead(at, out ulong _));
        Assert.False(world.Space.TryWrite(at, 0UL));
        Assert.Equal(Errno.EFAULT, world.Space.ReadString(at, 10, out _));
        Assert.False(world.Space.TryGetFutexKey(at, FutexScope.Shared, out _));
        Assert.False(world.Space.HandleFault(at, Quire.Hardware.Cpu.PageFaultError.User).IsResolved);
    }

    [Fact]
    public void StringsEndAtTheirNulEvenAtTheEndOfMemory()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2);
        world.Space.CopyToGuest(memory + P - 3, "hello\0"u8);
        world.Space.CopyToGuest(memory + (2 * P) - 3, "ab\0"u8);
        world.Space.CopyToGuest(memory, Enumerable.Repeat((byte)'x', 20).ToArray());

        Assert.Equal(Errno.None, world.Space.ReadString(memory + P - 3, 100, out var text));
        Assert.Equal("hello", Encoding.ASCII.GetString(text));
        Assert.Equal(Errno.None, world.Space.ReadString(memory + (2 * P) - 3, 100, out text));
        Assert.Equal(2, text.Length);
        Assert.Equal(Errno.ENAMETOOLONG, world.Space.ReadString(memory, 20, out _));
        world.Space.TryWrite(memory + (2 * P) - 1, (byte)'c');
        Assert.Equal(Errno.EFAULT, world.Space.ReadString(memory + (2 * P) - 3, 100, out _));
    }

    [Fact]
    public void TheKernelObeysTheProgramsRightsUnlessItWritesAsADebugger()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        var memory = world.MapFile(file, Protection.Read | Protection.Execute, MapFlags.Private);
        world.Space.TryRead(memory, out byte _);

        Assert.False(world.Space.TryWrite(memory, (byte)0xCC));
        Assert.Equal(1, world.Space.ForceCopyToGuest(memory, [0xCC]));
        Assert.True(world.Space.TryRead(memory, out byte value) && value == 0xCC);
        Assert.False(world.Space.LeafAt(memory).Writable);
        Assert.Equal(1, file.Contents[0]);
    }

    [Fact]
    public void FutexWordsInSharedMemoryHaveOneNameInAllProcesses()
    {
        using var world = new MemoryWorld();
        var shared = world.MapAnonymous(1, MemoryWorld.ReadWrite, MemoryWorld.SharedAnonymous);
        var own = world.MapAnonymous(1);
        var child = world.Space.TryFork(world.Limits, 2)!;

        FutexKey Key(AddressSpace space, VirtualAddress at, FutexScope scope) => space.TryGetFutexKey(at, scope, out var key) ? key : default;

        Assert.Equal(Key(world.Space, shared + 8, FutexScope.Shared), Key(child, shared + 8, FutexScope.Shared));
        Assert.NotEqual(Key(world.Space, shared + 8, FutexScope.Shared), Key(child, shared + 12, FutexScope.Shared));
        Assert.NotEqual(Key(world.Space, own, FutexScope.Shared), Key(child, own, FutexScope.Shared));
        Assert.NotEqual(Key(world.Space, shared, FutexScope.AddressSpace), Key(child, shared, FutexScope.AddressSpace));
    }
}
