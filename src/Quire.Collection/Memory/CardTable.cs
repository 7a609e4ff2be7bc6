using System.Runtime.CompilerServices;
using Quire.Allocation;

namespace Quire.Collection;

/// <summary>A byte for every 512 bytes of heap: not zero where the program has stored a reference that an older object may hold to a younger one.</summary>
/// <remarks>
/// P. R. Wilson and T. G. Moher, Design of the Opportunistic Garbage Collector, OOPSLA 1989. Cards are those of slots, not of objects. The objects that overlap a card are found
/// through mark bits: those of old objects are set.
/// </remarks>
internal sealed unsafe class CardTable : IDisposable
{
    public const int CardShift = 9;
    public const nint CardSize = 1 << CardShift;

    private readonly HeapMemory _memory;
    private readonly HeapBudget _budget;
    private readonly NativeRegion _region;
    private readonly long _charged;
    private readonly byte* _cards;

    /// <param name="memory">The heap.</param>
    /// <param name="end">Cards are for addresses from the heap's base up to here.</param>
    public CardTable(HeapMemory memory, nint end)
    {
        _memory = memory;
        _budget = memory.Budget;
        _region = new NativeRegion(((end - memory.Base) >> CardShift) + 64);
        if (!_region.TryCommit(0, _region.Capacity))
        {
            throw new OutOfMemoryException("The host has no memory left for a card table.");
        }

        _cards = _region.Base - (memory.Base >> CardShift);
        _charged = _budget.Limit >> CardShift;
        _budget.Charge(_charged);
    }

    public HeapObserver? Observer { get; init; }

    /// <summary>The table, biased: an address shifted by <see cref="CardShift"/> is an index.</summary>
    public byte* Cards => _cards;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mark(nint slot) => _cards[slot >> CardShift] = 1;

    /// <summary>
    /// Visits the references in the marked cards of a range and clears the cards; the visitor marks again those that stay interesting. Returns the number of cards.
    /// Both ends are multiples of a block's size.
    /// </summary>
    public long Visit<TVisitor>(AddressRange range, TypeDescriptor* types, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var count = 0L;
        Observer?.MetadataTouched((nint)(_cards + (range.Start >> CardShift)), range.Length >> CardShift, isWrite: false);
        for (var group = range.Start; group < range.End; group += 8 * CardSize)
        {
            if (*(ulong*)(_cards + (group >> CardShift)) == 0)
            {
                continue;
            }

            for (var card = group; card < group + (8 * CardSize); card += CardSize)
            {
                if (_cards[card >> CardShift] != 0)
                {
                    _cards[card >> CardShift] = 0;
                    count++;
                    Observer?.MetadataTouched(card, CardSize, isWrite: false);
                    VisitCard(new AddressRange(card, card + CardSize), range.Start, types, ref visitor);
                }
            }
        }

        return count;
    }

    /// <summary>As <see cref="Visit"/>, for the one object that begins a range: its mark bit need not be set.</summary>
    public long VisitObject<TVisitor>(nint target, nint bytes, TypeDescriptor* types, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var count = 0L;
        for (var card = target & -CardSize; card < target + bytes; card += CardSize)
        {
            if (_cards[card >> CardShift] != 0)
            {
                _cards[card >> CardShift] = 0;
                count++;
                VisitPart(target, new AddressRange(card, card + CardSize), types, ref visitor);
            }
        }

        return count;
    }

    public void Clear(nint start, nint bytes) => new Span<byte>(_cards + (start >> CardShift), checked((int)(bytes >> CardShift))).Clear();

    public void Dispose()
    {
        _budget.Release(_charged);
        _region.Dispose();
    }

    private void VisitCard<TVisitor>(AddressRange card, nint lowest, TypeDescriptor* types, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var target = _memory.LastMarked(Math.Max(lowest, card.Start - Plan.LargestSmall), card.Start + 8);
        if (target == 0)
        {
            target = _memory.NextMarked(card.Start, card.End);
        }

        for (; target != 0 && target < card.End; target = _memory.NextMarked(target + ObjectHeader.Bytes, card.End))
        {
            VisitPart(target, card, types, ref visitor);
        }
    }

    private static void VisitPart<TVisitor>(nint target, AddressRange card, TypeDescriptor* types, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var descriptor = TypeTable.DescriptorOf(types, *(ulong*)target);
        switch (descriptor->Shape)
        {
            case ObjectShape.Run or ObjectShape.ReferenceArray:
                var first = target + descriptor->First;
                var count = descriptor->Shape == ObjectShape.Run ? descriptor->References : *(long*)(target + ObjectHeader.Bytes);
                var end = Math.Min(card.End, first + (nint)(count * 8));
                for (var slot = Math.Max(card.Start, first); slot < end; slot += 8)
                {
                    visitor.Visit((nint*)slot);
                }

                break;
            case ObjectShape.Listed:
                for (var i = 0; i < descriptor->References; i++)
                {
                    if (card.Contains(target + descriptor->Offsets[i]))
                    {
                        visitor.Visit((nint*)(target + descriptor->Offsets[i]));
                    }
                }

                break;
        }
    }
}
