using System.Globalization;
using System.Text;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>
/// memory.stat and memory.numa_stat of a group and all below it, in bytes and events, with the lines and in the order of Linux 6.1 (memory_stats and
/// memcg_vm_event_stat of mm/memcontrol.c). The root's events are the machine's; what the kernel keeps is charged below it only.
/// </summary>
internal static class MemoryStatText
{
    public static string Render(KernelMemory memory, MemoryGroup group)
    {
        var text = new StringBuilder();
        var numbers = new Numbers(memory, group);
        foreach (var (name, value, _) in numbers.States())
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
            if (name == "slab_unreclaimable")
            {
                text.Append(CultureInfo.InvariantCulture, $"slab {numbers.Slab}\n");
            }
        }

        foreach (var (name, value) in numbers.Events())
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }

        return text.ToString();
    }

    /// <summary>memory.numa_stat: of the one node that there is, what is counted by nodes.</summary>
    public static string RenderByNode(KernelMemory memory, MemoryGroup group)
    {
        var text = new StringBuilder();
        foreach (var (name, value, scope) in new Numbers(memory, group).States())
        {
            if (scope == StateScope.Node)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name} N0={value}\n");
            }
        }

        return text.ToString();
    }

    private enum StateScope
    {
        Node,

        /// <summary>Counted for groups, not for nodes.</summary>
        Group,
    }

    private sealed class Numbers
    {
        private readonly KernelMemory _memory;
        private readonly MemoryGroup _group;
        private readonly MemoryGroupStatistics _own = new();
        private readonly OrderCounts _lists;
        private readonly PageKinds _pages;
        private readonly ReclaimTally _reclaim;

        public Numbers(KernelMemory memory, MemoryGroup group)
        {
            _memory = memory;
            _group = group;
            foreach (var below in group.WithDescendants)
            {
                _own.Add(below.Own);
            }

            var pools = memory.Pools.All.Where(pool => group.IsRoot || group.Contains(pool.Group)).ToList();
            _lists = pools.Aggregate(default(OrderCounts), (sum, pool) => sum + pool.Order.Counts);
            _pages = Count(memory, pools);
            _reclaim = group.IsRoot ? ReclaimTally.Of(memory.Counters.Reclaim) : _own.Reclaim;
        }

        public long Slab => _own[KernelMemoryKind.Objects] + _own[KernelMemoryKind.ReclaimableObjects];

        public IEnumerable<(string Name, long Value, StateScope Scope)> States()
        {
            yield return ("anon", _pages.Anonymous << Page.Shift, StateScope.Node);
            yield return ("file", (_pages.File + _pages.Shared + _pages.SwapCached) << Page.Shift, StateScope.Node);
            yield return ("kernel", _own.KernelBytes, StateScope.Group);
            yield return ("kernel_stack", _own[KernelMemoryKind.KernelStacks], StateScope.Node);
            yield return ("pagetables", _own[KernelMemoryKind.PageTables], StateScope.Node);

            // No hypervisor's tables, no sockets of a network, no vmalloc here.
            yield return ("sec_pagetables", 0, StateScope.Node);
            yield return ("percpu", _own[KernelMemoryKind.PerCpu], StateScope.Group);
            yield return ("sock", 0, StateScope.Group);
            yield return ("vmalloc", 0, StateScope.Group);
            yield return ("shmem", _pages.Shared << Page.Shift, StateScope.Node);
            yield return ("zswap", _own.CompressedBytes, StateScope.Group);
            yield return ("zswapped", _own.CompressedPages << Page.Shift, StateScope.Group);
            yield return ("file_mapped", _pages.MappedFile << Page.Shift, StateScope.Node);
            yield return ("file_dirty", _pages.Dirty << Page.Shift, StateScope.Node);

            // Written when it is decided: decisions/0001.
            yield return ("file_writeback", 0, StateScope.Node);
            yield return ("swapcached", _pages.SwapCached << Page.Shift, StateScope.Node);
            yield return ("anon_thp", _pages.HugeAnonymous * (long)HugePageSettings.Bytes, StateScope.Node);
            yield return ("file_thp", _pages.HugeFile * (long)HugePageSettings.Bytes, StateScope.Node);
            yield return ("shmem_thp", _pages.HugeShared * (long)HugePageSettings.Bytes, StateScope.Node);
            yield return ("inactive_anon", _lists.InactiveAnonymous << Page.Shift, StateScope.Node);
            yield return ("active_anon", _lists.ActiveAnonymous << Page.Shift, StateScope.Node);
            yield return ("inactive_file", _lists.InactiveFile << Page.Shift, StateScope.Node);
            yield return ("active_file", _lists.ActiveFile << Page.Shift, StateScope.Node);
            yield return ("unevictable", _lists.Unevictable << Page.Shift, StateScope.Node);
            yield return ("slab_reclaimable", _own[KernelMemoryKind.ReclaimableObjects], StateScope.Node);
            yield return ("slab_unreclaimable", _own[KernelMemoryKind.Objects], StateScope.Node);
            yield return ("workingset_refault_anon", _reclaim.RefaultsAnonymous, StateScope.Node);
            yield return ("workingset_refault_file", _reclaim.RefaultsFile, StateScope.Node);
            yield return ("workingset_activate_anon", _reclaim.RefaultActivationsAnonymous, StateScope.Node);
            yield return ("workingset_activate_file", _reclaim.RefaultActivationsFile, StateScope.Node);
            yield return ("workingset_restore_anon", _reclaim.RestoresAnonymous, StateScope.Node);
            yield return ("workingset_restore_file", _reclaim.RestoresFile, StateScope.Node);

            // Differs from Linux: nodes of shadows are freed for all groups together and counted for the machine alone.
            yield return ("workingset_nodereclaim", _group.IsRoot ? _memory.Counters.Reclaim.ShadowNodesFreed : 0, StateScope.Node);
        }

        public IEnumerable<(string Name, long Value)> Events()
        {
            var counters = _memory.Counters;
            yield return ("pgscan", _reclaim.Scanned);
            yield return ("pgsteal", _reclaim.Stolen);
            yield return ("pgscan_kswapd", _reclaim.ScannedBackground);
            yield return ("pgscan_direct", _reclaim.ScannedDirect);
            yield return ("pgsteal_kswapd", _reclaim.StolenBackground);
            yield return ("pgsteal_direct", _reclaim.StolenDirect);
            yield return ("pgfault", _group.IsRoot ? counters.Faults : _own.Faults);
            yield return ("pgmajfault", _group.IsRoot ? counters.MajorFaults : _own.MajorFaults);
            yield return ("pgrefill", _reclaim.Refilled);
            yield return ("pgactivate", _reclaim.Activated);
            yield return ("pgdeactivate", _reclaim.Deactivated);
            yield return ("pglazyfree", _reclaim.FreedOnAdvice);
            yield return ("pglazyfreed", _reclaim.FreedOnAdvice);
            yield return ("zswpin", _group.IsRoot ? counters.Swap.CompressedIn : _own.CompressedIn);
            yield return ("zswpout", _group.IsRoot ? counters.Swap.CompressedOut : _own.CompressedOut);
            yield return ("thp_fault_alloc", _group.IsRoot ? counters.HugePages.FaultAllocated : _own.HugeFaults);

            // Differs from Linux: the promoter works for all groups, and what it makes is counted for the machine alone.
            yield return ("thp_collapse_alloc", _group.IsRoot ? counters.HugePages.Promoted : 0);
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
                    kinds.Add(memory, frame);
                }
            }

            return kinds;
        }
    }

    private struct PageKinds
    {
        public long Anonymous;
        public long File;
        public long Shared;
        public long MappedFile;
        public long Dirty;
        public long SwapCached;

        /// <summary>Huge pages.</summary>
        public long HugeAnonymous;
        public long HugeFile;
        public long HugeShared;

        public void Add(KernelMemory memory, FrameNumber frame)
        {
            ref var entry = ref memory.FrameTable[frame];
            var huge = StartsHugePage(memory, frame, entry) ? 1 : 0;
            if (entry.Use == FrameUse.Anonymous)
            {
                Anonymous += entry.Mappings > 0 ? 1 : 0;
                SwapCached += SwapSpace.IsCached(entry) ? 1 : 0;
                HugeAnonymous += huge;
                return;
            }

            MappedFile += entry.Mappings > 0 ? 1 : 0;
            if ((entry.Flags & FrameFlags.MemoryOnly) != 0)
            {
                Shared++;
                HugeShared += huge;
                return;
            }

            File++;
            HugeFile += huge;

            // Pages of files in memory have nowhere to be written to.
            Dirty += (entry.Flags & FrameFlags.Dirty) != 0 ? 1 : 0;
        }

        private static bool StartsHugePage(KernelMemory memory, FrameNumber frame, in FrameEntry entry) =>
            frame.Value % HugePageSettings.Pages == 0 && entry.Mappings > 0 && entry.FirstMapping is var mapping
            && mapping.Address % HugePageSettings.Bytes == 0 && memory.SpaceOf(mapping).IsHugeAt(mapping.Address);
    }
}
