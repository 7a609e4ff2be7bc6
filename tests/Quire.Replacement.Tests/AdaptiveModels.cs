namespace Quire.Replacement.Tests;

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
