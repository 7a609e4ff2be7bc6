using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Paging;

public sealed unsafe class X64PageTableTests : IDisposable
{
    private const ulong UserPage = PageTableEntry.WritableBit | PageTableEntry.UserBit;
    private static readonly VirtualAddress Page1 = new(0x7f12_3456_7000);

    private readonly PhysicalMemory _memory = new(ByteSize.FromMiB(8));
    private readonly TableFrames _frames;
    private readonly X64PageTable _tables;

    public X64PageTableTests()
    {
        _frames = new TableFrames(_memory);
        Assert.True(X64PageTable.TryCreate(_memory, _frames, 7, out var tables));
        _tables = tables;
    }

    public void Dispose()
    {
        _tables.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void FirstPageTakesThreeTablesBelowTheRootAndItsNeighbourNone()
    {
        Assert.True(_tables.TryMap(Page1, new PageTableEntry(new FrameNumber(5), UserPage)));
        Assert.True(_tables.TryMap(Page1 + Page.Size, new PageTableEntry(new FrameNumber(6), UserPage)));
        Assert.Equal(4UL, _tables.TableCount);
        Assert.Equal(4, _frames.Taken);
        Assert.Equal(new FrameNumber(5), _tables.Get(Page1).Frame);
        Assert.Equal(new FrameNumber(6), _tables.Get(Page1 + Page.Size).Frame);
        Assert.Equal(default, _tables.Get(Page1 - Page.Size));
    }

    [Fact]
    public void TablesHaveTheProcessorsLayout()
    {
        var address = new VirtualAddress((1UL << 39) | (2UL << 30) | (3UL << 21) | (4UL << 12));
        Assert.True(_tables.TryMap(address, new PageTableEntry(new FrameNumber(9), UserPage)));
        var table = _tables.Root;
        foreach (var index in (int[])[1, 2, 3])
        {
            var entry = ((ulong*)_memory.Pointer(table))[index];
            Assert.Equal(7UL, entry & 0xFFF);
            table = new PhysicalAddress(entry & ~0xFFFUL);
        }

        Assert.Equal(0x9007UL, ((ulong*)_memory.Pointer(table))[4]);
    }

    [Theory]
    [InlineData(PageSize.Size2M, 0x4000_0000UL, 3)]
    [InlineData(PageSize.Size1G, 0x8000_0000UL, 2)]
    public void HugePageNeedsFewerTablesAndCoversItsSpan(PageSize size, ulong address, int tables)
    {
        Assert.True(_tables.TryMap(new VirtualAddress(address), new PageTableEntry(new FrameNumber(0), UserPage), size));
        Assert.Equal((ulong)tables, _tables.TableCount);
        var entry = _tables.Get(new VirtualAddress(address + size.Bytes - 1), out var found);
        Assert.True(entry.Huge);
        Assert.Equal(size, found);
        Assert.False(_tables.TryGetEntry(new VirtualAddress(address + Page.Size), OnMissing.Allocate, out _));
        Assert.Throws<InvalidOperationException>(() => _tables.TryMap(new VirtualAddress(address), new PageTableEntry(new FrameNumber(1), UserPage)));
        Assert.Throws<ArgumentException>(() => _tables.TryMap(new VirtualAddress(address + Page.Size), entry, size));
    }

    [Fact]
    public void HugePageReplacesAnEmptyTableButNotAUsedOne()
    {
        var start = new VirtualAddress(0x4020_0000);
        var huge = new PageTableEntry(new FrameNumber(512), UserPage);
        Assert.True(_tables.TryMap(start + 0x3000, new PageTableEntry(new FrameNumber(1), UserPage)));
        Assert.Throws<InvalidOperationException>(() => _tables.TryMap(start, huge, PageSize.Size2M));
        _tables.Clear(start + 0x3000);
        Assert.True(_tables.TryMap(start, huge, PageSize.Size2M));
        Assert.Equal(3UL, _tables.TableCount);
        Assert.Equal(huge.Value | PageTableEntry.HugeBit, _tables.Get(start + 0x3000).Value);
    }

    [Fact]
    public void ClearReturnsWhatWasThereAndAbsentValuesSurvive()
    {
        Assert.Equal(default, _tables.Clear(Page1));
        Assert.True(_tables.TryMap(Page1, new PageTableEntry(0x1234_5600)));
        Assert.False(_tables.Get(Page1).Present);
        _tables.FreeEmptyTables(new VirtualRange(new VirtualAddress(0), new VirtualAddress(1UL << 47)));
        Assert.Equal(0x1234_5600UL, _tables.Clear(Page1).Value);
        Assert.Equal(default, _tables.Get(Page1));
        Assert.Equal(4UL, _tables.TableCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RunningOutOfFramesMidwayLeavesNothingBehind(int frames)
    {
        _frames.Limit = frames;
        Assert.False(_tables.TryMap(Page1, new PageTableEntry(new FrameNumber(5), UserPage)));
        Assert.False(_tables.TryGetEntry(Page1, OnMissing.Allocate, out _));
        Assert.Equal(1, _frames.Taken);
        Assert.Equal(1UL, _tables.TableCount);
        Assert.False(_memory.Read(_tables.Root.Frame).ContainsAnyExcept((byte)0));
        _frames.Limit = 4;
        Assert.True(_tables.TryMap(Page1, new PageTableEntry(new FrameNumber(5), UserPage)));
    }

    [Fact]
    public void EntryIsTheSlotOfThePageAndAbsentTablesAreMadeOnlyOnRequest()
    {
        Assert.False(_tables.TryGetEntry(Page1, OnMissing.Fail, out _));
        Assert.Equal(1UL, _tables.TableCount);
        Assert.True(_tables.TryGetEntry(Page1, OnMissing.Allocate, out var entry));
        *entry = new PageTableEntry(new FrameNumber(77), UserPage).Value;
        Assert.Equal(new FrameNumber(77), _tables.Get(Page1).Frame);
        Assert.True(_tables.TryGetEntry(Page1 + Page.Size, OnMissing.Fail, out var next));
        Assert.True(next == entry + 1);
    }

    [Fact]
    public void OnlyEmptyTablesAreFreed()
    {
        var far = new VirtualAddress(0x10_0000_0000);
        Assert.True(_tables.TryMap(Page1, new PageTableEntry(new FrameNumber(5), UserPage)));
        Assert.True(_tables.TryMap(far, new PageTableEntry(new FrameNumber(6), UserPage)));
        _tables.Clear(far);
        _tables.FreeEmptyTables(new VirtualRange(new VirtualAddress(0), new VirtualAddress(1UL << 47)));
        Assert.Equal(4UL, _tables.TableCount);
        Assert.Equal(new FrameNumber(5), _tables.Get(Page1).Frame);
        Assert.False(_tables.TryGetEntry(far, OnMissing.Fail, out _));
        _tables.Clear(Page1);
        _tables.FreeEmptyTables(VirtualRange.FromLength(Page1, Page.Size));
        Assert.Equal(1, _frames.Taken);
    }

    [Fact]
    public void VisitSeesEachUsedSlotOfTheRangeInOrder()
    {
        var start = new VirtualAddress(0x3FFF_E000);
        Assert.True(_tables.TryMap(start, new PageTableEntry(new FrameNumber(1), UserPage)));
        Assert.True(_tables.TryMap(start + 0x1000, new PageTableEntry(0x40)));
        Assert.True(_tables.TryMap(new VirtualAddress(0x4000_0000), new PageTableEntry(new FrameNumber(512), UserPage), PageSize.Size2M));
        Assert.True(_tables.TryMap(new VirtualAddress(0x4020_0000), new PageTableEntry(new FrameNumber(2), UserPage)));
        Assert.True(_tables.TryMap(new VirtualAddress(0x4020_1000), new PageTableEntry(new FrameNumber(3), UserPage)));

        var visitor = new Recorder { Seen = [] };
        _tables.Visit(new VirtualRange(start + 0x1000, new VirtualAddress(0x4020_1000)), ref visitor);
        Assert.Equal(
            [(0x3FFF_F000UL, PageSize.Size4K), (0x4000_0000UL, PageSize.Size2M), (0x4020_0000UL, PageSize.Size4K)],
            visitor.Seen);
    }

    [Fact]
    public void DisposeGivesEveryTableBack()
    {
        for (var page = 0UL; page < 1000; page++)
        {
            Assert.True(_tables.TryMap(new VirtualAddress(page * 0x1234_5000), new PageTableEntry(new FrameNumber(5), UserPage)));
        }

        Assert.Equal((ulong)_frames.Taken, _tables.TableCount);
        _tables.Dispose();
        Assert.Equal(0, _frames.Taken);
        _tables.Dispose();
        Assert.Equal(0, _frames.Taken);
    }

    /// <summary>The mapper remembers the last page table; a dictionary does not.</summary>
    [Fact]
    public void RandomOperationsAgreeWithADictionary()
    {
        var random = new Random(11);
        var expected = new Dictionary<ulong, ulong>();
        for (var step = 0; step < 20_000; step++)
        {
            var page = ((ulong)random.Next(4) << 39) | ((ulong)random.Next(2) << 30) | ((ulong)random.Next(3) << 21) | ((ulong)random.Next(8) << 12);
            switch (random.Next(8))
            {
                case < 4:
                    var entry = new PageTableEntry(new FrameNumber((uint)random.Next(100)), UserPage);
                    Assert.True(_tables.TryMap(new VirtualAddress(page), entry));
                    expected[page] = entry.Value;
                    break;
                case < 7:
                    expected.Remove(page, out var was);
                    Assert.Equal(was, _tables.Clear(new VirtualAddress(page)).Value);
                    break;
                default:
                    _tables.FreeEmptyTables(VirtualRange.FromLength(new VirtualAddress(page), 0x40_0000));
                    break;
            }

            Assert.Equal(expected.GetValueOrDefault(page), _tables.Get(new VirtualAddress(page)).Value);
        }

        _tables.FreeEmptyTables(new VirtualRange(new VirtualAddress(0), new VirtualAddress(1UL << 47)));
        var tables = 1 + expected.Keys.GroupBy(p => p >> 39).Count() + expected.Keys.GroupBy(p => p >> 30).Count() + expected.Keys.GroupBy(p => p >> 21).Count();
        Assert.Equal((ulong)tables, _tables.TableCount);
    }

    private struct Recorder : IPageTableVisitor
    {
        public List<(ulong Start, PageSize Size)> Seen;

        public readonly void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            Assert.NotEqual(0UL, *entry);
            Seen.Add((start.Value, size));
        }
    }
}
