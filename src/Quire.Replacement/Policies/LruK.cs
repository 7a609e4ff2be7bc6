namespace Quire.Replacement;

/// <summary>
/// LRU-K: the page whose K-th last reference lies farthest back goes (figure 2.1 of the paper). _history[page] is HIST(p,1..K), _last is LAST(p).
/// References within crp of the last one are correlated and do not count; pages used within crp are passed over unless there is no other.
/// Pages with fewer than K references have an infinite distance; among them the least recently used goes (the paper's subsidiary policy).
/// Histories of pages that left are kept for the last history pages, 8 bytes a reference each beside the ghost entry.
/// </summary>
public struct LruK : IReplacementPolicy, IPolicyDefinition<LruK>
{
    private const long Complete = 1L << 62;

    private readonly int _k;
    private readonly long _correlated;
    private readonly int _remembered;
    private readonly long[] _history;
    private readonly long[] _last;
    private readonly uint[] _tag;
    private long[] _ghostHistory;
    private FrameHeap _oldestFirst;
    private GhostLists _ghosts;
    private int _ghostCount;

    private LruK(in PolicySetup setup)
    {
        _k = (int)setup.Parameters.Integer("k", 2, 1, 16);
        _correlated = setup.Parameters.Integer("crp", 0, 0, long.MaxValue >> 1);
        _remembered = setup.Parameters.Share("history", 100, setup.Frames, 0);
        _history = new long[checked(setup.Frames * _k)];
        _last = new long[setup.Frames];
        _tag = new uint[setup.Frames];
        _ghosts = new GhostLists(0, 1);
        _ghostHistory = [];
        _oldestFirst = new FrameHeap(setup.Frames);
    }

    public static PolicyDescription Description { get; } = new(
        "lru-k", "the page whose K-th last reference is oldest", "O'Neil, O'Neil, Weikum, The LRU-K page replacement algorithm for database disk buffering, SIGMOD 1993", "K-th last reference is oldest")
    {
        Aliases = ["lru-2", "lruk"],
        Parameters =
        [
            new("k", "2", "references looked back"),
            new("crp", "0", "correlated reference period"),
            new("history", "100%", "evicted pages whose references are remembered (the paper's retained information)"),
        ],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static LruK Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var history = HistoryOf(frame);
        history.Clear();
        if (_ghosts.ListOf(arrival) >= 0)
        {
            _ghostHistory.AsSpan(arrival.Shadow * _k, _k - 1).CopyTo(history[1..]);
            _ghosts.Remove(arrival.Shadow);
            _ghostCount--;
        }

        history[0] = arrival.Time;
        _last[frame] = arrival.Time;
        _tag[frame] = GhostLists.TagOf(arrival.Page);
        _oldestFirst.Add(frame, KeyOf(frame));
    }

    public void Touch(int frame, int count, long time)
    {
        // A run of references: at most the last K of them can matter when none is correlated, the last one alone when they are.
        var first = _correlated == 0 ? Math.Min(count, _k) - 1 : Math.Min(count - 1L, 1);
        if (_correlated > 0 && first == 1)
        {
            Reference(frame, time - count + 1);
            first = 0;
        }

        for (var back = first; back >= 0; back--)
        {
            Reference(frame, time - back);
        }

        _oldestFirst.Update(frame, KeyOf(frame));
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_oldestFirst.Count == 0)
        {
            return -1;
        }

        var frame = _correlated == 0 ? _oldestFirst.Top : FirstUncorrelated(incoming.Time);
        _oldestFirst.Remove(frame);
        if (_remembered > 0)
        {
            shadow = Remember(frame, incoming);
        }

        return frame;
    }

    public void Remove(int frame) => _oldestFirst.Remove(frame);

    private readonly Span<long> HistoryOf(int frame) => _history.AsSpan(frame * _k, _k);

    private readonly long KeyOf(int frame)
    {
        var oldest = _history[(frame * _k) + _k - 1];
        return oldest == 0 ? _last[frame] : Complete + oldest;
    }

    private readonly void Reference(int frame, long time)
    {
        if (time - _last[frame] > _correlated)
        {
            var history = HistoryOf(frame);
            var correlatedPeriod = _last[frame] - history[0];
            for (var back = _k - 1; back > 0; back--)
            {
                history[back] = history[back - 1] == 0 ? 0 : history[back - 1] + correlatedPeriod;
            }

            history[0] = time;
        }

        _last[frame] = time;
    }

    private int FirstUncorrelated(long time)
    {
        var passed = new List<int>();
        while (_oldestFirst.Count > 0 && time - _last[_oldestFirst.Top] <= _correlated)
        {
            passed.Add(_oldestFirst.Top);
            _oldestFirst.Remove(_oldestFirst.Top);
        }

        var frame = _oldestFirst.Count > 0 ? _oldestFirst.Top : passed[0];
        foreach (var other in passed)
        {
            _oldestFirst.Add(other, KeyOf(other));
        }

        return frame;
    }

    private int Remember(int frame, in Arrival incoming)
    {
        // The history of the page that comes in must survive until it is admitted, so the oldest ghost goes only beyond the limit.
        if (_ghostCount > _remembered || (_ghostCount == _remembered && _ghosts.ListOf(incoming) < 0))
        {
            _ghosts.RemoveOldest(0);
            _ghostCount--;
        }

        var shadow = _ghosts.Add(0, _tag[frame]);
        _ghostCount++;
        if ((shadow + 1) * _k > _ghostHistory.Length)
        {
            Array.Resize(ref _ghostHistory, Math.Max(_ghostHistory.Length * 2, (shadow + 1) * _k));
        }

        HistoryOf(frame).CopyTo(_ghostHistory.AsSpan(shadow * _k));
        return shadow;
    }
}
