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

/// <summary>Megiddo and Modha, figure 4, line by line.</summary>
internal sealed class ArcModel(int c) : PolicyModel(c)
{
    private readonly List<int> _t1 = [];
    private readonly List<int> _t2 = [];
    private readonly List<int> _b1 = [];
    private readonly List<int> _b2 = [];
    private double _p;

    protected override bool IsResident(int page) => _t1.Contains(page) || _t2.Contains(page);

    protected override void Access(int x)
    {
        if (_t1.Remove(x) || _t2.Remove(x))
        {
            _t2.Insert(0, x);
        }
        else if (_b1.Contains(x))
        {
            _p = Math.Min(Frames, _p + (_b1.Count >= _b2.Count ? 1 : (double)_b2.Count / _b1.Count));
            Replace(x);
            _b1.Remove(x);
            _t2.Insert(0, x);
        }
        else if (_b2.Contains(x))
        {
            _p = Math.Max(0, _p - (_b2.Count >= _b1.Count ? 1 : (double)_b1.Count / _b2.Count));
            Replace(x);
            _b2.Remove(x);
            _t2.Insert(0, x);
        }
        else
        {
            if (_t1.Count + _b1.Count == Frames)
            {
                if (_t1.Count < Frames)
                {
                    TakeLast(_b1);
                    Replace(x);
                }
                else
                {
                    TakeLast(_t1);
                }
            }
            else if (_t1.Count + _t2.Count + _b1.Count + _b2.Count >= Frames)
            {
                if (_t1.Count + _t2.Count + _b1.Count + _b2.Count == 2 * Frames)
                {
                    TakeLast(_b2);
                }

                Replace(x);
            }

            _t1.Insert(0, x);
        }
    }

    private void Replace(int x)
    {
        if (_t1.Count > 0 && ((_b2.Contains(x) && _t1.Count == _p) || _t1.Count > _p || _t2.Count == 0))
        {
            _b1.Insert(0, TakeLast(_t1));
        }
        else
        {
            _b2.Insert(0, TakeLast(_t2));
        }
    }
}

/// <summary>Bansal and Modha, figure 2, line by line; the heads of T1 and T2 are at the end of the lists.</summary>
internal sealed class CarModel(int c) : PolicyModel(c)
{
    private readonly List<int> _t1 = [];
    private readonly List<int> _t2 = [];
    private readonly List<int> _b1 = [];
    private readonly List<int> _b2 = [];
    private readonly HashSet<int> _bit = [];
    private double _p;

    protected override bool IsResident(int page) => _t1.Contains(page) || _t2.Contains(page);

    protected override void Access(int x)
    {
        if (IsResident(x))
        {
            _bit.Add(x);
            return;
        }

        var known = _b1.Contains(x) || _b2.Contains(x);
        if (_t1.Count + _t2.Count == Frames)
        {
            Replace();
            if (!known && _t1.Count + _b1.Count == Frames)
            {
                TakeLast(_b1);
            }
            else if (!known && _t1.Count + _t2.Count + _b1.Count + _b2.Count == 2 * Frames)
            {
                TakeLast(_b2);
            }
        }

        if (!known)
        {
            _t1.Insert(0, x);
        }
        else if (_b1.Contains(x))
        {
            _p = Math.Min(_p + Math.Max(1, (double)_b2.Count / _b1.Count), Frames);
            _b1.Remove(x);
            _t2.Insert(0, x);
        }
        else
        {
            _p = Math.Max(_p - Math.Max(1, (double)_b1.Count / _b2.Count), 0);
            _b2.Remove(x);
            _t2.Insert(0, x);
        }
    }

    private void Replace()
    {
        while (true)
        {
            var fromFirst = _t1.Count >= Math.Max(1, _p);
            var page = TakeLast(fromFirst ? _t1 : _t2);
            if (!_bit.Remove(page))
            {
                (fromFirst ? _b1 : _b2).Insert(0, page);
                return;
            }

            _t2.Insert(0, page);
        }
    }
}

/// <summary>Zhang et al., algorithm 1.</summary>
internal sealed class SieveModel(int frames) : PolicyModel(frames)
{
    private readonly List<int> _queue = [];
    private readonly HashSet<int> _visited = [];
    private int? _hand;

    protected override bool IsResident(int page) => _queue.Contains(page);

    protected override void Access(int page)
    {
        if (_queue.Contains(page))
        {
            _visited.Add(page);
            return;
        }

        if (_queue.Count == Frames)
        {
            var index = _hand is { } hand ? _queue.IndexOf(hand) : _queue.Count - 1;
            while (_visited.Remove(_queue[index]))
            {
                index = index == 0 ? _queue.Count - 1 : index - 1;
            }

            _hand = index == 0 ? null : _queue[index - 1];
            _queue.RemoveAt(index);
        }

        _queue.Insert(0, page);
    }
}

/// <summary>Yang et al., algorithm 1, with the readings of the authors' simulator.</summary>
internal sealed class S3FifoModel(int frames) : PolicyModel(frames)
{
    private readonly List<int> _small = [];
    private readonly List<int> _main = [];
    private readonly List<int> _ghost = [];
    private readonly Dictionary<int, int> _freq = [];
    private readonly int _smallLimit = Math.Max(1, frames / 10);
    private readonly int _ghostLimit = frames * 9 / 10;

    protected override bool IsResident(int page) => _freq.ContainsKey(page);

    protected override void Access(int x)
    {
        if (_freq.TryGetValue(x, out var freq))
        {
            _freq[x] = Math.Min(freq + 1, 3);
            return;
        }

        var inGhost = _ghost.Contains(x);
        if (_small.Count + _main.Count == Frames)
        {
            _ghost.Remove(x);
            var size = _freq.Count;
            if (_small.Count >= _smallLimit || _main.Count == 0)
            {
                EvictSmall();
            }

            if (_freq.Count == size)
            {
                EvictMain();
            }
        }

        _ghost.Remove(x);
        (inGhost ? _main : _small).Insert(0, x);
        _freq[x] = 0;
    }

    private void EvictSmall()
    {
        while (_small.Count > 0)
        {
            var t = TakeLast(_small);
            if (_freq[t] > 1)
            {
                _main.Insert(0, t);
                _freq[t] = 0;
                continue;
            }

            if (_ghostLimit > 0)
            {
                if (_ghost.Count == _ghostLimit)
                {
                    TakeLast(_ghost);
                }

                _ghost.Insert(0, t);
            }

            _freq.Remove(t);
            return;
        }
    }

    private void EvictMain()
    {
        while (true)
        {
            var t = TakeLast(_main);
            if (_freq[t] == 0)
            {
                _freq.Remove(t);
                return;
            }

            _freq[t]--;
            _main.Insert(0, t);
        }
    }
}

/// <summary>Jiang and Zhang, section 3, on plain lists: _stack[0] is the top of S, _queue[0] the front of Q.</summary>
internal sealed class LirsModel(int frames, int high, bool skipRepeats) : PolicyModel(frames)
{
    private readonly List<int> _stack = [];
    private readonly List<int> _queue = [];
    private readonly HashSet<int> _low = [];
    private int _lastPage = -1;

    protected override bool IsResident(int page) => _low.Contains(page) || _queue.Contains(page);

    protected override void Access(int x)
    {
        var repeats = x == _lastPage;
        _lastPage = x;
        if (skipRepeats && repeats)
        {
            return;
        }

        if (_low.Contains(x))
        {
            _stack.Remove(x);
            _stack.Insert(0, x);
            Prune();
            return;
        }

        var inStack = _stack.Contains(x);
        var wasFree = Frames - _low.Count - _queue.Count;
        var hit = _queue.Contains(x);
        if (!hit && wasFree == 0)
        {
            _queue.RemoveAt(0);
        }

        _queue.Remove(x);
        _stack.Remove(x);
        _stack.Insert(0, x);
        if ((!hit && wasFree > high) || (inStack && Frames > high))
        {
            _low.Add(x);
            if (_low.Count > Frames - high)
            {
                var demoted = _stack[^1];
                _stack.RemoveAt(_stack.Count - 1);
                _low.Remove(demoted);
                _queue.Add(demoted);
            }
        }
        else
        {
            _queue.Add(x);
        }

        Prune();
    }

    private void Prune()
    {
        while (_stack.Count > 0 && !_low.Contains(_stack[^1]))
        {
            _stack.RemoveAt(_stack.Count - 1);
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
