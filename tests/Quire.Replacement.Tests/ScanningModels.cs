namespace Quire.Replacement.Tests;

/// <summary>A model that scans pages by frame: frames are taken in order, then each page takes its victim's.</summary>
internal abstract class FramesModel(int frames) : PolicyModel(frames)
{
    protected List<int> Pages { get; } = [];

    protected HashSet<int> Referenced { get; } = [];

    protected override bool IsResident(int page) => Pages.Contains(page);

    protected override void Access(int page)
    {
        BeforeReference();
        if (Pages.Contains(page))
        {
            Referenced.Add(page);
            return;
        }

        if (Pages.Count < Frames)
        {
            Pages.Add(page);
        }
        else
        {
            var victim = ChooseVictim();
            Referenced.Remove(victim);
            Pages[Pages.IndexOf(victim)] = page;
        }

        Admitted(page);
    }

    protected virtual void BeforeReference()
    {
    }

    protected abstract int ChooseVictim();

    protected abstract void Admitted(int page);
}

/// <summary>Tanenbaum and Bos, figure 3-17, with the counters as text.</summary>
internal sealed class AgingModel(int frames, int bits, int tick) : FramesModel(frames)
{
    private readonly Dictionary<int, string> _counter = [];

    protected override void BeforeReference()
    {
        if (Now > 1 && (Now - 1) % tick == 0)
        {
            foreach (var page in Pages)
            {
                _counter[page] = (Referenced.Remove(page) ? "1" : "0") + _counter[page][..^1];
            }
        }
    }

    // MinBy takes the first of equals.
    protected override int ChooseVictim() => Pages.MinBy(page => _counter[page], StringComparer.Ordinal);

    protected override void Admitted(int page) => _counter[page] = "1" + new string('0', bits - 1);
}

/// <summary>Carr and Hennessy: the hand goes once round.</summary>
internal sealed class WsClockModel(int frames, int tau) : FramesModel(frames)
{
    private readonly Dictionary<int, int> _lastUse = [];
    private int _hand;

    protected override int ChooseVictim()
    {
        var turn = Enumerable.Range(_hand, Frames).Select(frame => Pages[frame % Frames]).ToList();
        var clean = turn.Where(page => !Written.Contains(page)).ToList();
        var written = new List<int>();
        foreach (var page in turn)
        {
            _hand = (_hand + 1) % Frames;
            if (Referenced.Remove(page))
            {
                _lastUse[page] = Now;
            }
            else if (Now - _lastUse[page] > tau)
            {
                if (!Written.Remove(page))
                {
                    return page;
                }

                written.Add(page);
            }
        }

        return written.Concat(clean).Concat(turn).First();
    }

    protected override void Admitted(int page)
    {
        _lastUse[page] = Now;
        Referenced.Add(page);
    }
}

/// <summary>PostgreSQL's sweep as a queue: a page passed goes back to the head.</summary>
internal sealed class SweepModel(int frames, int most) : PolicyModel(frames)
{
    private readonly List<int> _queue = [];
    private readonly Dictionary<int, int> _uses = [];
    private readonly HashSet<int> _referenced = [];

    protected override bool IsResident(int page) => _queue.Contains(page);

    protected override void Access(int page)
    {
        if (_queue.Contains(page))
        {
            _referenced.Add(page);
            return;
        }

        while (_queue.Count == Frames)
        {
            var candidate = TakeLast(_queue);
            _uses[candidate] = Math.Min(most, _uses[candidate] + (_referenced.Remove(candidate) ? 1 : 0));
            if (_uses[candidate]-- > 0)
            {
                _queue.Insert(0, candidate);
            }
        }

        _queue.Insert(0, page);
        _uses[page] = 1;
    }
}

/// <summary>An active and an inactive list with one reference bit, as Gorman describes Linux 2.4.</summary>
internal sealed class TwoListModel(int frames, int inactiveShare) : PolicyModel(frames)
{
    private readonly List<int> _active = [];
    private readonly List<int> _inactive = [];
    private readonly HashSet<int> _referenced = [];

    protected override bool IsResident(int page) => _active.Contains(page) || _inactive.Contains(page);

    protected override void Access(int page)
    {
        if (IsResident(page))
        {
            _referenced.Add(page);
            return;
        }

        if (_active.Count + _inactive.Count == Frames)
        {
            while (!TryShrink())
            {
            }
        }

        _inactive.Insert(0, page);
    }

    private bool TryShrink()
    {
        // The active list is looked through once, from its end.
        foreach (var page in Enumerable.Reverse(_active).ToList())
        {
            if (_inactive.Count < inactiveShare)
            {
                _active.Remove(page);
                (_referenced.Remove(page) ? _active : _inactive).Insert(0, page);
            }
        }

        if (_inactive.Count == 0)
        {
            _inactive.Add(TakeLast(_active));
        }

        var last = TakeLast(_inactive);
        if (!_referenced.Remove(last))
        {
            return true;
        }

        _active.Insert(0, last);
        return false;
    }
}

/// <summary>Multi-generation LRU: each page has the number of a generation and a place in it.</summary>
internal sealed class GenerationsModel(int frames) : FramesModel(frames)
{
    private readonly Dictionary<int, (int Generation, int Order)> _place = [];
    private int _youngest = 2;
    private int _oldest;
    private int _order;

    protected override int ChooseVictim()
    {
        while (true)
        {
            while (!_place.Values.Any(place => place.Generation == _oldest))
            {
                if (_youngest - _oldest < 2)
                {
                    _youngest++;
                    foreach (var page in Pages.Where(Referenced.Remove).ToList())
                    {
                        Put(page);
                    }
                }

                if (!_place.Values.Any(place => place.Generation == _oldest))
                {
                    _oldest++;
                }
            }

            var last = _place.Where(entry => entry.Value.Generation == _oldest).MinBy(entry => entry.Value.Order).Key;
            if (!Referenced.Remove(last))
            {
                _place.Remove(last);
                return last;
            }

            Put(last);
        }
    }

    protected override void Admitted(int page) => Put(page);

    private void Put(int page) => _place[page] = (_youngest, _order++);
}
