using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>memory.stat: the lines of Linux's that mean something here, for a group and all below it, in bytes and events.</summary>
internal static class MemoryStatText
{
    public static string Render(KernelMemory memory, MemoryGroup group)
    {
        var own = group.WithDescendants.Aggregate(new MemoryGroupStatistics(), (sum, below) => sum + below.Own);
        var pools = memory.Pools.All.Where(pool => group.IsRoot || group.Contains(pool.Group)).ToList();
        var lists = pools.Aggregate(default(OrderCounts), (sum, pool) => sum + pool.Order.Counts);
        var pages = Count(memory, pools);
        var text = new StringBuilder();
        Line("anon", pages.Anonymous << Page.Shift);
        Line("file", (pages.File + pages.Shared) << Page.Shift);
        Line("kernel", own.KernelBytes);
        Line("pagetables", own.PageTableBytes);
        Line("shmem", pages.Shared << Page.Shift);
        Line("zswap", own.CompressedBytes);
        Line("file_mapped", pages.MappedFile << Page.Shift);
        Line("file_dirty", pages.Dirty << Page.Shift);
        Line("file_writeback", 0);
        Line("swapcached", pages.SwapCached << Page.Shift);
        Line("inactive_anon", lists.InactiveAnonymous << Page.Shift);
        Line("active_anon", lists.ActiveAnonymous << Page.Shift);
        Line("inactive_file", lists.InactiveFile << Page.Shift);
        Line("active_file", lists.ActiveFile << Page.Shift);
        Line("unevictable", lists.Unevictable << Page.Shift);
        Line("slab_reclaimable", 0);
        Line("slab_unreclaimable", own.ObjectBytes);
        Line("slab", own.ObjectBytes);
        Line("pgscan", own.Scanned);
        Line("pgsteal", own.Stolen);
        Line("pgfault", own.Faults);
        Line("pgmajfault", own.MajorFaults);
        Line("pgrefill", own.Refilled);
        Line("pgactivate", own.Activated);
        Line("pgdeactivate", own.Deactivated);
        return text.ToString();

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static PageKinds Count(KernelMemory memory, List<FramePool> pools)
    {
        var kinds = default(PageKinds);
        var isCounted = new bool[pools.Count == 0 ? 1 : pools.Max(pool => pool.Number) + 1];
        pools.ForEach(pool => isCounted[pool.Number] = true);
        for (uint number = 0; number < memory.FrameTable.Count; number++)
        {
            var frame = new FrameNumber(number);
            var pool = memory.Pools.Places[frame].Pool;
            if (pool < isCounted.Length && isCounted[pool])
            {
                kinds.Add(memory.FrameTable[frame]);
            }
        }

        return kinds;
    }

    private struct PageKinds
    {
        public long Anonymous;
        public long File;
        public long Shared;
        public long MappedFile;
        public long Dirty;
        public long SwapCached;

        public void Add(in FrameEntry entry)
        {
            if (entry.Use == FrameUse.Anonymous)
            {
                Anonymous += entry.Mappings > 0 ? 1 : 0;
                SwapCached += SwapSpace.IsCached(entry) ? 1 : 0;
                return;
            }

            (((entry.Flags & FrameFlags.MemoryOnly) != 0) ? ref Shared : ref File)++;
            MappedFile += entry.Mappings > 0 ? 1 : 0;
            Dirty += (entry.Flags & FrameFlags.Dirty) != 0 ? 1 : 0;
        }
    }
}
