using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/maps, smaps, smaps_rollup (fs/proc/task_mmu.c, Linux 6.1).</summary>
internal static class MapsText
{
    // seq_setwidth of show_map_vma on 64 bits: names start behind column 72.
    private const int NameColumn = 73;

    public static string Maps(GuestProcess process)
    {
        var text = new StringBuilder();
        if (!process.IsZombie)
        {
            foreach (var region in process.Space.Regions)
            {
                AppendHeader(text, region);
            }
        }

        return text.ToString();
    }

    public static string DetailedMaps(GuestProcess process)
    {
        var text = new StringBuilder();
        if (process.IsZombie)
        {
            return "";
        }

        foreach (var region in process.Space.Regions)
        {
            AppendHeader(text, region);
            Line(text, "Size", region.Range.Length);
            Line(text, "KernelPageSize", Page.Size);
            Line(text, "MMUPageSize", Page.Size);
            AppendUsage(text, process.Space.Measure(region.Range.Start));
            text.Append("THPeligible:           ").Append(process.Space.MayHoldHugePages(region.Range.Start) ? '1' : '0').Append("\nVmFlags: ").Append(region.VmFlags).Append(" \n");
        }

        return text.ToString();
    }

    /// <summary>/proc/PID/numa_maps (show_numa_map): the machine has one node, and no policy but the default. Differs from Linux: how many processes map a page at most, and how many pages are active, is not told.</summary>
    public static string Nodes(GuestProcess process)
    {
        var text = new StringBuilder();
        foreach (var region in process.IsZombie ? [] : process.Space.Regions)
        {
            text.Append(CultureInfo.InvariantCulture, $"{region.Range.Start.Value:x8} default");
            text.Append(region.File is not null ? $" file={region.Name}" : region.Name switch
            {
                "[heap]" => " heap",
                "[stack]" => " stack",
                _ => "",
            });
            var usage = process.Space.Measure(region.Range.Start);
            var (pages, anonymous) = (usage.Resident >> Page.Shift, usage.Anonymous >> Page.Shift);
            var dirty = (usage.SharedDirty + usage.PrivateDirty) >> Page.Shift;
            if (pages > 0)
            {
                text.Append(anonymous > 0 ? string.Create(CultureInfo.InvariantCulture, $" anon={anonymous}") : "")
                    .Append(dirty > 0 ? string.Create(CultureInfo.InvariantCulture, $" dirty={dirty}") : "")
                    .Append(pages != anonymous && pages != dirty ? string.Create(CultureInfo.InvariantCulture, $" mapped={pages}") : "")
                    .Append(CultureInfo.InvariantCulture, $" N0={pages} kernelpagesize_kB={Page.Size / 1024}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    public static string Rollup(GuestProcess process)
    {
        if (process.IsZombie)
        {
            return "";
        }

        var sum = default(RegionUsage);
        var (first, last) = (0UL, 0UL);
        foreach (var region in process.Space.Regions)
        {
            var usage = process.Space.Measure(region.Range.Start);
            first = first == 0 ? region.Range.Start.Value : first;
            last = region.Range.End.Value;
            sum = new RegionUsage
            {
                Resident = sum.Resident + usage.Resident,
                Proportional = sum.Proportional + usage.Proportional,
                SharedClean = sum.SharedClean + usage.SharedClean,
                SharedDirty = sum.SharedDirty + usage.SharedDirty,
                PrivateClean = sum.PrivateClean + usage.PrivateClean,
                PrivateDirty = sum.PrivateDirty + usage.PrivateDirty,
                Referenced = sum.Referenced + usage.Referenced,
                Anonymous = sum.Anonymous + usage.Anonymous,
                SharedReservedHuge = sum.SharedReservedHuge + usage.SharedReservedHuge,
                PrivateReservedHuge = sum.PrivateReservedHuge + usage.PrivateReservedHuge,
                AnonymousHuge = sum.AnonymousHuge + usage.AnonymousHuge,
                Locked = sum.Locked + usage.Locked,
                Swapped = sum.Swapped + usage.Swapped,
                SwappedProportional = sum.SwappedProportional + usage.SwappedProportional,
            };
        }

        var text = new StringBuilder();
        var start = text.Length;
        text.Append(CultureInfo.InvariantCulture, $"{first:x8}-{last:x8} ---p 00000000 00:00 0 ");
        Pad(text, start).Append("[rollup]\n");
        AppendUsage(text, sum);
        return text.ToString();
    }

    private static void AppendHeader(StringBuilder text, RegionView region)
    {
        var start = text.Length;
        var protection = region.Protection;
        text.Append(CultureInfo.InvariantCulture, $"{region.Range.Start.Value:x8}-{region.Range.End.Value:x8} ")
            .Append((protection & Protection.Read) != 0 ? 'r' : '-')
            .Append((protection & Protection.Write) != 0 ? 'w' : '-')
            .Append((protection & Protection.Execute) != 0 ? 'x' : '-')
            .Append(region.IsShared ? 's' : 'p')
            .Append(CultureInfo.InvariantCulture, $" {region.Offset:x8} {DeviceNumber.Major(region.DeviceNumber):x2}:{DeviceNumber.Minor(region.DeviceNumber):x2} {region.InodeNumber} ");
        if (region.Name.Length > 0)
        {
            Pad(text, start).Append(region.Name.Replace("\n", "\\012"));
        }

        text.Append('\n');
    }

    private static StringBuilder Pad(StringBuilder text, int start) => text.Append(' ', Math.Max(0, NameColumn - (text.Length - start)));

    private static void AppendUsage(StringBuilder text, in RegionUsage usage)
    {
        Line(text, "Rss", usage.Resident);
        Line(text, "Pss", (ulong)usage.Proportional);
        Line(text, "Pss_Dirty", usage.Resident == 0 ? 0 : (ulong)(usage.Proportional * (usage.PrivateDirty + usage.SharedDirty) / usage.Resident));
        Line(text, "Shared_Clean", usage.SharedClean);
        Line(text, "Shared_Dirty", usage.SharedDirty);
        Line(text, "Private_Clean", usage.PrivateClean);
        Line(text, "Private_Dirty", usage.PrivateDirty);
        Line(text, "Referenced", usage.Referenced);
        Line(text, "Anonymous", usage.Anonymous);
        Line(text, "LazyFree", 0);
        Line(text, "AnonHugePages", usage.AnonymousHuge);
        foreach (var name in (ReadOnlySpan<string>)["ShmemPmdMapped", "FilePmdMapped"])
        {
            Line(text, name, 0);
        }

        Line(text, "Shared_Hugetlb", usage.SharedReservedHuge);
        Line(text, "Private_Hugetlb", usage.PrivateReservedHuge);
        Line(text, "Swap", usage.Swapped);
        Line(text, "SwapPss", (ulong)usage.SwappedProportional);

        Line(text, "Locked", usage.Locked);
    }

    private static void Line(StringBuilder text, string name, ulong bytes) =>
        text.Append(CultureInfo.InvariantCulture, $"{name + ":",-16}{bytes >> 10,8} kB\n");
}
