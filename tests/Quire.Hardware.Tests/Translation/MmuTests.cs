using System.Runtime.CompilerServices;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Tests.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Translation;

/// <summary>What the CPU's inline lookup holds, and what a walk costs: the parts of the contract that a history of outcomes cannot show.</summary>
public sealed unsafe class MmuTests : IDisposable
{
    private const ulong UserPage = PageTableEntry.WritableBit | PageTableEntry.UserBit;
    private const ulong Start = 0x40_0000;

    private readonly PhysicalMemory _memory = new(ByteSize.FromMiB(4));
    private readonly X64PageTable _tables;
    private readonly FastEntry[] _slots = GC.AllocateArray<FastEntry>(FastEntry.Count, pinned: true);
    private readonly ulong[] _references = GC.AllocateArray<ulong>(1, pinned: true);

    public MmuTests()
    {
        Assert.True(X64PageTable.TryCreate(_memory, new TableFrames(_memory), 1, out var tables));
        _tables = tables;
        for (var i = 0U; i < 8; i++)
        {
            Assert.True(_tables.TryMap(new VirtualAddress(Start + (i << Page.Shift)), new PageTableEntry(new FrameNumber(i), UserPage)));
        }
    }

    public static TheoryData<string> Models => ["l1d=64x4", "off"];

    public void Dispose() => _memory.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void CleanPageIsWrittenInlineOnlyAfterItsFirstWrite(string options)
    {
        var mmu = Create(options);
        mmu.TranslateData(Start, AccessKind.Read);
        Assert.Equal((Start, FastEntry.InvalidTag), (Slot(Start).ReadTag, Slot(Start).WriteTag));
        Assert.False(_tables.Get(new VirtualAddress(Start)).Dirty);
        mmu.TranslateData(Start, AccessKind.Write);
        Assert.Equal((Start, Start), (Slot(Start).ReadTag, Slot(Start).WriteTag));
        Assert.True(_tables.Get(new VirtualAddress(Start)).Dirty);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void WritesToAFrameThatHoldsCodeNeverGoInline(string options)
    {
        var mmu = Create(options);
        var announced = new List<FrameNumber>();
        _memory.CodeFrameWritten = announced.Add;
        mmu.TranslateData(Start, AccessKind.Write);
        _memory.HoldsCode[0] = 1;
        mmu.RevokeWrite(new FrameNumber(0));
        Assert.Equal((Start, FastEntry.InvalidTag), (Slot(Start).ReadTag, Slot(Start).WriteTag));

        Assert.True(mmu.TranslateData(Start + 5, AccessKind.Write) == _memory.Base + 5);
        Assert.True(mmu.LastWriteHitCode);
        Assert.Equal([new FrameNumber(0)], announced);
        Assert.Equal(FastEntry.InvalidTag, Slot(Start).WriteTag);
        mmu.TranslateData(Start, AccessKind.Read);
        Assert.Single(announced);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void FrameWhoseCodeIsDroppedOnWriteGoesInlineAgain(string options)
    {
        var mmu = Create(options);
        _memory.CodeFrameWritten = frame => _memory.HoldsCode[frame.Value] = 0;
        _memory.HoldsCode[0] = 1;
        mmu.TranslateData(Start, AccessKind.Write);
        Assert.True(mmu.LastWriteHitCode);
        Assert.Equal(Start, Slot(Start).WriteTag);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void RevokingWriteReachesEveryAliasOfTheFrameAndNoOther(string options)
    {
        var alias = new VirtualAddress(0x7000_0000_1000);
        Assert.True(_tables.TryMap(alias, new PageTableEntry(new FrameNumber(3), UserPage)));
        var mmu = Create(options);
        mmu.TranslateData(alias.Value, AccessKind.Write);
        mmu.TranslateData(Start + 0x3000, AccessKind.Write);
        mmu.TranslateData(Start + 0x4000, AccessKind.Write);
        mmu.RevokeWrite(new FrameNumber(3));
        Assert.Equal(FastEntry.InvalidTag, Slot(alias.Value).WriteTag);
        Assert.Equal(FastEntry.InvalidTag, Slot(Start + 0x3000).WriteTag);
        Assert.Equal(Start + 0x4000, Slot(Start + 0x4000).WriteTag);
    }

    [Fact]
    public void WalkReferencesShrinkWithWhatThePagingStructureCacheKnows()
    {
        var mmu = Create("l1d=1x1,l2=off,pwc=4/4/4");
        mmu.TranslateData(Start, AccessKind.Read);
        Assert.Equal(4UL, mmu.Counters(0, 0).WalkReferences);
        mmu.TranslateData(Start + 0x1000, AccessKind.Read);
        Assert.Equal(4UL + 1, mmu.Counters(0, 0).WalkReferences);
        mmu.InvalidatePage(1, new VirtualAddress(Start));
        mmu.TranslateData(Start + 0x2000, AccessKind.Read);
        Assert.Equal(4UL + 1 + 4, mmu.Counters(0, 0).WalkReferences);
    }

    [Fact]
    public void FaultingReferencesAndFetchesAreCountedAsMisses()
    {
        var mmu = Create("l1d=64x4");
        Assert.True(mmu.TranslateData(0x1000, AccessKind.Read) == null);
        Assert.True(mmu.EnterCodePage(0x1000, out var frame) == null);
        Assert.True(frame.IsNone);
        var counters = mmu.Counters(instructions: 0, straddlingInstructions: 0);
        Assert.Equal(new TlbHits(0, 1), counters.Data);
        Assert.Equal(new TlbHits(0, 1), counters.Code);
        Assert.Equal(2UL, counters.Walks);
    }

    [Fact]
    public void NonCanonicalAddressIsNoReference()
    {
        var mmu = Create("l1d=64x4");
        Assert.True(mmu.TranslateData(0x8000_0000_0000, AccessKind.Read) == null);
        Assert.True(mmu.IsNonCanonical);
        Assert.Equal(0x8000_0000_0000UL, mmu.FaultAddress);
        Assert.Equal(0UL, mmu.Counters(0, 0).Data.References);
    }

    [Fact]
    public void RangeLongerThanTheCeilingFlushesTheTag()
    {
        var mmu = Create("l1d=64x4");
        mmu.InvalidateRange(1, VirtualRange.FromLength(new VirtualAddress(Start), 33 * Page.Size), InvalidationOrigin.Remote);
        mmu.InvalidateRange(1, VirtualRange.FromLength(new VirtualAddress(Start), 34 * Page.Size), InvalidationOrigin.Remote);
        mmu.InvalidateRange(1, default, InvalidationOrigin.Remote);
        var counters = mmu.Counters(0, 0);
        Assert.Equal((33UL, 1UL, 0UL, 2UL), (counters.PageFlushes, counters.TagFlushes, counters.FullFlushes, counters.Shootdowns));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void InvalidationTellsWhoeverRemembersTranslations(string options)
    {
        var told = new List<(ulong First, ulong Count)>();
        var mmu = Create(options);
        mmu.TranslationsDropped = (first, count) => told.Add((first, count));
        mmu.InvalidateRange(1, VirtualRange.FromLength(new VirtualAddress(Start), 2 * Page.Size));
        Assert.Equal([(Start >> Page.Shift, 1UL), ((Start >> Page.Shift) + 1, 1UL)], told);

        told.Clear();
        Assert.True(_tables.TryMap(new VirtualAddress(0x4000_0000), new PageTableEntry(new FrameNumber(0), UserPage), PageSize.Size2M));
        Assert.True(mmu.EnterCodePage(0x4000_5000, out _) != null);
        mmu.InvalidatePage(1, new VirtualAddress(0x4000_0000));
        Assert.Equal([(0UL, ulong.MaxValue)], told);
    }

    private Mmu Create(string text)
    {
        Assert.True(TlbOptions.TryParse(text, out var options, out var error), error);
        var mmu = new Mmu(_memory, options, (FastEntry*)Unsafe.AsPointer(ref _slots[0]), (ulong*)Unsafe.AsPointer(ref _references[0]));
        mmu.SwitchTo(_tables.Root, _tables.AddressSpaceTag);
        return mmu;
    }

    private ref FastEntry Slot(ulong address) => ref _slots[FastEntry.IndexOf(address)];
}
