using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;

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
            text.Append(CultureInfo.InvariantCulture, $"Node 0, zone {zone.Name,8}\n")
                .Append(CultureInfo.InvariantCulture, $"  pages free     {zone.FreeFrames}\n")
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

    private static void AppendFreeBlocks(StringBuilder text, Zone zone)
    {
        for (var order = 0; order <= Zone.MaxOrder; order++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{zone.Buddy.FreeBlocks(order),6} ");
        }

        text.Append('\n');
    }
}
