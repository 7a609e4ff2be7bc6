using System.Runtime.CompilerServices;
using System.Text;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Auditing;

/// <summary>
/// Counts all of the machine's memory again, from page tables, page caches and free lists, and compares with what the kernel noted as it went:
/// every frame is free, or has owners that add up to its count. To be run between operations, when only instructions that restart pin anything.
/// </summary>
internal sealed unsafe class MemoryAudit(KernelMemory memory)
{
    private readonly int[] _mappings = new int[memory.FrameTable.Count];
    private readonly bool[] _isCached = new bool[memory.FrameTable.Count];
    private readonly int[] _slotUsers = new int[memory.Swap.Capacity + 1];
    private readonly List<MappingLocation> _locations = [];
    private long _filePages;
    private long _sharedMemoryPages;
    private long _dirtyPages;
    private long _swapCachePages;
    private long _hugeLeaves;
    private readonly Dictionary<FrameNumber, int> _reservedUsers = [];

    /// <exception cref="InvalidOperationException">Something does not add up; says what.</exception>
    public void Run()
    {
        foreach (var cache in memory.PageCaches)
        {
            CheckCache(cache);
        }

        ulong tables = 0;
        foreach (var space in memory.AddressSpaces)
        {
            CheckRegions(space);
            CheckLeaves(space);
            tables += space.Tables.TableCount;
        }

        CheckFrames(tables);
        CheckPools();
        CheckSlots();
        CheckReserved();
        memory.Groups.Audit();
        new TranslationAudit(memory).Run();
    }

    private void CheckCache(PageCache cache)
    {
        ulong dirty = 0;
        ulong resident = 0;
        for (ulong from = 0; cache.TryFindNext(from, ulong.MaxValue, out var index, out var frame); from = index + 1)
        {
            ref var entry = ref memory.FrameTable[frame];
            Require(entry.Use == FrameUse.File && entry.Owner == cache.Number && entry.Index == index,
                $"{frame} is page {index} of {cache.Source.Name}; its entry says {entry.Use}, file {entry.Owner}, page {entry.Index}");
            Require(!_isCached[frame.Value], $"{frame} is cached twice");
            // fallocate may put pages of memory-only files behind the end.
            Require(index < cache.PageCount || !cache.Source.IsBacked, $"{cache.Source.Name} has page {index} cached beyond its end");
            _isCached[frame.Value] = true;
            resident++;
            dirty += (entry.Flags & FrameFlags.Dirty) != 0 ? 1UL : 0;
            _sharedMemoryPages += (entry.Flags & FrameFlags.MemoryOnly) != 0 ? 1 : 0;
        }

        ulong swapped = 0;
        for (ulong from = 0; cache.TryFindNextPlace(from, ulong.MaxValue, out var index, out var place); from = index + 1)
        {
            if (place.IsSwapped)
            {
                Require(index < cache.PageCount, $"{cache.Source.Name} has page {index} swapped out beyond its end");
                Require(!place.SwapEntry.IsNone && place.SwapEntry.Slot <= memory.Swap.Capacity, $"page {index} of {cache.Source.Name} names no swap slot");
                _slotUsers[place.SwapEntry.Slot]++;
                swapped++;
            }
        }

        Require(swapped == cache.SwappedPages, $"{cache.Source.Name} counts {cache.SwappedPages} swapped pages and has {swapped}");
        Require(resident == cache.ResidentPages, $"{cache.Source.Name} counts {cache.ResidentPages} pages and has {resident}");
        Require(dirty == cache.DirtyPages, $"{cache.Source.Name} counts {cache.DirtyPages} dirty pages and has {dirty}");
        _filePages += (long)resident;
        _dirtyPages += (long)dirty;
    }

    private static void CheckRegions(AddressSpace space)
    {
        ulong end = 0;
        long pages = 0;
        var count = 0;
        for (var region = space.FirstRegion; region is not null; region = region.Next)
        {
            Require(region.Start >= end && region.Start < region.End && ((region.Start | region.End) & Page.OffsetMask) == 0,
                $"region {region.Start:x}-{region.End:x} of space {space.Number} is out of order or out of shape");
            end = region.End;
            pages += region.PageCount;
            count++;
        }

        Require(count == space.RegionCount, $"space {space.Number} counts {space.RegionCount} regions and has {count}");
        Require(pages == space.Counters.TotalPages, $"space {space.Number} counts {space.Counters.TotalPages} mapped pages and has {pages}");
    }

    private void CheckLeaves(AddressSpace space)
    {
        var visitor = new LeafVisitor(this, space);
        space.Tables.Visit(new VirtualRange(default, new VirtualAddress(AddressLayout.UserEnd)), ref visitor);
        Require(visitor.Anonymous == space.Counters.ResidentAnonymous && visitor.File == space.Counters.ResidentFile
            && visitor.Shared == space.Counters.ResidentShared,
            $"space {space.Number} counts {space.Counters.ResidentAnonymous}, {space.Counters.ResidentFile}, {space.Counters.ResidentShared} resident pages (anonymous, file, shared) and has {visitor.Anonymous}, {visitor.File}, {visitor.Shared}");
        Require(visitor.HugeLeaves == space.Tables.SplittableLeafCount,
            $"space {space.Number} has {visitor.HugeLeaves} huge leaves and {space.Tables.SplittableLeafCount} spare tables");
        _hugeLeaves += visitor.HugeLeaves;
        Require(visitor.Swapped == space.Counters.Swapped, $"space {space.Number} counts {space.Counters.Swapped} swapped pages and has {visitor.Swapped}");
    }

    // True: the leaf is of a pool of reserved huge pages.
    private bool NoteReserved(ulong page, ulong leaf, PageSize size, AddressSpace space)
    {
        var first = Leaf.FrameOf(leaf);
        if (memory.FrameTable[first].Use != FrameUse.HugePage)
        {
            return false;
        }

        Require(space.FindRegionAt(page) is { File: ReservedHugeMemory mapped } && mapped.Pool.Size == size && mapped.Pool.Users.ContainsKey(first),
            $"a reserved huge page is at {page:x} of space {space.Number}, where it does not belong");
        _reservedUsers[first] = _reservedUsers.GetValueOrDefault(first) + 1;
        return true;
    }

    private void CheckReserved()
    {
        var seen = new HashSet<ReservedHugeMemory>();
        foreach (var space in memory.AddressSpaces)
        {
            for (var region = space.FirstRegion; region is not null; region = region.Next)
            {
                if (region.File is ReservedHugeMemory mapped && seen.Add(mapped))
                {
                    foreach (var first in mapped.SharedPages)
                    {
                        _reservedUsers[first] = _reservedUsers.GetValueOrDefault(first) + 1;
                    }
                }
            }
        }

        foreach (var pool in memory.HugePagePools)
        {
            Require(pool.Reserved >= 0 && pool.Reserved <= pool.Free, $"{pool.Reserved} huge pages are promised and {pool.Free} free");
            foreach (var (first, users) in pool.Users)
            {
                Require(users == _reservedUsers.GetValueOrDefault(first), $"the huge page at {first} counts {users} users and has {_reservedUsers.GetValueOrDefault(first)}");
            }
        }
    }

    private void CheckSlots()
    {
        long used = 0;
        for (uint slot = 1; slot <= memory.Swap.Capacity; slot++)
        {
            var entry = new SwapEntry(slot);
            var cached = memory.Swap.FindCached(entry);
            Require(memory.Swap.UsersOf(entry) == _slotUsers[slot], $"{entry} counts {memory.Swap.UsersOf(entry)} users and has {_slotUsers[slot]}");
            Require(cached.IsNone || memory.FrameTable[cached] is { Use: FrameUse.Anonymous } frame && frame.Index == slot,
                $"{entry} is said to be cached in {cached}, which is another page");
            var isNeeded = _slotUsers[slot] > 0 || !cached.IsNone;
            Require(memory.Swap.IsTaken(entry) == isNeeded, $"{entry} is {(isNeeded ? "needed and free" : "taken and needed by nobody")}");
            used += isNeeded ? 1 : 0;
        }

        RequireCount("used swap slots", memory.Swap.Used, used);
        RequireCount("pages in the swap cache", memory.Counters.Swap.Cached, _swapCachePages);
    }

    private void CheckFrames(ulong tables)
    {
        long anonymous = 0;
        long mappedFile = 0;
        long slab = 0;
        ulong table = 0;
        for (uint number = 0; number < memory.FrameTable.Count; number++)
        {
            var frame = new FrameNumber(number);
            ref var entry = ref memory.FrameTable[frame];
            CheckFree(frame, entry);
            CheckOwners(frame, entry);
            anonymous += entry.Use == FrameUse.Anonymous && entry.Mappings > 0 ? 1 : 0;
            mappedFile += entry.Use == FrameUse.File && entry.Mappings > 0 ? 1 : 0;
            slab += entry.Use == FrameUse.Slab ? 1 : 0;
            table += entry.Use == FrameUse.PageTable ? 1UL : 0;
        }

        var counters = memory.Counters;
        RequireCount("anonymous pages", counters.AnonymousPages, anonymous);
        RequireCount("mapped file pages", counters.MappedFilePages, mappedFile);
        RequireCount("slab pages", counters.SlabPages, slab);
        RequireCount("page-table pages", counters.PageTablePages, (long)table);
        RequireCount("page-table pages of all spaces", (long)tables, (long)table);
        RequireCount("file pages", counters.FilePages, _filePages);
        RequireCount("shared-memory pages", counters.SharedMemoryPages, _sharedMemoryPages);
        RequireCount("huge pages", counters.HugePages.Mapped, _hugeLeaves);
        RequireCount("dirty pages", counters.DirtyPages, _dirtyPages);
    }

    private void CheckPools()
    {
        var frames = new Dictionary<FramePool, long>();
        for (uint number = 0; number < memory.FrameTable.Count; number++)
        {
            var frame = new FrameNumber(number);
            var pool = memory.Pools.PoolOf(frame);
            Require((pool is not null) == memory.FrameTable[frame].Use is FrameUse.Anonymous or FrameUse.File,
                $"{frame} is {memory.FrameTable[frame].Use} and {(pool is null ? "in no pool" : "in a pool")}");
            if (pool is not null)
            {
                frames[pool] = frames.GetValueOrDefault(pool) + 1;
            }
        }

        foreach (var pool in memory.Pools.All)
        {
            RequireCount($"frames of pool {pool.Number}", pool.Count, frames.GetValueOrDefault(pool));
            RequireCount($"frames in the order of pool {pool.Number}", pool.Order.Counts.All, pool.Count);
        }
    }

    private void CheckFree(FrameNumber frame, in FrameEntry entry)
    {
        var isFree = entry.Use == FrameUse.Free;
        var isOnCpuList = (entry.Flags & FrameFlags.OnCpuList) != 0;
        Require(memory.Frames.IsInBuddy(frame) == (isFree && !isOnCpuList), $"{frame} is {entry.Use} and the buddy system says otherwise");
        Require(isFree || !isOnCpuList, $"{frame} is {entry.Use} and on a CPU's free list");
    }

    private void CheckOwners(FrameNumber frame, in FrameEntry entry)
    {
        memory.ReverseMap.CopyTo(entry, _locations);
        Require(entry.Mappings == _mappings[frame.Value] && _locations.Count == entry.Mappings,
            $"{frame} ({entry.Use}) counts {entry.Mappings} mappings, page tables have {_mappings[frame.Value]}, the reverse map {_locations.Count}");
        var owners = entry.Use switch
        {
            FrameUse.Free => 0,
            FrameUse.Anonymous => entry.Mappings + CheckSwapCache(frame, entry),
            FrameUse.File => entry.Mappings + (_isCached[frame.Value] ? 1 : 0),
            _ => 1,
        };
        owners += memory.Pinned.CountOf(frame);
        Require(entry.References == owners, $"{frame} ({entry.Use}) counts {entry.References} references and has {owners} owners");
    }

    // The references of the swap cache.
    private int CheckSwapCache(FrameNumber frame, in FrameEntry entry)
    {
        if (!SwapSpace.IsCached(entry))
        {
            return 0;
        }

        Require(memory.Swap.FindCached(new SwapEntry(entry.Index)) == frame, $"{frame} has swap slot {entry.Index}, which does not know it");
        _swapCachePages++;
        return 1;
    }

    private void CheckLeaf(AddressSpace space, ulong page, ulong leaf)
    {
        var found = space.FindRegionAt(page);
        Require(found is not null, $"space {space.Number} has a leaf at {page:x} and no region there");
        var region = found!;
        if (Leaf.IsSwapped(leaf))
        {
            var entry = Leaf.SwapEntryOf(leaf);
            Require(!entry.IsNone && entry.Slot <= memory.Swap.Capacity, $"leaf {leaf:x} at {page:x} names no swap slot");
            Require((region.Flags & RegionFlags.MayShare) == 0, $"{entry} is at {page:x} of space {space.Number} in a shared region");
            _slotUsers[entry.Slot]++;
            return;
        }

        var frame = Leaf.FrameOf(leaf);
        Require(Leaf.HoldsFrame(leaf) && frame.Value < memory.FrameTable.Count, $"leaf {leaf:x} at {page:x} names no frame");
        Require(Leaf.IsPresent(leaf) == region.IsAccessible, $"leaf {leaf:x} at {page:x} does not follow its region's rights {region.Flags}");
        if (frame == memory.ZeroFrame)
        {
            Require(!Leaf.IsWritable(leaf), $"the zero page is writable at {page:x} of space {space.Number}");
            return;
        }

        _mappings[frame.Value]++;
        ref var frameEntry = ref memory.FrameTable[frame];
        memory.ReverseMap.CopyTo(frameEntry, _locations);
        Require(_locations.Contains(new MappingLocation(space.Number, page)), $"{frame} is at {page:x} of space {space.Number}; its reverse map does not say so");
        if (Leaf.IsWritable(leaf))
        {
            CheckWritable(region, page, frameEntry, memory.Pinned.CountOf(frame));
        }
    }

    private static void CheckWritable(Region region, ulong page, in FrameEntry entry, int pins)
    {
        Require((region.Flags & RegionFlags.Write) != 0, $"a leaf is writable at {page:x} in a region that is not");
        if ((region.Flags & RegionFlags.Shared) == 0)
        {
            Require(entry.Use == FrameUse.Anonymous && entry.References - pins == 1, $"a private page at {page:x} is writable while shared by {entry.References}");
        }
        else
        {
            Require((entry.Flags & (FrameFlags.MemoryOnly | FrameFlags.Dirty)) != 0, $"a clean file page is writable at {page:x}");
        }
    }

    private static void RequireCount(string what, long counted, long found) => Require(counted == found, $"{counted} {what} are counted, {found} exist");

    private static void Require(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] FailureMessage message)
    {
        if (!holds)
        {
            throw new InvalidOperationException("memory audit: " + message.Text);
        }
    }

    /// <summary>Formats only when the check has failed: there are several a frame.</summary>
    [InterpolatedStringHandler]
    private readonly ref struct FailureMessage
    {
        private readonly StringBuilder? _text;

        public FailureMessage(int literalLength, int formattedCount, bool holds, out bool isWanted)
        {
            isWanted = !holds;
            _text = holds ? null : new StringBuilder(literalLength + (8 * formattedCount));
        }

        public string Text => _text?.ToString() ?? "";

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value) => _text!.Append(value);

        public void AppendFormatted<T>(T value, string format)
            where T : IFormattable => _text!.Append(value.ToString(format, null));
    }

    private struct LeafVisitor(MemoryAudit audit, AddressSpace space) : IPageTableVisitor
    {
        public long Anonymous { get; private set; }

        public long File { get; private set; }

        public long Shared { get; private set; }

        public long Swapped { get; private set; }

        public static bool TakesHugeLeaves => true;

        public int HugeLeaves { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (size == PageSize.Size4K)
            {
                VisitSmall(start.Value, *entry);
                return;
            }

            if (audit.NoteReserved(start.Value, *entry, size, space))
            {
                return;
            }

            HugeLeaves++;
            for (ulong offset = 0; offset < size.Bytes; offset += Page.Size)
            {
                VisitSmall(start.Value + offset, (*entry & ~PageTableEntry.HugeBit) + offset);
            }
        }

        private void VisitSmall(ulong page, ulong leaf)
        {
            audit.CheckLeaf(space, page, leaf);
            if (Leaf.IsSwapped(leaf))
            {
                Swapped++;
                return;
            }

            if (audit.EntryOf(leaf) is not { } frame)
            {
                return;
            }

            Anonymous += frame.Use == FrameUse.Anonymous ? 1 : 0;
            Shared += frame.Use == FrameUse.File && (frame.Flags & FrameFlags.MemoryOnly) != 0 ? 1 : 0;
            File += frame.Use == FrameUse.File && (frame.Flags & FrameFlags.MemoryOnly) == 0 ? 1 : 0;
        }
    }

    // Null for the zero page, which is nobody's.
    private FrameEntry? EntryOf(ulong leaf) => Leaf.FrameOf(leaf) is var frame && frame == memory.ZeroFrame ? null : memory.FrameTable[frame];
}
