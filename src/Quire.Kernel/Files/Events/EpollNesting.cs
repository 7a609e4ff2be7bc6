namespace Quire.Kernel.Files.Events;

/// <summary>
/// What epoll_ctl(2) refuses of interest lists in interest lists: loops and more than five lists on top of each other (ELOOP), and, for a file below them,
/// too many paths by which its wake-ups would go up (EINVAL). The limits are those of Linux' fs/eventpoll.c; depth counts up and down from the new
/// entry, as it does since 6.16. Every walk sees a list once, or stops at a limit, so that none takes long.
/// </summary>
internal static class EpollNesting
{
    private const int DeepestNesting = 5;

    // By the number of lists on the way, less one; the first are not limited.
    private static readonly int[] MostPaths = [int.MaxValue, 500, 100, 50, 10];

    /// <summary>Whether <paramref name="above"/> may watch <paramref name="nested"/>.</summary>
    public static bool Allows(EpollFile above, EpollFile nested)
    {
        var below = new Dictionary<EpollFile, int>();
        var depth = Longest(nested, Nested, below);
        return !below.ContainsKey(above) && depth + Longest(above, list => list.Watchers ?? [], []) <= DeepestNesting;
    }

    /// <summary>Whether wake-ups of the file, and of all files below it if it is a list, have few enough ways up.</summary>
    public static bool HasFewPaths(OpenFile file)
    {
        if (file is not EpollFile list)
        {
            return TryCount(file.Watchers!, 0, new int[DeepestNesting]);
        }

        var lists = new Dictionary<EpollFile, int>();
        Longest(list, Nested, lists);
        return lists.Keys.SelectMany(each => each.Watched).Where(each => each is not EpollFile).Distinct().All(source => TryCount(source.Watchers!, 0, new int[DeepestNesting]));
    }

    private static IEnumerable<EpollFile> Nested(EpollFile list) => list.Watched.OfType<EpollFile>();

    // Lists on the longest way from here; there are no loops.
    private static int Longest(EpollFile list, Func<EpollFile, IEnumerable<EpollFile>> next, Dictionary<EpollFile, int> known)
    {
        if (!known.TryGetValue(list, out var length))
        {
            length = 0;
            foreach (var each in next(list).Distinct())
            {
                length = Math.Max(length, Longest(each, next, known));
            }

            known[list] = ++length;
        }

        return length;
    }

    private static bool TryCount(List<EpollFile> watchers, int depth, int[] paths)
    {
        if (depth >= DeepestNesting)
        {
            return false;
        }

        foreach (var list in watchers)
        {
            var isCounted = list.Watchers is { Count: > 0 } above ? TryCount(above, depth + 1, paths) : ++paths[depth] <= MostPaths[depth];
            if (!isCounted)
            {
                return false;
            }
        }

        return true;
    }
}
