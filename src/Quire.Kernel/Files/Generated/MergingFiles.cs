using System.Globalization;
using Quire.Kernel.Memory.Merging;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>
/// /sys/kernel/mm/ksm (Documentation/admin-guide/mm/ksm.rst). Differs from Linux: run is 1 from the start, so that MADV_MERGEABLE has its effect; it can be
/// set to 0 and 1, and 2 (undo all merging) is refused.
/// </summary>
internal static class MergingFiles
{
    private const uint Writable = 0x1A4;
    private const int MostPages = 1 << 20;
    private const int LongestSleep = 3_600_000;

    public static FixedDirectory Create(GeneratedSuperBlock owner, PageMerger merger)
    {
        // What run went back to 1 from.
        var scope = merger.Scope == MergeScope.Off ? MergeScope.Advised : merger.Scope;
        return new FixedDirectory(owner, 0x1ED)
            .Add("run", Setting(() => merger.Scope == MergeScope.Off ? 0 : 1, most: 1, value => merger.Scope = value == 0 ? MergeScope.Off : scope))
            .Add("pages_to_scan", Setting(() => merger.PagesToScan, MostPages, value => merger.PagesToScan = value))
            .Add("sleep_millisecs", Setting(() => merger.SleepMilliseconds, LongestSleep, value => merger.SleepMilliseconds = value))
            .Add("pages_shared", Count(() => merger.Count().Shared))
            .Add("pages_sharing", Count(() => merger.Count().Sharing))
            .Add("full_scans", Count(() => merger.FullScans))
            .Add("use_zero_pages", Count(() => 0));

        GeneratedFile Count(Func<long> value) => new(owner, () => value().ToString(CultureInfo.InvariantCulture) + "\n");

        GeneratedFile Setting(Func<int> get, int most, Action<int> set) => new(owner, () => get().ToString(CultureInfo.InvariantCulture) + "\n", Writable)
        {
            Store = text =>
            {
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value > most)
                {
                    return Errno.EINVAL;
                }

                set(value);
                return Errno.None;
            },
        };
    }
}
