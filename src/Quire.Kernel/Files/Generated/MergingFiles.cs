using System.Globalization;
using Quire.Kernel.Memory.Merging;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>
/// /sys/kernel/mm/ksm (Documentation/admin-guide/mm/ksm.rst). Differs from Linux: run is 1 from the start, so that MADV_MERGEABLE has its effect; 2 (undo
/// all merging) leaves it at 0. There is one node, so merge_across_nodes changes nothing; full frames are not pruned, as they stand in no chain.
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
        var run = merger.Scope == MergeScope.Off ? 0 : 1;
        var acrossNodes = 1;
        var pruneMilliseconds = 2000;
        return new FixedDirectory(owner, 0x1ED)
            .Add("run", new GeneratedFile(owner, () => $"{run}\n", Writable) { Store = Run })
            .Add("pages_to_scan", Setting(() => merger.PagesToScan, MostPages, value => merger.PagesToScan = value))
            .Add("sleep_millisecs", Setting(() => merger.SleepMilliseconds, LongestSleep, value => merger.SleepMilliseconds = value))
            .Add("pages_shared", Count(() => merger.Count().Shared))
            .Add("pages_sharing", Count(() => merger.Count().Sharing))
            .Add("full_scans", Count(() => merger.FullScans))
            .Add("max_page_sharing", new GeneratedFile(owner, () => merger.MostSharing.ToString(CultureInfo.InvariantCulture) + "\n", Writable) { Store = SetMostSharing })
            .Add("merge_across_nodes", Setting(() => acrossNodes, most: 1, value => acrossNodes = value))
            .Add("pages_unshared", Count(() => merger.Unshared))
            .Add("pages_volatile", Count(() => merger.Volatile))
            .Add("stable_node_chains", Count(() => merger.CountDuplicates().Chains))
            .Add("stable_node_chains_prune_millisecs", Setting(() => pruneMilliseconds, int.MaxValue, value => pruneMilliseconds = value))
            .Add("stable_node_dups", Count(() => merger.CountDuplicates().Duplicates))
            .Add("use_zero_pages", Setting(() => merger.SharesZeroPage ? 1 : 0, most: 1, value => merger.SharesZeroPage = value == 1));

        Errno Run(string text)
        {
            if (text.Trim() is not ("0" or "1" or "2"))
            {
                return Errno.EINVAL;
            }

            run = text.Trim()[0] - '0';
            merger.Scope = run == 1 ? scope : MergeScope.Off;
            return run == 2 ? merger.UnmergeAll() : Errno.None;
        }

        // Fewer than two would be no sharing. It cannot be changed while pages are merged.
        Errno SetMostSharing(string text)
        {
            if (!int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var most) || most < 2)
            {
                return Errno.EINVAL;
            }

            if (most != merger.MostSharing && merger.Count().Shared > 0)
            {
                return Errno.EBUSY;
            }

            merger.MostSharing = most;
            return Errno.None;
        }

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
