namespace Quire.Replacement;

/// <summary>
/// LRU-K: the page whose K-th last reference lies farthest back goes (figure 2.1 of the paper). _history[page] is HIST(p,1..K), _last is LAST(p).
/// References within crp of the last one are correlated and do not count; pages used within crp are passed over unless there is no other.
/// Pages with fewer than K references have an infinite distance; among them the least recently used goes (the paper's subsidiary policy).
/// HIST of the pages that the last evictions took is kept, without HIST(p,K), which a returning page pushes out: a ring of 4 + 8 (K - 1) bytes an eviction.
/// </summary>
public struct LruK : IReplacementPolicy, IPolicyDefinition<LruK>
{
    private const long Complete = 1L << 62;

    private readonly int _k;
    private readonly long _correlated;
    private readonly long[] _history;
    private readonly long[] _last;
    private readonly uint[] _tag;
    private readonly uint[] _evictedTag;
    private readonly long[] _evictedHistory;
    private FrameHeap _oldestFirst;
    private int _nextEviction;

    private LruK(in PolicySetup setup)
    {
        _k = (int)setup.Parameters.Integer("k", 2, 1, 16);
        _correlated = setup.Parameters.Integer("crp", 0, 0, long.MaxValue >> 1);
        var remembered = setup.Parameters.Share("history", 100, setup.Frames, 0);
        _history = new long[checked(setup.Frames * _k)];
        _last = _correlated == 0 ? [] : new long[setup.Frames];
        _tag = new uint[setup.Frames];
        _evictedTag = new uint[remembered];
        _evictedHistory = new long[checked(remembered * (_k - 1))];
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
            new("history", "100%", "evictions whose pages' references are remembered (the paper's retained information)"),
        ],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static LruK Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var history = HistoryOf(frame);
        history.Clear();
        var tag = GhostLists.TagOf(arrival.Page);
        if (arrival.Shadow >= 0 && _evictedTag[arrival.Shadow] == tag)
        {
            _evictedHistory.AsSpan(arrival.Shadow * (_k - 1), _k - 1).CopyTo(history[1..]);
        }

        history[0] = arrival.Time;
        SetLast(frame, arrival.Time);
        _tag[frame] = tag;
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
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_oldestFirst.Count == 0)
        {
            return -1;
        }

        var frame = _correlated == 0 ? Oldest() : FirstUncorrelated(incoming.Time);
        _oldestFirst.Remove(frame);
        if (_evictedTag.Length > 0)
        {
            shadow = Remember(frame);
        }

        return frame;
    }

    public void Remove(int frame) => _oldestFirst.Remove(frame);

    private readonly Span<long> HistoryOf(int frame) => _history.AsSpan(frame * _k, _k);

    private readonly long KeyOf(int frame)
    {
        var oldest = _history[(frame * _k) + _k - 1];
        return oldest == 0 ? LastOf(frame) : Complete + oldest;
    }

    // LAST(p) is HIST(p,1) where no references are correlated.
    private readonly long LastOf(int frame) => _last.Length == 0 ? _history[frame * _k] : _last[frame];

    private readonly void SetLast(int frame, long time)
    {
        if (_last.Length > 0)
        {
            _last[frame] = time;
        }
    }

    private readonly void Reference(int frame, long time)
    {
        var last = LastOf(frame);
        if (time - last > _correlated)
        {
            var history = HistoryOf(frame);
            var correlatedPeriod = last - history[0];
            for (var back = _k - 1; back > 0; back--)
            {
                history[back] = history[back - 1] == 0 ? 0 : history[back - 1] + correlatedPeriod;
            }

            history[0] = time;
        }

        SetLast(frame, time);
    }

    // Keys only grow, and grow more often than anybody asks: the heap learns of it when a frame comes to its top.
    private readonly int Oldest()
    {
        while (true)
        {
            var frame = _oldestFirst.Top;
            var key = KeyOf(frame);
            if (key == _oldestFirst.TopKey)
            {
                return frame;
            }

            _oldestFirst.Update(frame, key);
        }
    }

    private int FirstUncorrelated(long time)
    {
        var passed = new List<int>();
        while (_oldestFirst.Count > 0 && Oldest() is var oldest && time - LastOf(oldest) <= _correlated)
        {
            passed.Add(oldest);
            _oldestFirst.Remove(oldest);
        }

        var frame = _oldestFirst.Count > 0 ? Oldest() : passed[0];
        foreach (var other in passed)
        {
            _oldestFirst.Add(other, KeyOf(other));
        }

        return frame;
    }

    private int Remember(int frame)
    {
        var shadow = _nextEviction;
        _nextEviction = shadow + 1 == _evictedTag.Length ? 0 : shadow + 1;
        _evictedTag[shadow] = _tag[frame];
        HistoryOf(frame)[..(_k - 1)].CopyTo(_evictedHistory.AsSpan(shadow * (_k - 1)));
        return shadow;
    }
}
