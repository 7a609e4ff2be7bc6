using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// Linux 6.1's order without generations (mm/swap.c, mm/vmscan.c, mm/workingset.c): an active and an inactive list, each for anonymous and for file
/// pages. Pages come in inactive; one used twice while it is there becomes active; what leaves is looked for at the inactive lists' ends. How
/// much is taken from which kind follows swappiness and what refaults of each have cost. A page that returns soon after it was evicted is
/// active at once. Memory-only file pages count as anonymous, as they go to swap. Pages of locked regions wait in a list that is not looked at.
/// </summary>
internal sealed partial class TwoListOrder : IFrameOrder
{
    private const byte InactiveAnonymous = 1;
    private const byte ActiveAnonymous = 2;
    private const byte InactiveFile = 3;
    private const byte ActiveFile = 4;
    private const byte Unevictable = 5;

    // Being written out: taken at the next round, when they are clean.
    private const byte Writing = 6;
    private const byte Lists = 7;

    // PG_workingset: was active before it was deactivated or evicted.
    private const byte WorkingSetMark = 1;

    private readonly KernelMemory _memory;
    private readonly FrameTable _frames;
    private readonly FramePlaces _places;
    private readonly FrameChain[] _lists = new FrameChain[Lists];
    private NonresidentAges _ages;

    // lru_note_cost: refaults and page-outs of late.
    private long _anonymousCost;
    private long _fileCost;

    public TwoListOrder(KernelMemory memory)
    {
        _memory = memory;
        _frames = memory.FrameTable;
        _places = memory.Pools.Places;
        _lists.AsSpan().Fill(new FrameChain(_places));
        _ages = new NonresidentAges(memory.FrameTable.Count);
    }

    public OrderCounts Counts => new(
        _lists[ActiveAnonymous].Count,
        _lists[InactiveAnonymous].Count,
        _lists[ActiveFile].Count,
        (long)_lists[InactiveFile].Count + _lists[Writing].Count,
        _lists[Unevictable].Count);

    private ReclaimCounters Counters => _memory.Counters.Reclaim;

    public void Admit(FrameNumber frame, in PageArrival arrival)
    {
        var isFile = IsFile(_frames[frame]);
        var list = isFile ? InactiveFile : InactiveAnonymous;
        if (!arrival.Shadow.IsNone && IsRefaultOfWorkingSet(frame, arrival.Shadow, isFile))
        {
            list++;
        }

        Add(frame, list);
    }

    public void Remove(FrameNumber frame) => _lists[_places[frame].List].Remove(frame);

    public void MarkUsed(FrameNumber frame, PageUseKind kind)
    {
        ref var entry = ref _frames[frame];
        ref var place = ref _places[frame];
        if ((entry.Flags & FrameFlags.Referenced) == 0 || place.List is Unevictable or ActiveFile or ActiveAnonymous)
        {
            entry.Flags |= FrameFlags.Referenced;
            return;
        }

        Move(frame, IsFile(entry) ? ActiveFile : ActiveAnonymous);
        entry.Flags &= ~FrameFlags.Referenced;
        Counters.Activated++;

        // workingset_activation: what is not resident has grown older by one page that it competes with.
        _ages.Advance();
    }

    public void MarkCold(FrameNumber frame)
    {
        ref var entry = ref _frames[frame];
        entry.Flags &= ~FrameFlags.Referenced;
        var list = _places[frame].List;
        if (list == Unevictable)
        {
            return;
        }

        Counters.Deactivated += list is ActiveAnonymous or ActiveFile ? 1 : 0;
        _lists[list].Remove(frame);
        list = IsFile(entry) ? InactiveFile : InactiveAnonymous;
        _places[frame].List = list;
        _lists[list].AddOldest(frame);
    }

    public void Unlock(FrameNumber frame)
    {
        if (_places[frame].List == Unevictable)
        {
            Move(frame, IsFile(_frames[frame]) ? InactiveFile : InactiveAnonymous);
            Counters.UnevictableRescued++;
        }
    }

    public void Dispose()
    {
    }

    private static bool IsFile(in FrameEntry entry) => entry.Use == FrameUse.File && (entry.Flags & FrameFlags.MemoryOnly) == 0;

    /// <summary>workingset_refault: did the page leave so recently that it would still be here, had the active pages been fewer?</summary>
    private bool IsRefaultOfWorkingSet(FrameNumber frame, Shadow shadow, bool isFile)
    {
        Counters.CountRefault(isFile);
        var workingSet = (long)_lists[ActiveFile].Count;
        workingSet += isFile ? 0 : _lists[InactiveFile].Count;
        if (_memory.Swap.Free > 0)
        {
            workingSet += _lists[ActiveAnonymous].Count + (isFile ? _lists[InactiveAnonymous].Count : 0);
        }

        if (_ages.DistanceOf(shadow) > workingSet)
        {
            return false;
        }

        _ages.Advance();
        Counters.CountRefaultActivation(isFile);
        if (NonresidentAges.HistoryOf(shadow) == PageHistory.WorkingSet)
        {
            _places[frame].Marks |= WorkingSetMark;
            NoteCost(isFile, 1);
            Counters.CountRestore(isFile);
        }

        return true;
    }

    private void NoteCost(bool isFile, long pages)
    {
        (isFile ? ref _fileCost : ref _anonymousCost) += pages;
        var size = _lists[InactiveAnonymous].Count + (long)_lists[ActiveAnonymous].Count + _lists[InactiveFile].Count + _lists[ActiveFile].Count;
        if (_fileCost + _anonymousCost > size / 4)
        {
            _fileCost /= 2;
            _anonymousCost /= 2;
        }
    }

    private void Add(FrameNumber frame, byte list)
    {
        _places[frame].List = list;
        _lists[list].AddNewest(frame);
    }

    // For the frame at the end of its list.
    private void MoveOldest(byte from, byte to)
    {
        var frame = _lists[from].Oldest;
        _lists[from].RemoveOldest();
        Add(frame, to);
    }

    private void Move(FrameNumber frame, byte list)
    {
        _lists[_places[frame].List].Remove(frame);
        Add(frame, list);
    }
}
