namespace Quire.Replacement.Tests;

/// <summary>A policy written as slowly and plainly as its paper, over lists of pages; index 0 is the head (newest).</summary>
internal abstract class PolicyModel(int frames)
{
    protected int Frames => frames;

    protected HashSet<int> Written { get; } = [];

    protected int Now { get; private set; }

    /// <summary>Whether the reference faults.</summary>
    public bool Reference(int page, bool write)
    {
        Now++;
        var fault = !IsResident(page);
        Access(page);
        if (fault)
        {
            Written.Remove(page);
        }

        if (write)
        {
            Written.Add(page);
        }

        return fault;
    }

    protected abstract bool IsResident(int page);

    protected abstract void Access(int page);

    protected static int TakeLast(List<int> list)
    {
        var page = list[^1];
        list.RemoveAt(list.Count - 1);
        return page;
    }
}

internal sealed class QueueModel(int frames, bool moveOnHit, bool evictNewest) : PolicyModel(frames)
{
    private readonly List<int> _pages = [];

    protected override bool IsResident(int page) => _pages.Contains(page);

    protected override void Access(int page)
    {
        if (_pages.Contains(page))
        {
            if (!moveOnHit)
            {
                return;
            }

            _pages.Remove(page);
        }
        else if (_pages.Count == Frames)
        {
            _pages.RemoveAt(evictNewest ? 0 : _pages.Count - 1);
        }

        _pages.Insert(0, page);
    }
}

/// <summary>Second chance as a queue: a page with its counter up goes back to the head. The same victims as a clock.</summary>
internal sealed class SecondChanceModel(int frames, int insert, int most) : PolicyModel(frames)
{
    private readonly List<int> _queue = [];
    private readonly Dictionary<int, int> _counter = [];

    protected override bool IsResident(int page) => _counter.ContainsKey(page);

    protected override void Access(int page)
    {
        if (_counter.TryGetValue(page, out var value))
        {
            _counter[page] = Math.Min(most, value + 1);
            return;
        }

        while (_queue.Count == Frames)
        {
            var last = TakeLast(_queue);
            if (_counter[last]-- > 0)
            {
                _queue.Insert(0, last);
            }
            else
            {
                _counter.Remove(last);
            }
        }

        _queue.Insert(0, page);
        _counter[page] = insert;
    }
}

internal sealed class EnhancedClockModel(int frames) : PolicyModel(frames)
{
    private readonly List<int> _queue = [];
    private readonly HashSet<int> _referenced = [];

    protected override bool IsResident(int page) => _queue.Contains(page);

    protected override void Access(int page)
    {
        if (!_queue.Contains(page))
        {
            if (_queue.Count == Frames)
            {
                Evict();
            }

            _queue.Insert(0, page);
        }

        _referenced.Add(page);
    }

    private void Evict()
    {
        while (true)
        {
            for (var step = 0; step < Frames; step++)
            {
                var page = TakeLast(_queue);
                if (!_referenced.Contains(page) && !Written.Contains(page))
                {
                    return;
                }

                _queue.Insert(0, page);
            }

            for (var step = 0; step < Frames; step++)
            {
                var page = TakeLast(_queue);
                if (!_referenced.Remove(page) && Written.Contains(page))
                {
                    return;
                }

                _queue.Insert(0, page);
            }
        }
    }
}

internal sealed class LfuModel(int frames, string tie) : PolicyModel(frames)
{
    private readonly Dictionary<int, (int Uses, int Loaded, int Last)> _pages = [];

    protected override bool IsResident(int page) => _pages.ContainsKey(page);

    protected override void Access(int page)
    {
        if (_pages.TryGetValue(page, out var facts))
        {
            _pages[page] = (facts.Uses + 1, facts.Loaded, Now);
            return;
        }

        if (_pages.Count == Frames)
        {
            _pages.Remove(_pages.OrderBy(entry => entry.Value.Uses).ThenBy(entry => tie switch { "lru" => entry.Value.Last, "fifo" => entry.Value.Loaded, _ => -entry.Value.Last }).First().Key);
        }

        _pages[page] = (1, Now, Now);
    }
}

/// <summary>O'Neil et al., figure 2.1, without a limit on histories.</summary>
internal sealed class LruKModel(int frames, int k, int crp) : PolicyModel(frames)
{
    private readonly Dictionary<int, int[]> _hist = [];
    private readonly Dictionary<int, int> _last = [];
    private readonly HashSet<int> _buffer = [];

    protected override bool IsResident(int page) => _buffer.Contains(page);

    protected override void Access(int page)
    {
        if (_buffer.Contains(page))
        {
            if (Now - _last[page] > crp)
            {
                var period = _last[page] - _hist[page][0];
                for (var i = k - 1; i > 0; i--)
                {
                    _hist[page][i] = _hist[page][i - 1] == 0 ? 0 : _hist[page][i - 1] + period;
                }

                _hist[page][0] = Now;
            }

            _last[page] = Now;
            return;
        }

        if (_buffer.Count == Frames)
        {
            var eligible = _buffer.Where(q => Now - _last[q] > crp).ToList();
            _buffer.Remove((eligible.Count > 0 ? eligible : [.. _buffer]).OrderBy(q => _hist[q][k - 1]).ThenBy(q => _last[q]).First());
        }

        if (_hist.TryGetValue(page, out var hist))
        {
            for (var i = k - 1; i > 0; i--)
            {
                hist[i] = hist[i - 1];
            }
        }
        else
        {
            hist = _hist[page] = new int[k];
        }

        hist[0] = Now;
        _last[page] = Now;
        _buffer.Add(page);
    }
}

/// <summary>Johnson and Shasha, 2Q full version.</summary>
internal sealed class TwoQueueModel(int frames, int kin, int kout) : PolicyModel(frames)
{
    private readonly List<int> _in = [];
    private readonly List<int> _out = [];
    private readonly List<int> _hot = [];

    protected override bool IsResident(int page) => _in.Contains(page) || _hot.Contains(page);

    protected override void Access(int page)
    {
        if (_hot.Remove(page))
        {
            _hot.Insert(0, page);
        }
        else if (!_in.Contains(page))
        {
            var returns = _out.Contains(page);
            ReclaimFor();
            _out.Remove(page);
            (returns ? _hot : _in).Insert(0, page);
        }
    }

    private void ReclaimFor()
    {
        if (_in.Count + _hot.Count < Frames)
        {
            return;
        }

        if (_in.Count > kin || _hot.Count == 0)
        {
            _out.Insert(0, TakeLast(_in));
            if (_out.Count > kout)
            {
                TakeLast(_out);
            }
        }
        else
        {
            TakeLast(_hot);
        }
    }
}

/// <summary>Belady: looks ahead in the string itself.</summary>
internal sealed class OptModel(int frames, int[] future) : PolicyModel(frames)
{
    private readonly HashSet<int> _pages = [];

    protected override bool IsResident(int page) => _pages.Contains(page);

    protected override void Access(int page)
    {
        if (_pages.Add(page) && _pages.Count > Frames)
        {
            _pages.Remove(_pages.Where(other => other != page).MaxBy(NextUse));
        }
    }

    private int NextUse(int page)
    {
        var next = Array.IndexOf(future, page, Now);
        return next < 0 ? int.MaxValue : next;
    }
}
