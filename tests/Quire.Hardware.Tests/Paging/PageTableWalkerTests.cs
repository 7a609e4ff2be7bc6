using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Paging;

/// <summary>Tables made by hand: frame 1 is the PML4, 2 the page-directory-pointer table, 3 the page directory, 4 the page table, 5 the page.</summary>
public sealed unsafe class PageTableWalkerTests : IDisposable
{
    private const ulong Address = (3UL << 39) | (5UL << 30) | (7UL << 21) | (9UL << 12) | 0x123;
    private const ulong All = 7;
    private const ulong Accessed = PageTableEntry.AccessedBit;
    private const ulong Dirty = PageTableEntry.DirtyBit;
    private const ulong Huge = PageTableEntry.HugeBit;
    private const ulong NoExecute = PageTableEntry.NoExecuteBit;

    private readonly PhysicalMemory _memory = new(ByteSize.FromMiB(4));
    private PageWalk _walk;

    public PageTableWalkerTests()
    {
        Level(4) = (2UL << 12) | All;
        Level(3) = (3UL << 12) | All;
        Level(2) = (4UL << 12) | All;
        Level(1) = (5UL << 12) | All;
    }

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void ReadReachesTheByteAndMarksAllFourEntriesAccessed()
    {
        Assert.True(Walk(AccessKind.Read));
        Assert.Equal(new PhysicalAddress(0x5123), _walk.Locate(Address));
        Assert.Equal(4, _walk.References);
        Assert.Equal(PageSize.Size4K, _walk.Size);
        Assert.Equal([Accessed, Accessed, Accessed, Accessed], Marks());
    }

    [Fact]
    public void WriteMarksOnlyTheLeafDirty()
    {
        Assert.True(Walk(AccessKind.Write));
        Assert.Equal([Accessed, Accessed, Accessed, Accessed | Dirty], Marks());
    }

    [Fact]
    public void FetchMarksAccessedOnly()
    {
        Assert.True(Walk(AccessKind.Fetch));
        Assert.Equal([Accessed, Accessed, Accessed, Accessed], Marks());
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(3, 2)]
    [InlineData(2, 3)]
    [InlineData(1, 4)]
    public void AbsentEntryFaultsWithoutThePresentBitAndMarksNothing(int level, int references)
    {
        Level(level) &= ~1UL;
        Assert.Equal(PageFaultError.User, Fault(AccessKind.Read));
        Assert.Equal(PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
        Assert.Equal(PageFaultError.User | PageFaultError.Fetch, Fault(AccessKind.Fetch));
        Assert.Equal(references, _walk.References);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void ReadOnlyAtAnyLevelStopsWritesOnly(int level)
    {
        Level(level) &= ~PageTableEntry.WritableBit;
        Assert.Equal(PageFaultError.Present | PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
        Assert.True(Walk(AccessKind.Read));
        Assert.True(Walk(AccessKind.Fetch));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void SupervisorAtAnyLevelStopsEverything(int level)
    {
        Level(level) &= ~PageTableEntry.UserBit;
        Assert.Equal(PageFaultError.Present | PageFaultError.User, Fault(AccessKind.Read));
        Assert.Equal(PageFaultError.Present | PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
        Assert.Equal(PageFaultError.Present | PageFaultError.User | PageFaultError.Fetch, Fault(AccessKind.Fetch));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void NoExecuteAtAnyLevelStopsFetchesOnly(int level)
    {
        Level(level) |= NoExecute;
        Assert.Equal(PageFaultError.Present | PageFaultError.User | PageFaultError.Fetch, Fault(AccessKind.Fetch));
        Assert.True(Walk(AccessKind.Read));
        Assert.True(Walk(AccessKind.Write));
    }

    [Theory]
    [InlineData(4, 1UL << 44)]
    [InlineData(4, 1UL << 51)]
    [InlineData(4, Huge)]
    [InlineData(3, 1UL << 47)]
    [InlineData(3, Huge | (1UL << 13))]
    [InlineData(3, Huge | (1UL << 29))]
    [InlineData(2, 1UL << 50)]
    [InlineData(2, Huge | (1UL << 13))]
    [InlineData(2, Huge | (1UL << 20))]
    [InlineData(1, 1UL << 44)]
    public void ReservedBitFaultsAsSuch(int level, ulong bit)
    {
        Level(level) = (Level(level) & ~0xF000UL) | bit;
        Assert.Equal(PageFaultError.Present | PageFaultError.Reserved | PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void FramesBeyondRamAreReserved(int level)
    {
        Level(level) = ((ulong)_memory.FrameCount << 12) | All;
        Assert.Equal(PageFaultError.Present | PageFaultError.Reserved | PageFaultError.User, Fault(AccessKind.Read));
    }

    [Fact]
    public void AbsenceIsReportedBeforeReservedBitsBelowAndRightsAbove()
    {
        Level(4) &= ~PageTableEntry.WritableBit;
        Level(1) = 1UL << 50;
        Assert.Equal(PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
        Level(1) = (1UL << 50) | 1;
        Assert.Equal(PageFaultError.Present | PageFaultError.Reserved | PageFaultError.User | PageFaultError.Write, Fault(AccessKind.Write));
    }

    [Fact]
    public void SoftwareBitsAndProtectionKeyAreIgnored()
    {
        Level(1) |= PageTableEntry.SoftwareBits | (15UL << PageTableEntry.ProtectionKeyShift);
        Level(4) |= PageTableEntry.SoftwareBits;
        Assert.True(Walk(AccessKind.Write));
        Assert.Equal(new PhysicalAddress(0x5123), _walk.Locate(Address));
    }

    [Fact]
    public void TwoMegabyteLeafTakesThreeReferencesAndIgnoresItsPatBit()
    {
        Level(2) = 0x20_0000UL | (1UL << 12) | Huge | All;
        Assert.True(Walk(AccessKind.Write));
        Assert.Equal(new PhysicalAddress(0x20_0000 + (9UL << 12) + 0x123), _walk.Locate(Address));
        Assert.Equal(3, _walk.References);
        Assert.Equal(PageSize.Size2M, _walk.Size);
        Assert.Equal([Accessed, Accessed, Accessed | Dirty, 0UL], Marks());
    }

    [Fact]
    public void OneGigabyteLeafTakesTwoReferences()
    {
        using var memory = new PhysicalMemory(ByteSize.FromMiB(1024));
        *(ulong*)(memory.Base + 0x1000 + (3 * 8)) = 0x2000 | All;
        *(ulong*)(memory.Base + 0x2000 + (5 * 8)) = Huge | All | PageTableEntry.GlobalBit;
        Assert.True(new PageTableWalker(memory).TryWalk(new PhysicalAddress(0x1000), Address, AccessKind.Read, ref _walk));
        Assert.Equal(new PhysicalAddress((7UL << 21) + (9UL << 12) + 0x123), _walk.Locate(Address));
        Assert.Equal(2, _walk.References);
        Assert.Equal(PageSize.Size1G, _walk.Size);
        Assert.True(_walk.Global);
    }

    [Fact]
    public void OneGigabyteLeafThatRamCannotHoldIsReserved()
    {
        Level(3) = Huge | All;
        Assert.Equal(PageFaultError.Present | PageFaultError.Reserved | PageFaultError.User, Fault(AccessKind.Read));
    }

    private ref ulong Level(int level)
    {
        var index = (Address >> (3 + (9 * level))) & 511;
        return ref *((ulong*)_memory.Pointer(new FrameNumber((uint)(5 - level))) + index);
    }

    private bool Walk(AccessKind kind) => new PageTableWalker(_memory).TryWalk(new PhysicalAddress(0x1000), Address, kind, ref _walk);

    /// <summary>The error code of a walk that has to fault, and to leave the tables as they are.</summary>
    private PageFaultError Fault(AccessKind kind)
    {
        var before = Marks();
        Assert.False(Walk(kind));
        Assert.Equal(before, Marks());
        return _walk.Error;
    }

    private ulong[] Marks() => [.. new[] { 4, 3, 2, 1 }.Select(level => Level(level) & (Accessed | Dirty))];
}
