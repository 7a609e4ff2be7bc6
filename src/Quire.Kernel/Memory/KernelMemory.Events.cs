using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What is counted is told as well, at the place where it is counted: the report of a run and its events say the same.</summary>
public sealed partial class KernelMemory
{
    /// <summary>Told of what happens; null: nobody listens, and nothing is made for it.</summary>
    public IMemoryEventSink? Events { get; set; }

    /// <param name="pages">How many at once.</param>
    internal void Note(MemoryEventKind kind, ulong address = 0, long pages = 1, int process = 0, string what = "", string of = "")
    {
        if (Events is { } events && pages > 0)
        {
            events.Record(new MemoryEvent(kind, Now(), process, new VirtualAddress(address), FrameNumber.None, (ulong)pages << Page.Shift, What: what, Of: of));
        }
    }

    internal void Note(MemoryEventKind kind, FrameNumber frame, ulong address = 0, int process = 0)
    {
        if (Events is { } events)
        {
            events.Record(new MemoryEvent(kind, Now(), process, new VirtualAddress(address), frame, Page.Size));
        }
    }

    /// <summary>A reference that was not foreseen.</summary>
    /// <param name="page">As policies know it.</param>
    public void NoteUnforeseen(ulong page) => Note(MemoryEventKind.Unforeseen, page);

    /// <summary>A page is about to be evicted; to be recorded once it is.</summary>
    internal MemoryEvent DescribeEviction(FrameNumber frame, ReclaimOrigin origin)
    {
        ref var entry = ref FrameTable[frame];
        var isAnonymous = entry.Use == FrameUse.Anonymous;
        var isMapped = isAnonymous && entry.Mappings > 0;
        return new MemoryEvent(
            MemoryEventKind.Evict,
            Now(),
            isMapped ? SpaceOf(entry.FirstMapping).ProcessTag : 0,
            new VirtualAddress(isMapped ? entry.FirstMapping.Address : isAnonymous ? 0 : (ulong)entry.Index << Page.Shift),
            frame,
            Page.Size,
            What: isAnonymous ? "anonymous" : (entry.Flags & FrameFlags.MemoryOnly) != 0 ? "memoryFile" : "file",
            Of: origin switch { ReclaimOrigin.Background => "background", ReclaimOrigin.Limit => "limit", _ => "direct" });
    }

    internal void CountCacheHit(ulong index)
    {
        Counters.CacheHits++;
        Note(MemoryEventKind.CacheHit, index << Page.Shift);
    }

    internal void CountCacheMiss(ulong index)
    {
        Counters.CacheMisses++;
        Note(MemoryEventKind.CacheMiss, index << Page.Shift);
    }

    // A page has come into RAM that may have been there before.
    internal void CountReturn(ulong page, FrameNumber frame)
    {
        if (Refaults.Returned(page))
        {
            Note(MemoryEventKind.Refault, frame);
        }
    }
}
