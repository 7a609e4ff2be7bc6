using System.Runtime.Intrinsics;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

public sealed unsafe partial class Mmu
{
    /// <summary>
    /// Loads CR3. With tags, entries of other address spaces stay; without, all but global ones are flushed and that counts as a full flush.
    /// Switching to what is current does nothing. A tag given to a new address space is invalidated first: the MMU cannot know.
    /// </summary>
    public void SwitchTo(PhysicalAddress root, ushort tag)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tag, FourLevelPaging.MaximumTag);
        if (root.Value == _root && tag == _tag)
        {
            return;
        }

        if (_modelled)
        {
            _data.ClearSlots();
            _code.ClearSlots();
        }
        else
        {
            ClearLookups();
        }

        _root = root.Value;
        _tag = tag;
        if (_options.Tagging == TlbTagging.FlushOnSwitch && _modelled)
        {
            _fullFlushes++;
            DropMatching(TlbKey.GlobalBit, 0);
            _structures.DropAll();
        }
    }

    /// <summary>INVLPG or INVPCID for one address: entries of every size that cover it, global ones too, and the tag's paging-structure entries.</summary>
    public void InvalidatePage(ushort tag, VirtualAddress page, InvalidationOrigin origin = InvalidationOrigin.Local)
    {
        Count(ref _pageFlushes, origin);
        if (_codeInHugePages)
        {
            TranslationsDropped?.Invoke(0, ulong.MaxValue);
        }
        else
        {
            TranslationsDropped?.Invoke(page.PageNumber, 1);
        }

        if (!_modelled && _hugePageInLookup)
        {
            ClearLookups();
            return;
        }

        ForgetAddress(page.Value, tag);
        _structures.DropTag(tag);
    }

    /// <summary>Each page of the range, or the whole tag where that is more than <see cref="MaximumPagesInvalidatedSingly"/>.</summary>
    public void InvalidateRange(ushort tag, VirtualRange range, InvalidationOrigin origin = InvalidationOrigin.Local)
    {
        if (range.IsEmpty)
        {
            return;
        }

        var first = range.Start.PageNumber;
        var last = (range.End - 1).PageNumber;
        if (last - first >= MaximumPagesInvalidatedSingly)
        {
            InvalidateTag(tag, origin);
            return;
        }

        // One interrupt carries the whole range: only its first page counts as a shootdown.
        for (var number = first; number <= last; number++)
        {
            InvalidatePage(tag, new VirtualAddress(number << Page.Shift), number == first ? origin : InvalidationOrigin.Local);
        }
    }

    /// <summary>Everything of one address space but its global entries (INVPCID type 1).</summary>
    public void InvalidateTag(ushort tag, InvalidationOrigin origin = InvalidationOrigin.Local)
    {
        Count(ref _tagFlushes, origin);
        TranslationsDropped?.Invoke(0, ulong.MaxValue);
        if (!_modelled)
        {
            ClearLookups();
            return;
        }

        DropMatching(TlbKey.GlobalBit | TlbKey.TagMask, tag);
        _structures.DropTag(tag);
    }

    /// <summary>Everything (INVPCID type 2).</summary>
    public void InvalidateAll(InvalidationOrigin origin = InvalidationOrigin.Local)
    {
        Count(ref _fullFlushes, origin);
        TranslationsDropped?.Invoke(0, ulong.MaxValue);
        if (!_modelled)
        {
            ClearLookups();
            return;
        }

        DropMatching(0, 0);
        _structures.DropAll();
    }

    private void Count(ref ulong flushes, InvalidationOrigin origin)
    {
        if (_modelled)
        {
            flushes++;
            _shootdowns += origin == InvalidationOrigin.Remote ? 1UL : 0;
        }
    }

    /// <summary>
    /// Forgets the translations of one address. Without a model only its 4 KiB: enough after a fault, since other parts of a huge page fault, or are
    /// walked again, by themselves.
    /// </summary>
    private void ForgetAddress(ulong address, ulong tag)
    {
        if (!_modelled)
        {
            FastLookup.ClearPage(_dataSlots, address & Page.Mask);
            FastLookup.ClearPage(_codeSlots, address & Page.Mask);
            return;
        }

        // Reclaim invalidates page after page, most of which nobody has used for long: asked first of all arrays with the same keys.
        var number = TlbKey.NumberOf(address, PageSize.Size4K);
        var key = Vector256.Create(TlbKey.Of(number, PageSize.Size4K, tag));
        var global = Vector256.Create(TlbKey.Of(number, PageSize.Size4K, TlbKey.GlobalBit));
        if (_data.MayHold(number, key, global))
        {
            _data.DropAddress(address, tag);
        }

        if (_code.MayHold(number, key, global))
        {
            _code.DropAddress(address, tag);
        }

        if (_second is { } second && second.MayHold(number, key, global))
        {
            second.FreeAddress(address, tag);
        }
    }

    private void ClearLookups()
    {
        FastLookup.Clear(_dataSlots);
        FastLookup.Clear(_codeSlots);
        _hugePageInLookup = false;
    }

    private void DropMatching(ulong mask, ulong wanted)
    {
        _data.DropMatching(mask, wanted);
        _code.DropMatching(mask, wanted);
        if (_second is not { } second)
        {
            return;
        }

        for (var way = second.FindMatching(0, mask, wanted); way >= 0; way = second.FindMatching(way + 1, mask, wanted))
        {
            second.Free(way);
        }
    }
}
