using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>mmap, munmap, mprotect: errors as Linux gives them (checked against Linux itself), and where things are put.</summary>
public sealed class MapCallTests
{
    private const Protection ReadWrite = MemoryWorld.ReadWrite;
    private const MapFlags Anonymous = MemoryWorld.PrivateAnonymous;
    private const ulong UserEnd = 0x7FFF_FFFF_F000;
    private const ulong P = Page.Size;

    [Theory]
    [InlineData(0, 0, Anonymous, 0, Errno.EINVAL)]
    [InlineData(0, P, Anonymous, 1, Errno.EINVAL)]
    [InlineData(0, ulong.MaxValue, Anonymous, 0, Errno.ENOMEM)]
    [InlineData(0, 0xFFFF_FFFF_FFFF_F000, Anonymous, 0, Errno.ENOMEM)]
    [InlineData(0, 1UL << 47, Anonymous, 0, Errno.ENOMEM)]
    [InlineData(0, P, MapFlags.Anonymous, 0, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.SharedValidate | MapFlags.Anonymous, 0, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Shared | MapFlags.Anonymous | MapFlags.GrowsDown, 0, Errno.EINVAL)]
    [InlineData(0x1234_5678_0001, P, Anonymous | MapFlags.Fixed, 0, Errno.EINVAL)]
    [InlineData(UserEnd, P, Anonymous | MapFlags.Fixed, 0, Errno.ENOMEM)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, P, Anonymous | MapFlags.Fixed, 0, Errno.ENOMEM)]
    [InlineData(0x1000, P, Anonymous | MapFlags.Fixed, 0, Errno.EPERM)]
    [InlineData(0, 2 << 20, Anonymous | MapFlags.HugePages, 0, Errno.ENOMEM)]
    [InlineData(0, 64 << 20, Anonymous, 0, Errno.ENOMEM)]
    public void WrongAnonymousMappingsFail(ulong hint, ulong length, MapFlags flags, ulong offset, Errno expected)
    {
        using var world = new MemoryWorld();

        MemoryWorld.Fails(expected, world.Space.Map(new MapRequest(new VirtualAddress(hint), length, ReadWrite, flags) { FileOffset = offset }));
        Assert.Equal(0, world.Space.RegionCount);
    }

    [Theory]
    [InlineData(true, false, ReadWrite, MapFlags.Shared, 0, Errno.EACCES)]
    [InlineData(false, true, Protection.Read, MapFlags.Shared, 0, Errno.EACCES)]
    [InlineData(false, true, Protection.Read, MapFlags.Private, 0, Errno.EACCES)]
    [InlineData(true, false, ReadWrite, MapFlags.Private, 0, Errno.None)]
    [InlineData(true, false, Protection.Read, MapFlags.Shared, 0, Errno.None)]
    [InlineData(true, true, ReadWrite, MapFlags.None, 0, Errno.EINVAL)]
    [InlineData(true, true, ReadWrite, (MapFlags)4, 0, Errno.EINVAL)]
    [InlineData(true, true, ReadWrite, MapFlags.SharedValidate | MapFlags.Sync, 0, Errno.ENOTSUP)]
    [InlineData(true, true, ReadWrite, MapFlags.Private | MapFlags.GrowsDown, 0, Errno.EINVAL)]
    [InlineData(true, true, ReadWrite, MapFlags.Private, 0xFFFF_FFFF_FFFF_F000, Errno.EOVERFLOW)]
    [InlineData(true, true, ReadWrite, MapFlags.Private, 0x7FFF_FFFF_FFFF_F000, Errno.EOVERFLOW)]
    [InlineData(true, true, ReadWrite, MapFlags.Private, 0x7FFF_FFFF_FFFF_E000, Errno.None)]
    public void FileMappingsObeyTheOpenMode(bool readable, bool writable, Protection protection, MapFlags flags, ulong offset, Errno expected)
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        file.IsReadable = readable;
        file.IsWritable = writable;

        MemoryWorld.Fails(expected, world.Space.Map(new MapRequest(default, P, protection, flags) { File = file, FileOffset = offset }));
        Assert.Equal(expected == Errno.None ? 1 : 0, file.References);
    }

    [Fact]
    public void AFileWithoutPagesCannotBeMapped()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        file.Pages = null;

        MemoryWorld.Fails(Errno.ENODEV, world.Space.Map(new MapRequest(default, P, Protection.Read, MapFlags.Private) { File = file }));
    }

    [Fact]
    public void FixedNoReplaceRefusesWhatIsTaken()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);
        const MapFlags flags = Anonymous | MapFlags.FixedNoReplace;

        MemoryWorld.Fails(Errno.EEXIST, world.Space.Map(new MapRequest(memory + P, P, ReadWrite, flags)));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.Map(new MapRequest(memory + 1, P, ReadWrite, flags)));
        Assert.Equal(memory - P, MemoryWorld.Succeed(world.Space.Map(new MapRequest(memory - P, P, ReadWrite, flags))));
    }

    [Fact]
    public void MappingsAreLaidOutDownwardsFromTheTopAndFillHoles()
    {
        using var world = new MemoryWorld();
        var top = world.Space.Layout.MapTop;
        Assert.Equal(0x7FFF_F7FF_F000UL, top.Value);

        var first = world.MapAnonymous(4);
        var second = world.MapAnonymous(2, Protection.Read);
        var third = world.MapAnonymous(1);
        world.Space.Unmap(second, 2 * P);

        Assert.Equal(top - (4 * P), first);
        Assert.Equal(first - (2 * P), second);
        Assert.Equal(second - P, third);
        Assert.Equal(second + P, world.MapAnonymous(1));
        Assert.Equal(third - (3 * P), world.MapAnonymous(3));
    }

    [Fact]
    public void AHintIsTakenWhenItIsFreeAndRoundedDownToAPage()
    {
        using var world = new MemoryWorld();
        var hint = new VirtualAddress(0x1_2345_6000);

        Assert.Equal(hint, MemoryWorld.Succeed(world.Space.Map(new MapRequest(hint + 5, P, ReadWrite, Anonymous))));
        Assert.NotEqual(hint, MemoryWorld.Succeed(world.Space.Map(new MapRequest(hint, P, ReadWrite, Anonymous))));
        Assert.Equal(0x1_0000UL, MemoryWorld.Succeed(world.Space.Map(new MapRequest(new VirtualAddress(0x1000), P, ReadWrite, Anonymous))).Value);
    }

    [Fact]
    public void NeighboursOfOneKindBecomeOneRegionAndPartsWithOtherRightsSplitIt()
    {
        using var world = new MemoryWorld();
        var upper = world.MapAnonymous(2);
        var lower = world.MapAnonymous(2);
        Assert.Equal(new VirtualRange(lower, upper + (2 * P)), Assert.Single(world.Space.Regions).Range);

        Assert.Equal(0, world.Space.Protect(lower + P, 2 * P, Protection.Read));
        Assert.Equal([Protection.Read | Protection.Write, Protection.Read, Protection.Read | Protection.Write], world.Space.Regions.Select(region => region.Protection));

        Assert.Equal(0, world.Space.Protect(lower + P, 2 * P, ReadWrite));
        Assert.Single(world.Space.Regions);
    }

    [Fact]
    public void MappingsOfConsecutiveFilePagesMergeAndOthersDoNot()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(4);
        var at = new VirtualAddress(0x1000_0000);
        MapRequest Request(ulong page, ulong offset) => new(at + (page * P), P, Protection.Read, MapFlags.Private | MapFlags.Fixed) { File = file, FileOffset = offset * P };

        world.Space.Map(Request(0, 0));
        world.Space.Map(Request(1, 1));
        world.Space.Map(Request(2, 3));

        Assert.Equal([0UL, 3 * P], world.Space.Regions.Select(region => region.Offset));
        Assert.Equal(2, file.References);
    }

    [Theory]
    [InlineData(1, P, Errno.EINVAL)]
    [InlineData(0, 0, Errno.EINVAL)]
    [InlineData(0, P, Errno.None)]
    [InlineData(-4096, P, Errno.None)]
    public void UnmapFailsOnlyOnWrongRanges(long offset, ulong length, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(expected, world.Space.Unmap(memory + (ulong)offset, length));
    }

    [Fact]
    public void UnmapBeyondUserSpaceFails()
    {
        using var world = new MemoryWorld();

        MemoryWorld.Fails(Errno.EINVAL, world.Space.Unmap(new VirtualAddress(UserEnd), P));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.Unmap(new VirtualAddress(UserEnd - P), 2 * P));
        MemoryWorld.Fails(Errno.EINVAL, world.Space.Unmap(new VirtualAddress(0xFFFF_FFFF_FFFF_F000), P));
    }

    [Theory]
    [InlineData(1, P, ReadWrite, Errno.EINVAL)]
    [InlineData(0, 0, ReadWrite, Errno.None)]
    [InlineData(0, 0, (Protection)77, Errno.None)]
    [InlineData(0, P, (Protection)64, Errno.EINVAL)]
    [InlineData(0, 0xFFFF_FFFF_FFFF_F000, (Protection)64, Errno.ENOMEM)]
    [InlineData(0, 5 * P, Protection.Read, Errno.ENOMEM)]
    [InlineData(-4096, 2 * P, Protection.Read, Errno.ENOMEM)]
    [InlineData(0, P, ReadWrite | Protection.GrowsDown, Errno.EINVAL)]
    [InlineData(0, P, ReadWrite | Protection.GrowsUp, Errno.EINVAL)]
    [InlineData(0, P, ReadWrite | Protection.GrowsUp | Protection.GrowsDown, Errno.EINVAL)]
    [InlineData(0, P, ReadWrite | Protection.Atomics, Errno.None)]
    public void ProtectChecksItsArguments(long offset, ulong length, Protection protection, Errno expected)
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(expected, world.Space.Protect(memory + (ulong)offset, length, protection));
    }

    [Fact]
    public void ASharedMappingOfAFileOpenForReadingNeverBecomesWritable()
    {
        using var world = new MemoryWorld();
        var file = world.NewFileOfPages(1);
        file.IsWritable = false;
        var memory = world.MapFile(file, Protection.Read, MapFlags.Shared);

        MemoryWorld.Fails(Errno.EACCES, world.Space.Protect(memory, P, ReadWrite));
        Assert.Equal(0, world.Space.Protect(memory, P, Protection.Read | Protection.Execute));
    }

    [Fact]
    public void ProtectionNoneKeepsThePagesForLater()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(1);
        world.Space.TryWrite(memory, 42);

        world.Space.Protect(memory, P, Protection.None);
        Assert.False(world.Space.TryRead(memory, out int _));
        Assert.Equal(1, world.Space.Counters.ResidentAnonymous);
        world.Memory.Audit();

        world.Space.Protect(memory, P, Protection.Read);
        Assert.True(world.Space.TryRead(memory, out int value));
        Assert.Equal(42, value);
    }

    [Fact]
    public void TheAddressSpaceLimitBindsAndReplacingAMappingDoesNotCountTwice()
    {
        using var world = new MemoryWorld();
        world.Limits.AddressSpace = 4 * P;
        var memory = world.MapAnonymous(4);

        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Map(new MapRequest(default, P, ReadWrite, Anonymous)));
        MemoryWorld.Succeed(world.Space.Map(new MapRequest(memory, 4 * P, ReadWrite, Anonymous | MapFlags.Fixed)));
    }

    [Fact]
    public void TheDataLimitCountsPrivateWritableMemoryOnly()
    {
        using var world = new MemoryWorld();
        world.Limits.Data = 2 * P;

        world.MapAnonymous(10, Protection.Read);
        world.MapAnonymous(10, ReadWrite, MemoryWorld.SharedAnonymous);
        var memory = world.MapAnonymous(2);
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Map(new MapRequest(default, P, ReadWrite, Anonymous)));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Map(new MapRequest(memory - P, P, Protection.Read, Anonymous | MapFlags.Fixed)) < 0
            ? -1 : world.Space.Protect(memory - P, P, ReadWrite));
    }

    [Fact]
    public void NoMoreRegionsThanTheLimit()
    {
        using var world = new MemoryWorld(options: new KernelMemoryOptions { MaximumRegions = 3 });
        var memory = world.MapAnonymous(5);

        Assert.Equal(0, world.Space.Protect(memory + P, P, Protection.Read));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Protect(memory + (3 * P), P, Protection.Read));
        MemoryWorld.Fails(Errno.ENOMEM, world.Space.Unmap(memory + (3 * P), P));
        Assert.Equal(0, world.Space.Unmap(memory, 5 * P));
    }

    [Fact]
    public void WhatIsPromisedIsGivenBackWithTheMapping()
    {
        using var world = new MemoryWorld();
        var memory = world.MapAnonymous(8);
        var readOnly = world.MapAnonymous(8, Protection.Read, Anonymous | MapFlags.NoReserve);
        world.Space.Protect(readOnly, 8 * P, ReadWrite);
        var shared = world.MapAnonymous(4, ReadWrite, MemoryWorld.SharedAnonymous);

        Assert.Equal(12, world.Memory.Counters.Committed);
        world.Space.Unmap(memory, 4 * P);
        world.Space.Unmap(shared, 4 * P);
        Assert.Equal(4, world.Memory.Counters.Committed);
    }
}
