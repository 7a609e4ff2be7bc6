using Quire.Kernel.Memory.Caching;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// The cached pages of one file. Its frames are the ones that shared mappings name, so read, write and mappings always agree.
/// Invariants: every cached frame has Use File, this cache's number and its page number; it is marked dirty in the frame and in the index alike;
/// a leaf that maps a page of a backed file writable exists only while that page is dirty.
/// </summary>
public sealed partial class PageCache
{
    /// <summary>Largest file: page numbers have 32 bits, 16 TiB as in ext4.</summary>
    public const ulong MaximumLength = 1UL << (32 + Page.Shift);

    // max_sectors_kb of a common drive: 1280 KiB.
    private const ulong LargestRequestPages = 320;

    private readonly KernelMemory _memory;
    private readonly PageIndex _index;
    private readonly ReadaheadWindow _readahead;
    private Errno _writeError;

    internal PageCache(KernelMemory memory, IPageSource source, ulong length)
    {
        _memory = memory;
        Source = source;
        Length = length;
        _index = new PageIndex(memory.PageIndexSlots);
        _readahead = new ReadaheadWindow(memory.Options.ReadaheadPages);
    }

    public IPageSource Source { get; }

    /// <summary>The file's size in bytes.</summary>
    public ulong Length { get; private set; }

    public int MappedRegionCount { get; private set; }

    public ulong ResidentPages => _index.Count;

    /// <summary>Pages that reclaim has left a shadow of.</summary>
    public ulong Shadows => _index.ShadowCount;

    /// <summary>Pages of a memory-only file that are in swap areas instead.</summary>
    public ulong SwappedPages => _index.SwappedCount;

    public ulong DirtyPages => _index.DirtyCount;

    /// <summary>What counts towards Committed_AS: pages of files in memory, one by one (shmem_acct_block); shared anonymous memory is promised when it is mapped.</summary>
    internal ulong PromisedPages => IsPromisedByThePage ? ResidentPages + SwappedPages : 0;

    private bool IsPromisedByThePage => !Source.IsBacked && Source is not SharedAnonymousMemory;

    internal uint Number { get; set; }

    internal LinkedListNode<PageCache>? DirtyListNode { get; set; }

    /// <summary>Regions that map the file, chained through <see cref="Region.NextOfPages"/>.</summary>
    internal Region? FirstRegion { get; private set; }

    /// <summary>Somebody who may write maps the file as shared, whether the mapping is for writing or not (i_mmap_writable of Linux).</summary>
    internal bool IsMappedByWriters
    {
        get
        {
            for (var region = FirstRegion; region is not null; region = region.NextOfPages)
            {
                if ((region.Flags & RegionFlags.Shared) != 0)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The first page from this one on that is in RAM or swap; ulong.MaxValue if there is none.</summary>
    internal ulong NextHeld(ulong page)
    {
        for (; _index.TryFindNextPlace(page, PageCount, out var index, out var place); page = index + 1)
        {
            if (place.IsFrame || place.IsSwapped)
            {
                return index;
            }
        }

        return ulong.MaxValue;
    }

    /// <summary>The first page from this one on that is newer than the file's source; ulong.MaxValue if there is none.</summary>
    internal ulong NextDirty(ulong page) => _index.TryFindNextDirty(page, PageCount, out var index) ? index : ulong.MaxValue;

    /// <summary>Pages that the file's length reaches into.</summary>
    internal ulong PageCount => (Length + Page.OffsetMask) >> Page.Shift;

    /// <summary>Uses of the file's pages through mappings do not keep them in RAM (POSIX_FADV_NOREUSE since Linux 6.3). Differs from Linux: of the file, not of an open one.</summary>
    internal bool IsUsedOnce { get; private set; }

    public void Advise(ReadaheadHint hint)
    {
        _readahead.Hint = hint;
        IsUsedOnce &= hint != ReadaheadHint.Normal;
    }

    public void AdviseOnce() => IsUsedOnce = true;

    /// <summary>Reads a range in, up to a device's largest request (readahead, POSIX_FADV_WILLNEED; force_page_cache_ra of Linux).</summary>
    public void ReadAhead(ulong offset, ulong length)
    {
        var first = offset >> Page.Shift;
        var largest = Math.Max(LargestRequestPages, (ulong)_memory.Options.ReadaheadPages);
        var pages = length > MaximumLength ? largest : (length + (offset & Page.OffsetMask) + Page.OffsetMask) >> Page.Shift;
        ReadRun(first, first + Math.Min(pages, largest), wanted: ulong.MaxValue, out _);
    }

    /// <summary>Drops every page, dirty ones unwritten: the file is gone. The cache is not used afterwards.</summary>
    public void Drop()
    {
        Truncate(0);
        _index.Clear();
        _memory.Forget(this);
    }

    internal void AddRegion(Region region)
    {
        region.NextOfPages = FirstRegion;
        if (FirstRegion is not null)
        {
            FirstRegion.PreviousOfPages = region;
        }

        FirstRegion = region;
        MappedRegionCount++;
    }

    internal void RemoveRegion(Region region)
    {
        if (region.PreviousOfPages is null)
        {
            FirstRegion = region.NextOfPages;
        }
        else
        {
            region.PreviousOfPages.NextOfPages = region.NextOfPages;
        }

        if (region.NextOfPages is not null)
        {
            region.NextOfPages.PreviousOfPages = region.PreviousOfPages;
        }

        region.NextOfPages = null;
        region.PreviousOfPages = null;
        MappedRegionCount--;
    }

    /// <summary>Whether a page is in RAM, be it in the swap cache.</summary>
    internal bool IsCached(ulong index)
    {
        var place = _index.PlaceOf(index);
        return place.IsFrame || (place.IsSwapped && !_memory.Swap.FindCached(place.SwapEntry).IsNone);
    }

    /// <summary>The cached frame, or None.</summary>
    internal FrameNumber Find(ulong index) => _index[index];

    internal bool TryFindNext(ulong from, ulong end, out ulong index, out FrameNumber frame) => _index.TryFindNext(from, end, out index, out frame);

    internal bool TryFindNextPlace(ulong from, ulong end, out ulong index, out PagePlace place) => _index.TryFindNextPlace(from, end, out index, out place);

    /// <summary>
    /// The frame of a page for a fault, read in if need be. None: <paramref name="error"/> says why. The caller pins it before it allocates anything.
    /// </summary>
    /// <param name="how">Major, if a device was waited for, and Swap, if the page was swapped out.</param>
    internal FrameNumber GetForFault(ulong index, ReadaheadHint hint, out Errno error, out FaultKind how)
    {
        error = Errno.None;
        how = FaultKind.None;
        var frame = _index[index];
        if (!frame.IsNone)
        {
            _memory.CountCacheHit(index);
            _readahead.MappedHit();
            return frame;
        }

        if (!Source.IsBacked)
        {
            return AddMissing(index, out error, out how);
        }

        how = FaultKind.Major;
        _memory.CountCacheMiss(index);
        var (first, count) = _readahead.ForFault(index, hint);
        error = ReadRun(first, first + count, index, out frame);
        return frame;
    }

    /// <summary>A page's bytes have moved to another frame.</summary>
    internal void Repoint(ulong index, FrameNumber to) => _index.Repoint(index, to);

    /// <summary>Takes a page out of the cache and gives the cache's reference up. It must be clean and mapped nowhere.</summary>
    internal void Remove(ulong index) => Remove(index, PagePlace.Nothing);

    /// <summary>As <see cref="Remove(ulong)"/>, leaving a shadow.</summary>
    internal void Evict(ulong index, Shadow shadow) => Remove(index, shadow.IsNone ? PagePlace.Nothing : new PagePlace(shadow));

    /// <summary>Gives memory back that only tells of pages that went; the number of nodes.</summary>
    internal int DropShadowNodes() => _index.DropShadowNodes();

    private void Remove(ulong index, PagePlace left)
    {
        var frame = _index[index];
        ref var entry = ref _memory.FrameTable[frame];
        if (entry.Mappings != 0)
        {
            throw new InvalidOperationException($"page {index} of {Source.Name} leaves the page cache while it is mapped");
        }

        MarkClean(ref entry);
        if (left.IsNothing)
        {
            _index.Remove(index);
            if (!Source.IsBacked)
            {
                Source.ReturnPage();
            }
        }
        else
        {
            _index.Replace(index, left);
        }

        Disown(frame);
    }

    private void Disown(FrameNumber frame)
    {
        ref var entry = ref _memory.FrameTable[frame];
        _memory.Pools.Remove(frame);
        _memory.Counters.FilePages--;
        _memory.Counters.SharedMemoryPages -= (entry.Flags & FrameFlags.MemoryOnly) != 0 ? 1 : 0;
        entry.Flags = FrameFlags.None;
        entry.Owner = 0;
        _memory.Frames.Release(frame);
    }

    /// <summary>Marks a page as newer than its source. Memory-only pages have none.</summary>
    internal void MarkDirty(ref FrameEntry entry)
    {
        if (!Source.IsBacked || (entry.Flags & FrameFlags.Dirty) != 0)
        {
            return;
        }

        entry.Flags |= FrameFlags.Dirty;
        _index.SetDirty(entry.Index);
        _memory.Counters.DirtyPages++;
        _memory.Counters.Dirtied++;
        _memory.DirtyCaches.Add(this);
    }

    private void MarkClean(ref FrameEntry entry)
    {
        if ((entry.Flags & FrameFlags.Dirty) == 0)
        {
            return;
        }

        entry.Flags &= ~FrameFlags.Dirty;
        _index.ClearDirty(entry.Index);
        _memory.Counters.DirtyPages--;
        if (_index.DirtyCount == 0)
        {
            _memory.DirtyCaches.Remove(this);
        }
    }

    /// <summary>
    /// Reads the pages of [first, end) that are not cached and lie inside the file, as one request of the device. Failing to read any but the
    /// page wanted only ends the run.
    /// </summary>
    private Errno ReadRun(ulong first, ulong end, ulong wanted, out FrameNumber wantedFrame)
    {
        wantedFrame = FrameNumber.None;
        if (!Source.IsBacked)
        {
            return Errno.None;
        }

        var result = Errno.None;
        ulong bytes = 0;
        end = Math.Min(end, PageCount);
        var isRefault = wanted < end && !_index.PlaceOf(wanted).Shadow.IsNone;
        for (var index = first; index < end; index++)
        {
            // What is read ahead must not push pages out that are in use.
            if (!_index[index].IsNone
                || (index != wanted && (_memory.Pools.Current.IsFull || _memory.Frames.Limits?.TryReclaimFor(Page.Size) == false)))
            {
                continue;
            }

            var frame = AddRead(index, out var error);
            if (frame.IsNone)
            {
                if (index == wanted)
                {
                    result = error;
                    break;
                }

                if (index > wanted)
                {
                    break;
                }

                continue;
            }

            bytes += Page.Size;
            if (index == wanted)
            {
                // Pages read ahead of need must not push this one out again.
                wantedFrame = frame;
                _memory.FrameTable[frame].References++;
            }
            else
            {
                _memory.Counters.ReadaheadPages++;
                _memory.Note(MemoryEventKind.ReadAhead, frame, index << Page.Shift);
            }
        }

        if (!wantedFrame.IsNone)
        {
            _memory.FrameTable[wantedFrame].References--;
        }

        if (bytes > 0)
        {
            _memory.Counters.PagesIn += (long)(bytes >> Page.Shift);
            _memory.Note(MemoryEventKind.FileRead, wanted << Page.Shift, (long)(bytes >> Page.Shift));
            var others = _memory.BeginStall();
            _memory.ReadFromDevice(bytes);
            if (isRefault)
            {
                _memory.EndStall(others);
            }
        }

        return result;
    }

    private FrameNumber AddRead(ulong index, out Errno error)
    {
        if (!_memory.Frames.TryAllocate(FrameUse.File, out var frame))
        {
            error = Errno.ENOMEM;
            return FrameNumber.None;
        }

        error = Source.ReadPage(index, _memory.Physical.Write(frame));
        if (error == Errno.None)
        {
            return Add(index, frame, out error);
        }

        _memory.Frames.Release(frame);
        return FrameNumber.None;
    }

    private FrameNumber AddZeroed(ulong index, out Errno error)
    {
        if (IsPromisedByThePage && !_memory.Overcommit.AllowsFilePage)
        {
            error = Errno.ENOSPC;
            return FrameNumber.None;
        }

        if (!Source.IsBacked && !Source.TryTakePage())
        {
            error = Errno.ENOSPC;
            return FrameNumber.None;
        }

        error = Errno.ENOMEM;
        var added = _memory.Frames.TryAllocateZeroed(FrameUse.File, out var frame) ? Add(index, frame, out error) : FrameNumber.None;
        if (added.IsNone && !Source.IsBacked)
        {
            Source.ReturnPage();
        }

        return added;
    }

    private FrameNumber Add(ulong index, FrameNumber frame, out Errno error)
    {
        var shadow = _index.PlaceOf(index).Shadow;
        if (!_index.TryAdd(index, frame))
        {
            _memory.Frames.Release(frame);
            error = Errno.ENOMEM;
            return FrameNumber.None;
        }

        Own(index, frame);
        var name = PageArrival.NameOf(_memory.FrameTable[frame]);
        _memory.CountReturn(name, frame);
        _memory.Pools.Admit(frame, new PageArrival(name, shadow));
        _memory.NoteResident();
        error = Errno.None;
        return frame;
    }

    private void Own(ulong index, FrameNumber frame)
    {
        ref var entry = ref _memory.FrameTable[frame];
        entry.Owner = Number;
        entry.Index = (uint)index;
        _memory.Counters.FilePages++;
        if (!Source.IsBacked)
        {
            entry.Flags |= FrameFlags.MemoryOnly;
            _memory.Counters.SharedMemoryPages++;
        }
    }
}
