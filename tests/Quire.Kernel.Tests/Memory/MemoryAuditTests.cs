using Quire.Hardware.Paging;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Auditing;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>The audit is shown bugs that it must find.</summary>
public sealed unsafe class MemoryAuditTests : IDisposable
{
    private readonly MemoryWorld _world = new(options: MemoryWorld.WithSwap(16), cpus: 2);
    private readonly VirtualAddress _anonymous;
    private readonly VirtualAddress _file;
    private readonly AddressSpace _child;

    public MemoryAuditTests()
    {
        _anonymous = _world.MapAnonymous(2);
        _world.Space.TryWrite(_anonymous, 1);
        _child = _world.Space.TryFork(_world.Limits, 2)!;
        var file = _world.NewFileOfPages(2);
        _file = _world.MapFile(file, MemoryWorld.ReadWrite, MapFlags.Shared);
        _world.Space.TryRead(_file, out byte _);
        _world.Memory.Audit();
    }

    [Fact]
    public void AReferenceTooManyIsFound()
    {
        Entry(_anonymous).References++;
        Finds("references");
        Entry(_anonymous).References--;
    }

    [Fact]
    public void AMappingThatIsNotCountedIsFound()
    {
        Entry(_file).Mappings--;
        Finds("mappings");
        Entry(_file).Mappings++;
    }

    [Fact]
    public void ALeafThatTheReverseMapDoesNotKnowIsFound()
    {
        var leaf = Slot(_world.Space, _anonymous);
        var other = Slot(_world.Space, _anonymous + Page.Size);
        *other = *leaf;
        Finds("reverse map");
        *other = 0;
    }

    [Fact]
    public void ALostLeafIsFound()
    {
        var leaf = Slot(_world.Space, _anonymous);
        var value = *leaf;
        *leaf = 0;
        Finds("resident");
        *leaf = value;
    }

    [Fact]
    public void AWritableLeafOfASharedPageIsFound()
    {
        *Slot(_child, _anonymous) |= PageTableEntry.WritableBit;
        Finds("writable while shared");
        *Slot(_child, _anonymous) &= ~PageTableEntry.WritableBit;
    }

    [Fact]
    public void AWritableLeafOfACleanFilePageIsFound()
    {
        *Slot(_world.Space, _file) |= PageTableEntry.WritableBit;
        Finds("clean file page");
        *Slot(_world.Space, _file) &= ~PageTableEntry.WritableBit;
    }

    [Fact]
    public void AWritableZeroPageIsFound()
    {
        _world.Space.TryRead(_anonymous + Page.Size, out byte _);
        *Slot(_world.Space, _anonymous + Page.Size) |= PageTableEntry.WritableBit;
        Finds("zero page");
        *Slot(_world.Space, _anonymous + Page.Size) &= ~PageTableEntry.WritableBit;
    }

    [Fact]
    public void ALeafOutsideOfEveryRegionIsFound()
    {
        Assert.True(_world.Space.Tables.TryGetEntry(_anonymous + (2 * Page.Size), OnMissing.Allocate, out var entry));
        *entry = *Slot(_world.Space, _anonymous);
        Finds("no region");
        *entry = 0;
    }

    [Fact]
    public void AFrameFreedWhileInUseIsFound()
    {
        ref var entry = ref Entry(_anonymous);
        var saved = entry;
        entry.Use = FrameUse.Free;
        Assert.Throws<InvalidOperationException>(_world.Memory.Audit);
        entry = saved;
    }

    [Fact]
    public void ADirtyPageThatIsNotCountedIsFound()
    {
        Entry(_file).Flags |= FrameFlags.Dirty;
        Finds("dirty");
        Entry(_file).Flags &= ~FrameFlags.Dirty;
    }

    [Fact]
    public void ALeakedPageTableIsFound()
    {
        Assert.True(((IPageTableFrames)_world.Space).TryAllocateTable(out var frame));
        Finds("page-table pages");
        ((IPageTableFrames)_world.Space).FreeTable(frame);
    }

    [Fact]
    public void ASlotWithAUserTooManyIsFound()
    {
        var entry = SwapOut();
        _world.Memory.Swap.Duplicate(entry);
        Finds("users");
        _world.Memory.Swap.Release(entry);
    }

    [Fact]
    public void ALeafWhoseSlotIsFreeIsFound()
    {
        var entry = SwapOut();
        _world.Memory.Swap.Release(entry);
        Finds("users");
        _world.Space.Counters.Swapped--;
        *Slot(_world.Space, _anonymous + Page.Size) = 0;
    }

    [Fact]
    public void ASwapCachePageThatItsSlotDoesNotKnowIsFound()
    {
        Entry(_anonymous).Index = 5;
        Finds("does not know it");
        Entry(_anonymous).Index = 0;
    }

    [Fact]
    public void ASwappedPageThatIsNotCountedIsFound()
    {
        SwapOut();
        _world.Space.Counters.Swapped++;
        Finds("swapped pages");
        _world.Space.Counters.Swapped--;
    }

    [Fact]
    public void ATranslationOfAPageThatIsGoneIsFound()
    {
        var page = TouchOnCpu();
        var leaf = Slot(_world.Space, page);
        var value = *leaf;
        *leaf = value & ~PageTableEntry.PresentBit | Leaf.NoAccessBit;
        Assert.Contains("not present", Assert.Throws<InvalidOperationException>(() => new TranslationAudit(_world.Memory).Run()).Message, StringComparison.Ordinal);
        *leaf = value;
    }

    [Theory]
    [InlineData(PageTableEntry.WritableBit, "written to")]
    [InlineData(PageTableEntry.DirtyBit, "dirty")]
    [InlineData(PageTableEntry.AccessedBit, "not used")]
    public void ATranslationWithMoreThanItsLeafIsFound(ulong taken, string what)
    {
        var leaf = Slot(_world.Space, TouchOnCpu());
        var value = *leaf;
        *leaf = value & ~taken;
        Assert.Contains(what, Assert.Throws<InvalidOperationException>(() => new TranslationAudit(_world.Memory).Run()).Message, StringComparison.Ordinal);
        *leaf = value;
    }

    [Fact]
    public void ATranslationOfAnotherFrameIsFound()
    {
        var leaf = Slot(_world.Space, TouchOnCpu());
        var value = *leaf;
        *leaf = value ^ Page.Size;
        Assert.Contains("it names", Assert.Throws<InvalidOperationException>(() => new TranslationAudit(_world.Memory).Run()).Message, StringComparison.Ordinal);
        *leaf = value;
    }

    public void Dispose() => _world.Dispose();

    private SwapEntry SwapOut()
    {
        var page = _anonymous + Page.Size;
        Assert.True(_world.Space.TryWrite(page, 7));
        Assert.True(_world.Memory.Reclaim.TryEvict(_world.Space.LeafAt(page).Frame));
        return Leaf.SwapEntryOf(*Slot(_world.Space, page));
    }

    private VirtualAddress TouchOnCpu()
    {
        var page = _anonymous + Page.Size;
        Assert.True(_world.RunOn(1, _world.Space).TryStore(_world.Space, page, 7));
        return page;
    }

    private static ulong* Slot(AddressSpace space, VirtualAddress page)
    {
        Assert.True(space.Tables.TryGetEntry(page, OnMissing.Fail, out var entry));
        return entry;
    }

    private ref FrameEntry Entry(VirtualAddress page) => ref _world.Memory.FrameTable[_world.Space.LeafAt(page).Frame];

    private void Finds(string what) =>
        Assert.Contains(what, Assert.Throws<InvalidOperationException>(_world.Memory.Audit).Message, StringComparison.Ordinal);
}
