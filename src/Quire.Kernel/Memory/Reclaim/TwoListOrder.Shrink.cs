using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>One round over the lists (shrink_lruvec and below, mm/vmscan.c of Linux 6.1).</summary>
internal sealed partial class TwoListOrder
{
    // SWAP_CLUSTER_MAX.
    private const uint Batch = 32;

    private long _seenAnonymousActivations;
    private long _seenFileActivations;
    private bool _mayDeactivateAnonymous;
    private bool _mayDeactivateFile;

    private enum Verdict
    {
        Evict,
        Keep,
        Activate,
        Write,
        Cull,
    }

    /// <summary>
    /// Differs from Linux: once enough is freed the round ends, instead of scanning the other kind in proportion; the next round's share comes to
    /// the same because scan counts are computed anew from the lists.
    /// </summary>
    public int Shrink(in ReclaimRequest request, FrameReclaimer reclaimer)
    {
        DecideDeactivation();
        if (request.Priority == 0)
        {
            _mayDeactivateAnonymous = _mayDeactivateFile = true;
        }

        Span<long> left = stackalloc long[Lists];
        CountScans(request, left);
        var freed = 0;
        while (left[InactiveAnonymous] > 0 || left[ActiveFile] > 0 || left[InactiveFile] > 0)
        {
            for (var list = InactiveAnonymous; list <= ActiveFile; list++)
            {
                var batch = Math.Min(Math.Min(left[list], Batch), request.Most - freed);
                if (batch > 0)
                {
                    left[list] -= batch;
                    freed += ShrinkList(list, batch, request, reclaimer);
                }
            }

            if (freed >= request.Wanted)
            {
                break;
            }
        }

        if (reclaimer.MaySwap && IsInactiveLow(InactiveAnonymous))
        {
            Deactivate(ActiveAnonymous, Batch, reclaimer);
        }

        ReturnWritten();
        return freed;
    }

    /// <summary>prepare_scan_count: active pages are let down while their inactive list is short, or while pages that return prove the active ones stale.</summary>
    private void DecideDeactivation()
    {
        _mayDeactivateAnonymous = _seenAnonymousActivations != Counters.RefaultActivationsAnonymous || IsInactiveLow(InactiveAnonymous);
        _mayDeactivateFile = _seenFileActivations != Counters.RefaultActivationsFile || IsInactiveLow(InactiveFile);
        _seenAnonymousActivations = Counters.RefaultActivationsAnonymous;
        _seenFileActivations = Counters.RefaultActivationsFile;
    }

    private bool IsInactiveLow(byte inactive)
    {
        long active = _lists[inactive + 1].Count;
        var gibibytes = (_lists[inactive].Count + active) >> (30 - Page.Shift);
        var ratio = gibibytes > 0 ? (long)Math.Sqrt(10 * gibibytes) : 1;
        return _lists[inactive].Count * ratio < active;
    }

    /// <summary>get_scan_count: how many pages of each list this round looks at. Shares are at most 600 (<see cref="Shares"/>), counts have 32 bits.</summary>
    private void CountScans(in ReclaimRequest request, Span<long> scans)
    {
        var (anonymousShare, fileShare, whole) = Shares(request);
        for (var list = InactiveAnonymous; list <= ActiveFile; list++)
        {
            var share = list is InactiveAnonymous or ActiveAnonymous ? anonymousShare : fileShare;
            scans[list] = (_lists[list].Count >> request.Priority) * share / whole;
        }
    }

    private (long Anonymous, long File, long Whole) Shares(in ReclaimRequest request)
    {
        var reclaim = _memory.Reclaim;
        long swappiness = request.Swappiness ?? _memory.Settings.Swappiness;
        if (!reclaim.MaySwap)
        {
            return (0, 1, 1);
        }

        // A last try may not fail for the sake of balance.
        if (request.Priority == 0 && swappiness > 0)
        {
            return (1, 1, 1);
        }

        if (request.Origin != ReclaimOrigin.Limit && IsFileTiny(request.Priority))
        {
            return (1, 0, 1);
        }

        // cache_trim_mode: much of the cache has been used once and no more.
        if (!_mayDeactivateFile && _lists[InactiveFile].Count >> request.Priority != 0)
        {
            return (0, 1, 1);
        }

        var cost = _anonymousCost + _fileCost;
        var anonymousCost = cost + _anonymousCost;
        var fileCost = cost + _fileCost;
        cost = anonymousCost + fileCost;
        var anonymous = swappiness * (cost + 1) / (anonymousCost + 1);
        var file = (200 - swappiness) * (cost + 1) / (fileCost + 1);
        return (anonymous, file, Math.Max(1, anonymous + file));
    }

    // With next to no cache left, evicting it only makes programs read their code again and again.
    private bool IsFileTiny(int priority)
    {
        return (long)_lists[ActiveFile].Count + _lists[InactiveFile].Count + _memory.Frames.FreeFrames <= _memory.Frames.High
            && !_mayDeactivateAnonymous && _lists[InactiveAnonymous].Count >> priority != 0;
    }

    private int ShrinkList(byte list, long scans, in ReclaimRequest request, FrameReclaimer reclaimer)
    {
        if (list is InactiveAnonymous or InactiveFile)
        {
            return Evict(list, scans, request, reclaimer);
        }

        if (list == ActiveAnonymous ? _mayDeactivateAnonymous : _mayDeactivateFile)
        {
            Deactivate(list, scans, reclaimer);
        }

        return 0;
    }

    /// <summary>shrink_inactive_list.</summary>
    private int Evict(byte list, long scans, in ReclaimRequest request, FrameReclaimer reclaimer)
    {
        ref var from = ref _lists[list];
        var counters = Counters;
        var isFile = list == InactiveFile;
        var freed = 0;
        var scanned = 0L;
        var written = _memory.Counters.PagesOut;
        for (; scanned < scans && from.Count > 0; scanned++)
        {
            var frame = from.Oldest;
            _frames.Prefetch(from.NextOldest);
            switch (Judge(frame, reclaimer))
            {
                case Verdict.Evict when reclaimer.TryEvict(frame, _ages.ShadowOf(HistoryOf(frame)), request.Origin):
                    _ages.Advance();
                    freed++;
                    break;

                // No swap slot, or the device failed: out of the way.
                case Verdict.Evict:
                    counters.Activated++;
                    Move(frame, (byte)(list + 1));
                    break;
                case Verdict.Write:
                    counters.DirtyMet++;
                    MoveOldest(list, Writing);
                    reclaimer.WriteBack(frame);
                    break;
                case Verdict.Cull:
                    counters.UnevictableCulled++;
                    MoveOldest(list, Unevictable);
                    break;
                case Verdict.Activate:
                    counters.Activated++;
                    MoveOldest(list, (byte)(list + 1));
                    break;
                default:
                    MoveOldest(list, list);
                    break;
            }
        }

        counters.CountScanned(request.Origin, isFile, scanned);
        _memory.Note(MemoryEventKind.Scan, pages: scanned);
        NoteCost(isFile, _memory.Counters.PagesOut - written);
        return freed;
    }

    /// <summary>page_check_references.</summary>
    private Verdict Judge(FrameNumber frame, FrameReclaimer reclaimer)
    {
        ref var entry = ref _frames[frame];
        if (FrameReclaimer.IsPinned(entry))
        {
            return Verdict.Keep;
        }

        var use = reclaimer.Harvest(entry);
        var wasReferenced = (entry.Flags & FrameFlags.Referenced) != 0;
        entry.Flags &= ~FrameFlags.Referenced;
        if (use.IsLocked)
        {
            return Verdict.Cull;
        }

        if (use.Accessed > 0)
        {
            // The next round must see a second use before the page counts as used again.
            entry.Flags |= FrameFlags.Referenced;
            var isFile = IsFile(entry);
            return wasReferenced || use.Accessed > 1 || (isFile && use.IsExecutable) ? Verdict.Activate : Verdict.Keep;
        }

        return (entry.Flags & FrameFlags.Dirty) != 0 ? Verdict.Write : Verdict.Evict;
    }

    /// <summary>shrink_active_list: the end of an active list goes to the inactive one; code that is in use stays.</summary>
    private void Deactivate(byte list, long scans, FrameReclaimer reclaimer)
    {
        ref var from = ref _lists[list];
        var counters = Counters;
        for (; scans > 0 && from.Count > 0; scans--)
        {
            var frame = from.Oldest;
            _frames.Prefetch(from.NextOldest);
            ref var entry = ref _frames[frame];
            counters.Refilled++;
            var use = reclaimer.Harvest(entry);
            if (use.IsLocked)
            {
                counters.UnevictableCulled++;
                MoveOldest(list, Unevictable);
            }
            else if (list == ActiveFile && use is { Accessed: > 0, IsExecutable: true })
            {
                MoveOldest(list, list);
            }
            else
            {
                counters.Deactivated++;
                _places[frame].Marks |= WorkingSetMark;
                MoveOldest(list, (byte)(list - 1));
            }
        }
    }

    private PageHistory HistoryOf(FrameNumber frame) => (_places[frame].Marks & WorkingSetMark) != 0 ? PageHistory.WorkingSet : PageHistory.Inactive;

    /// <summary>end_page_writeback: what was dirty is clean now and goes next.</summary>
    private void ReturnWritten()
    {
        while (_lists[Writing].Count > 0)
        {
            var frame = _lists[Writing].Oldest;
            _lists[Writing].Remove(frame);
            _places[frame].List = InactiveFile;
            _lists[InactiveFile].AddOldest(frame);
            Counters.Rotated++;
        }
    }
}
