using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class FaultTests
{
    private const PageFaultError Read = PageFaultError.User;
    private const PageFaultError Write = PageFaultError.User | PageFaultError.Write;
    private const PageFaultError Fetch = PageFaultError.User | PageFaultError.Fetch;

    [Fact]
    public void FirstReadOfAnonymousMemoryMapsTheSharedZeroPageAndCountsNothingAsResident()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2);

        var result = world.Space.HandleFault(memory, Read);
        world.Space.HandleFault(memory + Page.Size, Read);

        Assert.Equal(FaultKind.ZeroPage, result.Kind);
        Assert.Equal(world.Space.LeafAt(memory).Frame, world.Space.LeafAt(memory + Page.Size).Frame);
        Assert.Equal(0, world.Space.Counters.Resident);
        Assert.Equal(2, world.Space.Counters.MinorFaults);
    }

    [Fact]
    public void FirstWriteGivesAZeroedFrameOfItsOwn()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(2);

        Assert.True(world.Space.HandleFault(memory, Read).IsResolved);
        Assert.Equal(FaultKind.Zero | FaultKind.ZeroPageWrite, world.Space.HandleFault(memory, Write).Kind);
        Assert.Equal(FaultKind.Zero, world.Space.HandleFault(memory + Page.Size, Write).Kind);

        var leaf = world.Space.LeafAt(memory);
        Assert.True(leaf is { Writable: true, Dirty: true, Accessed: true, User: true, NoExecute: true });
        Assert.NotEqual(leaf.Frame, world.Space.LeafAt(memory + Page.Size).Frame);
        Assert.Equal(2, world.Space.Counters.ResidentAnonymous);
        Assert.DoesNotContain(world.Physical.Read(leaf.Frame).ToArray(), value => value != 0);
    }

    [Fact]
    public void AFrameThatWasUsedBeforeIsZeroedForItsNextOwner()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1);
        world.Space.TryWrite(memory, ulong.MaxValue);
        world.Space.Unmap(memory, Page.Size);

        memory = world.MapAnonymous(1);
        world.Space.HandleFault(memory, Write);

        Assert.True(world.Space.TryRead(memory, out ulong value));
        Assert.Equal(0UL, value);
    }

    [Theory]
    [InlineData(Protection.Read, Write)]
    [InlineData(Protection.Read, Fetch)]
    [InlineData(Protection.Read | Protection.Write, Fetch)]
    [InlineData(Protection.None, Read)]
    [InlineData(Protection.Execute, Write)]
    public void AnAccessThatTheRegionForbidsIsDenied(Protection protection, PageFaultError error)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1, protection);

        Assert.Equal(FaultOutcome.AccessDenied, world.Space.HandleFault(memory, error).Outcome);
        Assert.Equal(0, world.Space.Counters.MinorFaults);
    }

    [Theory]
    [InlineData(Protection.Write)]
    [InlineData(Protection.Execute)]
    public void WhatCanBeWrittenOrExecutedCanBeRead(Protection protection)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1, protection);

        Assert.True(world.Space.HandleFault(memory, Read).IsResolved);
    }

    [Fact]
    public void AnAddressInNoRegionIsNotMapped()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1);

        Assert.Equal(FaultOutcome.NotMapped, world.Space.HandleFault(memory + Page.Size, Read).Outcome);
        Assert.Equal(FaultOutcome.NotMapped, world.Space.HandleFault(default, Write).Outcome);
        Assert.Equal(FaultOutcome.NotMapped, world.Space.HandleFault(new VirtualAddress(ulong.MaxValue), Read).Outcome);
    }

    [Fact]
    public void FilePagesFaultMajorOnceAndMinorWhenCached()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(3);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Private);

        Assert.Equal(FaultKind.File | FaultKind.Major, world.Space.HandleFault(memory, Read).Kind);
        Assert.Equal(FaultKind.File, world.Space.HandleFault(memory + Page.Size, Read).Kind);
        Assert.Equal(3, file.Reads);
        Assert.True(world.Space.TryRead(memory + Page.Size, out byte second));
        Assert.Equal(2, second);
        Assert.True(world.Memory.TakeDeviceDebt() > VirtualTime.Zero);
    }

    [Fact]
    public void BeyondTheEndOfTheFileIsABusError()
    {
        using var world = new MemoryWorld();
        var file = world.NewFile(1, 2, 3);
        var memory = world.MapFile(file, Protection.Read, MapFlags.Shared, pages: 2);

        Assert.True(world.Space.HandleFault(memory, Read).IsResolved);
        Assert.Equal(FaultOutcome.BusError, world.Space.HandleFault(memory + Page.Size, Read).Outcome);
    }

    [Fact]
    public void AFileThatCannotBeReadIsABusError()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        file.ReadError = Errno.EIO;
        var memory = world.MapFile(file, Protection.Read, MapFlags.Private);

        Assert.Equal(FaultOutcome.BusError, world.Space.HandleFault(memory, Read).Outcome);
    }

    [Fact]
    public void AWriteToAPrivateFilePageCopiesItAndLeavesTheFileAlone()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(2);
        var memory = world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Private);

        Assert.Equal(FaultKind.File | FaultKind.Major | FaultKind.CopyOnWrite, world.Space.HandleFault(memory, Write).Kind);
        world.Space.TryWrite(memory, (byte)99);

        var cached = new byte[1];
        file.Pages!.ReadBytes(0, cached);
        Assert.Equal(1, cached[0]);
        Assert.True(world.Space.TryRead(memory + 1, out byte copied));
        Assert.Equal(1, copied);
        Assert.Equal(1, world.Space.Counters.ResidentAnonymous);
    }

    [Fact]
    public void TheStackGrowsOnFaultsUpToItsLimitAndNoFurther()
    {
        using var world = new MemoryWorld();
        world.Limits.Stack = 1 << 20;
        var low = MemoryWorld.Succeed(world.Space.MapStack(Page.Size, MemoryWorld.ReadWrite));
        var top = world.Space.Layout.StackTop;

        Assert.Equal(FaultKind.StackGrowth | FaultKind.Zero, world.Space.HandleFault(low - 1, Write).Kind);
        Assert.True(world.Space.HandleFault(top - (1 << 20), Write).IsResolved);
        Assert.Equal(FaultOutcome.NotMapped, world.Space.HandleFault(top - (1 << 20) - 1, Write).Outcome);
        Assert.Equal(256, world.Space.Counters.StackPages);
    }

    [Fact]
    public void TheStackDoesNotGrowIntoTheGuardGapAboveAnotherRegion()
    {
        using var world = new MemoryWorld();
        var low = MemoryWorld.Succeed(world.Space.MapStack(Page.Size, MemoryWorld.ReadWrite));
        var below = low - AddressLayout.StackGuardGap - (2 * Page.Size);
        MemoryWorld.Succeed(world.Space.Map(new MapRequest(below, Page.Size, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous | MapFlags.Fixed)));

        Assert.True(world.Space.HandleFault(low - Page.Size, Write).IsResolved);
        Assert.Equal(FaultOutcome.NotMapped, world.Space.HandleFault(low - Page.Size - 1, Write).Outcome);
    }

    [Fact]
    public void WhenFramesRunOutAnonymousFaultsSayOutOfMemory()
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var memory = world.MapAnonymous(1000);
        var outcome = FaultOutcome.Resolved;
        ulong page = 0;
        for (; page < 1000 && outcome == FaultOutcome.Resolved; page++)
        {
            outcome = world.Space.HandleFault(memory + (page << Page.Shift), Write).Outcome;
        }

        Assert.Equal(FaultOutcome.OutOfMemory, outcome);
        Assert.InRange(page, 800UL, 1000UL);
        world.Memory.Audit();
        world.Space.Unmap(memory, 1000 << Page.Shift);
        Assert.True(world.Space.HandleFault(world.MapAnonymous(1), Write).IsResolved);
    }
}
