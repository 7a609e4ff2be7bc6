using System.Globalization;
using System.Text;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>
/// /sys/kernel/mm/transparent_hugepage (Documentation/admin-guide/mm/transhuge.rst) and /sys/kernel/debug/extfrag (mm/vmstat.c).
/// </summary>
internal static class HugePageFiles
{
    private const uint Writable = 0x1A4;
    private const uint DirectoryPermissions = 0x1ED;

    private static readonly (string Name, HugePageUse Value)[] Uses =
        [("always", HugePageUse.Always), ("madvise", HugePageUse.Madvise), ("never", HugePageUse.Never)];

    private static readonly (string Name, HugePageEffort Value)[] Efforts =
    [
        ("always", HugePageEffort.Always), ("defer", HugePageEffort.Defer), ("defer+madvise", HugePageEffort.DeferAndMadvise),
        ("madvise", HugePageEffort.Madvise), ("never", HugePageEffort.Never),
    ];

    public static FixedDirectory Create(GeneratedSuperBlock owner, KernelMemory memory)
    {
        var settings = memory.HugePages;
        var counters = memory.Counters.HugePages;
        var daemon = new FixedDirectory(owner, DirectoryPermissions)
            .Add("alloc_sleep_millisecs", NumberFile(owner, () => settings.AllocationSleepMilliseconds, value => settings.AllocationSleepMilliseconds = value, int.MaxValue))
            .Add("defrag", NumberFile(owner, () => settings.PromotionMakesRoom ? 1 : 0, value => settings.PromotionMakesRoom = value == 1, 1))
            .Add("full_scans", ReadOnly(owner, () => counters.FullScans))
            .Add("max_ptes_none", NumberFile(owner, () => settings.MostAbsent, value => settings.MostAbsent = value, HugePageSettings.Pages - 1))
            .Add("max_ptes_shared", NumberFile(owner, () => settings.MostShared, value => settings.MostShared = value, HugePageSettings.Pages - 1))
            .Add("max_ptes_swap", NumberFile(owner, () => settings.MostSwapped, value => settings.MostSwapped = value, HugePageSettings.Pages - 1))
            .Add("pages_collapsed", ReadOnly(owner, () => counters.Promoted))
            .Add("pages_to_scan", NumberFile(owner, () => settings.PagesToScan, value => settings.PagesToScan = value, int.MaxValue))
            .Add("scan_sleep_millisecs", NumberFile(owner, () => settings.ScanSleepMilliseconds, value => settings.ScanSleepMilliseconds = value, int.MaxValue));
        return new FixedDirectory(owner, DirectoryPermissions)
            .Add("defrag", ChoiceFile(owner, Efforts, () => settings.Effort, value => settings.Effort = value))
            .Add("enabled", ChoiceFile(owner, Uses, () => settings.Use, value => settings.Use = value))
            .Add("hpage_pmd_size", ReadOnly(owner, () => (long)HugePageSettings.Bytes))
            .Add("khugepaged", daemon)
            .Add("shmem_enabled", ShmemUse(owner))
            .Add("use_zero_page", ReadOnly(owner, () => 0));
    }

    // Differs from Linux: memory-only files have small pages, so nothing but that can be chosen.
    private static GeneratedFile ShmemUse(GeneratedSuperBlock owner)
    {
        var isDenied = false;
        return new GeneratedFile(owner, () => $"always within_size advise {(isDenied ? "never [deny]" : "[never] deny")} force\n", Writable)
        {
            Store = text =>
            {
                isDenied = text == "deny";
                return text is "never" or "deny" ? Errno.None : Errno.EINVAL;
            },
        };
    }

    /// <summary>Why requests of each order would fail, and how much of the free memory they cannot use.</summary>
    public static FixedDirectory CreateFragmentation(GeneratedSuperBlock owner, KernelMemory memory) => new FixedDirectory(owner, DirectoryPermissions)
        .Add("extfrag_index", new GeneratedFile(owner, () => Indices(memory, static (zone, order) => zone.Buddy.FragmentationIndex(order))))
        .Add("unusable_index", new GeneratedFile(owner, () => Indices(memory, static (zone, order) => zone.Buddy.UnusableFreeIndex(order))));

    /// <summary>/sys/kernel/mm/hugepages (Documentation/admin-guide/mm/hugetlbpage.rst).</summary>
    public static FixedDirectory CreatePools(GeneratedSuperBlock owner, KernelMemory memory)
    {
        var pools = new FixedDirectory(owner, DirectoryPermissions);
        foreach (var pool in memory.HugePagePools)
        {
            var files = new FixedDirectory(owner, DirectoryPermissions)
                .Add("free_hugepages", ReadOnly(owner, () => pool.Free))
                .Add("nr_hugepages", PoolSize(owner, pool))
                .Add("nr_overcommit_hugepages", ReadOnly(owner, () => 0))
                .Add("resv_hugepages", ReadOnly(owner, () => pool.Reserved))
                .Add("surplus_hugepages", ReadOnly(owner, () => 0));
            pools.Add(string.Create(CultureInfo.InvariantCulture, $"hugepages-{pool.Size.Bytes >> 10}kB"), files);
        }

        return pools;
    }

    /// <summary>nr_hugepages: written, it asks for as many as there is room for.</summary>
    public static GeneratedFile PoolSize(GeneratedSuperBlock owner, HugePagePool pool) =>
        NumberFile(owner, () => (int)pool.Total, value => pool.Resize(value), int.MaxValue);

    private static string Indices(KernelMemory memory, Func<Zone, int, int> index)
    {
        var text = new StringBuilder();
        foreach (var zone in memory.Frames.Zones)
        {
            text.Append(CultureInfo.InvariantCulture, $"Node 0, zone {zone.Name,8} ");
            for (var order = 0; order <= Zone.MaxOrder; order++)
            {
                text.Append((index(zone, order) / 1000m).ToString("0.000", CultureInfo.InvariantCulture)).Append(' ');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static GeneratedFile ReadOnly(GeneratedSuperBlock owner, Func<long> value) =>
        new(owner, () => value().ToString(CultureInfo.InvariantCulture) + "\n");

    private static GeneratedFile NumberFile(GeneratedSuperBlock owner, Func<int> read, Action<int> write, int most) =>
        new(owner, () => read().ToString(CultureInfo.InvariantCulture) + "\n", Writable)
        {
            Store = text =>
            {
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value > most)
                {
                    return Errno.EINVAL;
                }

                write(value);
                return Errno.None;
            },
        };

    // The choice in force stands in brackets.
    private static GeneratedFile ChoiceFile<T>(GeneratedSuperBlock owner, (string Name, T Value)[] choices, Func<T> read, Action<T> write)
        where T : struct, Enum =>
        new(owner, () => string.Join(' ', choices.Select(choice => choice.Value.Equals(read()) ? $"[{choice.Name}]" : choice.Name)) + "\n", Writable)
        {
            Store = text =>
            {
                foreach (var (name, value) in choices)
                {
                    if (name == text)
                    {
                        write(value);
                        return Errno.None;
                    }
                }

                return Errno.EINVAL;
            },
        };
}
