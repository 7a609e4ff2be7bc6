using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Paging;

public sealed unsafe class X64PageTableHugeTests : IDisposable
{
    private const ulong UserPage = PageTableEntry.WritableBit | PageTableEntry.UserBit | PageTableEntry.DirtyBit;
    private static readonly VirtualAddress Span = new(0x4020_0000);

    private readonly PhysicalMemory _memory = new(ByteSize.FromMiB(8));
    private readonly TableFrames _frames;
    private readonly X64PageTable _tables;

    public X64PageTableHugeTests()
    {
        _frames = new TableFrames(_memory);
        Assert.True(X64PageTable.TryCreate(_memory, _frames, 7, out var tables));
        _tables = tables;
        Assert.True(_tables.TryGetEntry(Span, OnMissing.Allocate, out _));
        _tables.ReplaceTable(Span, new PageTableEntry(new FrameNumber(1024), UserPage));
    }

    public void Dispose()
    {
        _tables.Dispose();
        Assert.Equal(0, _frames.Taken);
        _memory.Dispose();
    }

    [Fact]
    public void HugeLeafKeepsTheTableThatItReplacesAsASpare()
    {
        Assert.True(_tables.Get(Span + 0x5000, out var size).Huge);
        Assert.Equal(PageSize.Size2M, size);
        Assert.Equal(4UL, _tables.TableCount);
        Assert.Equal(4, _frames.Taken);
    }

    [Fact]
    public void AskingForASmallSlotSplitsWithoutAFrameAndSaysSo()
    {
        List<VirtualAddress> split = [];
        _tables.LeafSplit = split.Add;
        _frames.Limit = 0;
        Assert.True(_tables.TryGetEntry(Span + 0x5000, OnMissing.Fail, out var entry));
        Assert.Equal(new PageTableEntry(new FrameNumber(1024 + 5), UserPage).Value, *entry);
        Assert.Equal(new FrameNumber(1024 + 511), _tables.Get(Span + (511 << Page.Shift), out var size).Frame);
        Assert.Equal(PageSize.Size4K, size);
        Assert.Equal([Span], split);
        Assert.Equal(4UL, _tables.TableCount);
    }

    [Fact]
    public void LookingForASlotOfAnySizeDoesNotSplit()
    {
        Assert.True(_tables.TryFindSlot(Span + 0x5000, out var entry, out var size));
        Assert.Equal(PageSize.Size2M, size);
        Assert.True(new PageTableEntry(*entry).Huge);
    }

    [Fact]
    public void VisitorOfSmallLeavesSeesEveryPageOfTheRange()
    {
        var visitor = new SmallVisitor();
        _tables.Visit(VirtualRange.FromLength(Span + 0x3000, 0x2000), ref visitor);
        Assert.Equal(2, visitor.Count);
        Assert.Equal(0, _tables.SplittableLeafCount);
    }

    [Fact]
    public void VisitorOfHugeLeavesGetsThemWholeOrSplit()
    {
        var visitor = new AnySizeVisitor();
        _tables.Visit(VirtualRange.FromLength(Span, PageSize.Size2M.Bytes), ref visitor);
        Assert.Equal([PageSize.Size2M], visitor.Sizes);
        _tables.Visit(VirtualRange.FromLength(Span, PageSize.Size2M.Bytes - Page.Size), ref visitor);
        Assert.Equal(1 + 511, visitor.Sizes.Count);
        Assert.Equal(PageSize.Size4K, visitor.Sizes[^1]);
    }

    [Fact]
    public void EmptiedHugeLeafLeavesItsTableInPlace()
    {
        var visitor = new AnySizeVisitor { Empties = true };
        _tables.Visit(VirtualRange.FromLength(Span, PageSize.Size2M.Bytes), ref visitor);
        Assert.True(_tables.IsTableEmpty(Span));
        Assert.Equal(0, _tables.SplittableLeafCount);
        _tables.FreeEmptyTables(VirtualRange.FromLength(Span, PageSize.Size2M.Bytes));
        Assert.Equal(1UL, _tables.TableCount);
    }

    [Fact]
    public void UsedTableIsNotReplaced()
    {
        Assert.True(_tables.TryGetEntry(Span, OnMissing.Fail, out _));
        Assert.Throws<InvalidOperationException>(() => _tables.ReplaceTable(Span, new PageTableEntry(new FrameNumber(0), UserPage)));
    }

    private struct SmallVisitor : IPageTableVisitor
    {
        public int Count { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size) => Count += size == PageSize.Size4K ? 1 : 0;
    }

    private struct AnySizeVisitor() : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public bool Empties { get; init; }

        public List<PageSize> Sizes { get; } = [];

        public readonly void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            Sizes.Add(size);
            *entry = Empties ? 0 : *entry;
        }
    }
}
