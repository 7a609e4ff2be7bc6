using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/buddyinfo, /proc/zoneinfo, /proc/pagetypeinfo (mm/vmstat.c). The machine has one node.</summary>
internal static class ZoneText
{
    public static string BuddyInfo(KernelMemory memory)
    {
        var text = new StringBuilder();
        foreach (var zone in memory.Frames.Zones)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node 0, zone {zone.Name,8} ");
            AppendFreeBlocks(text, zone);
        }

        return text.ToString();
    }

    public static string PageTypeInfo(KernelMemory memory)
    {
        var text = new StringBuilder("Page block order: 9\nPages per block:  512\n\n")
            .Append("Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8      9     10 \n");
        foreach (var zone in memory.Frames.Zones)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node    0, zone {zone.Name,8}, type {"Movable",12} ");
            AppendFreeBlocks(text, zone);
        }

        return text.ToString();
    }

    public static string ZoneInfo(KernelMemory memory)
    {
        var text = new StringBuilder();
        foreach (var zone in memory.Frames.Zones)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node 0, zone {zone.Name,8}\n");
            if (zone == memory.Frames.Zones[0])
            {
                AppendNode(text, memory);
            }

            text.Append(CultureInfo.InvariantCulture, $"  pages free     {zone.FreeFrames}\n")
                .Append(CultureInfo.InvariantCulture, $"        boost    0\n        min      {zone.Watermarks.Min}\n")
                .Append(CultureInfo.InvariantCulture, $"        low      {zone.Watermarks.Low}\n        high     {zone.Watermarks.High}\n")
                .Append(CultureInfo.InvariantCulture, $"        spanned  {zone.Frames}\n        present  {zone.Frames}\n        managed  {zone.Frames}\n")
                .Append("        cma      0\n        protection: (0, 0, 0, 0, 0)\n")
                .Append(CultureInfo.InvariantCulture, $"      nr_free_pages {zone.FreeFrames}\n  pagesets\n");
            for (var cpu = 0; cpu < zone.CpuLists.Length; cpu++)
            {
                var list = zone.CpuLists[cpu];
                text.Append(CultureInfo.InvariantCulture, $"    cpu: {cpu}\n              count: {list.Count}\n              high:  {list.Batch * 4}\n              batch: {list.Batch}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"  node_unreclaimable:  0\n  start_pfn:           {zone.FirstFrame}\n");
        }

        return text.ToString();
    }

    // What the machine counts by node stands with the node's first zone. Nothing is counted by zone but free frames.
    private static void AppendNode(StringBuilder text, KernelMemory memory)
    {
        var pageable = memory.Pageable;
        var counters = memory.Counters;
        text.Append("  per-node stats\n");

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"      {name,-12} {value}\n");

        Line("nr_inactive_anon", pageable.InactiveAnonymous);
        Line("nr_active_anon", pageable.ActiveAnonymous);
        Line("nr_inactive_file", pageable.InactiveFile);
        Line("nr_active_file", pageable.ActiveFile);
        Line("nr_unevictable", pageable.Unevictable);
        Line("nr_slab_reclaimable", memory.Slabs.ReclaimablePages);
        Line("nr_slab_unreclaimable", counters.SlabPages - memory.Slabs.StackPages - memory.Slabs.ReclaimablePages);
        Line("nr_anon_pages", counters.AnonymousPages);
        Line("nr_mapped", counters.MappedFilePages);
        Line("nr_file_pages", counters.FilePages);
        Line("nr_dirty", counters.DirtyPages);
        Line("nr_shmem", counters.SharedMemoryPages);
        Line("nr_anon_transparent_hugepages", counters.HugePages.Mapped);
        Line("nr_dirtied", counters.Dirtied);
        Line("nr_written", counters.Written);
        Line("nr_kernel_stack", memory.Slabs.StackPages * (Page.Size / 1024));
        Line("nr_page_table_pages", counters.PageTablePages);
        Line("nr_swapcached", counters.Swap.Cached);
    }

    private static void AppendFreeBlocks(StringBuilder text, Zone zone)
    {
        for (var order = 0; order <= Zone.MaxOrder; order++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{zone.Buddy.FreeBlocks(order),6} ");
        }

        text.Append('\n');
    }
}
