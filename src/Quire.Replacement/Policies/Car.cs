namespace Quire.Replacement;

/// <summary>
/// CAR, Clock with adaptive replacement, as figure 2 of the paper: the clocks T1 and T2 are lists whose front is the hand, B1 and B2 ghost
/// lists, _target is p. Pages come in with their reference bit clear (line 13 and following); the kernel clears the bit that the restarted
/// instruction sets by admitting after the restart has been counted.
/// </summary>
public struct Car : IReplacementPolicy, IPolicyDefinition<Car>, IDescribesState
{
    private const int Recent = 0;
    private const int Frequent = 1;

    private readonly ReferenceBits _bits;
    private readonly FrameLists _clocks;
    private readonly bool[] _isFrequent;
    private readonly uint[] _tag;
    private readonly int _frames;
    private GhostLists _ghosts;
    private int _recent;
    private int _frequent;
    private int _recentGhosts;
    private int _frequentGhosts;
    private double _target;

    private Car(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _frames = setup.Frames;
        _clocks = new FrameLists(setup.Frames, 2);
        _isFrequent = new bool[setup.Frames];
        _tag = new uint[setup.Frames];
        _ghosts = new GhostLists(setup.Frames + 1, 2);
    }

    public static PolicyDescription Description { get; } = new(
        "car", "the first unreferenced page of clock T1 or T2, whichever exceeds its learnt share", "Bansal and Modha, CAR: Clock with adaptive replacement, FAST 2004", "unreferenced under the hand of the clock over its learnt share");

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static Car Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var ghost = _ghosts.ListOf(arrival);
        if (ghost == Recent)
        {
            _target = Math.Min(_target + Math.Max(1, (double)_frequentGhosts / _recentGhosts), _frames);
            _recentGhosts--;
        }
        else if (ghost == Frequent)
        {
            _target = Math.Max(_target - Math.Max(1, (double)_recentGhosts / _frequentGhosts), 0);
            _frequentGhosts--;
        }

        if (ghost >= 0)
        {
            _ghosts.Remove(arrival.Shadow);
        }

        _tag[frame] = GhostLists.TagOf(arrival.Page);
        _bits.SetReferenced(frame, ReferenceBit.Clear);
        PushTail(frame, ghost >= 0 ? Frequent : Recent);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        var frame = Replace(out shadow);
        if (_ghosts.ListOf(incoming) < 0 && frame >= 0)
        {
            // Lines 6 to 10: room in the directory for a page that has no history.
            if (_recent + _recentGhosts >= _frames && _recentGhosts > 0)
            {
                _ghosts.RemoveOldest(Recent);
                _recentGhosts--;
            }
            else if (_recent + _frequent + _recentGhosts + _frequentGhosts >= 2 * _frames && _frequentGhosts > 0)
            {
                _ghosts.RemoveOldest(Frequent);
                _frequentGhosts--;
            }
        }

        return frame;
    }

    public void Remove(int frame)
    {
        _clocks.Remove(frame);
        if (_isFrequent[frame])
        {
            _frequent--;
        }
        else
        {
            _recent--;
        }
    }

    public readonly string DescribeState(Func<int, string> pageIn) =>
        $"T1 {_clocks.Describe(Recent, pageIn)} T2 {_clocks.Describe(Frequent, pageIn)} B1 {_recentGhosts} B2 {_frequentGhosts} p={_target:0.##}";

    private int Replace(out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = 3L * (_recent + _frequent); left >= 0 && _recent + _frequent > 0; left--)
        {
            var frame = _clocks.First(_recent >= Math.Max(1, _target) || _frequent == 0 ? Recent : Frequent);
            if (!_bits.TestAndClearReferenced(frame) && !_bits.IsPinned(frame))
            {
                return Expel(frame, out shadow);
            }

            Remove(frame);
            PushTail(frame, Frequent);
        }

        // One hand has met only pinned pages.
        var free = FirstUnpinned(Recent);
        free = free < 0 ? FirstUnpinned(Frequent) : free;
        return free < 0 ? -1 : Expel(free, out shadow);
    }

    private int Expel(int frame, out int shadow)
    {
        var clock = _isFrequent[frame] ? Frequent : Recent;
        Remove(frame);
        shadow = _ghosts.Add(clock, _tag[frame]);
        _recentGhosts += clock == Recent ? 1 : 0;
        _frequentGhosts += clock == Frequent ? 1 : 0;
        return frame;
    }

    private readonly int FirstUnpinned(int clock)
    {
        var frame = _clocks.First(clock);
        while (frame >= 0 && _bits.IsPinned(frame))
        {
            frame = _clocks.After(frame);
        }

        return frame;
    }

    private void PushTail(int frame, int clock)
    {
        _clocks.PushBack(clock, frame);
        _isFrequent[frame] = clock == Frequent;
        _recent += clock == Recent ? 1 : 0;
        _frequent += clock == Frequent ? 1 : 0;
    }
}
