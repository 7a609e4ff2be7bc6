namespace Quire.Replacement.Tests;

/// <summary>
/// Jiang, Chen and Zhang, sections 4.2 to 4.4, on a list cut at HANDhot: _clock[0] is under that hand, the end is the list head. Every hand is
/// looked for anew.
/// </summary>
internal sealed class ClockProModel(int m, int coldShare, int step) : PolicyModel(m)
{
    private readonly List<int> _clock = [];
    private readonly HashSet<int> _hot = [];
    private readonly HashSet<int> _inTest = [];
    private readonly HashSet<int> _resident = [];
    private readonly HashSet<int> _referenced = [];
    private int _mc = coldShare;

    protected override bool IsResident(int page) => _resident.Contains(page);

    protected override void Access(int page)
    {
        if (_resident.Contains(page))
        {
            _referenced.Add(page);
            return;
        }

        if (_resident.Count == Frames)
        {
            RunHandCold();
        }

        _resident.Add(page);
        if (_clock.Contains(page))
        {
            BecomeHot(page);
        }
        else
        {
            MoveToHead(page);
            _inTest.Add(page);
        }

        while (_clock.Count - _resident.Count > Frames)
        {
            EndTest(_clock.First(_inTest.Contains));
        }
    }

    private void RunHandCold()
    {
        while (true)
        {
            var page = _clock.First(candidate => _resident.Contains(candidate) && !_hot.Contains(candidate));
            if (!_referenced.Remove(page))
            {
                _resident.Remove(page);
                if (!_inTest.Contains(page))
                {
                    _clock.Remove(page);
                }

                return;
            }

            if (_inTest.Contains(page))
            {
                BecomeHot(page);
            }
            else
            {
                MoveToHead(page);
                _inTest.Add(page);
            }
        }
    }

    private void BecomeHot(int page)
    {
        MoveToHead(page);
        _inTest.Remove(page);
        _hot.Add(page);
        Adapt(+step);
        RunHandHot();
    }

    private void RunHandHot()
    {
        while (_hot.Count > 0)
        {
            var page = _clock[0];
            if (!_hot.Contains(page))
            {
                EndTest(page);
                if (_resident.Contains(page))
                {
                    MoveToHead(page);
                }

                continue;
            }

            if (_hot.Count <= Frames - _mc)
            {
                return;
            }

            MoveToHead(page);
            if (!_referenced.Remove(page))
            {
                _hot.Remove(page);
            }
        }
    }

    private void EndTest(int page)
    {
        if (_inTest.Remove(page) && !_referenced.Contains(page))
        {
            Adapt(-step);
        }

        if (!_resident.Contains(page))
        {
            _clock.Remove(page);
        }
    }

    private void MoveToHead(int page)
    {
        _clock.Remove(page);
        _clock.Add(page);
    }

    private void Adapt(int by) => _mc = Math.Clamp(_mc + by, 1, Frames);
}
