namespace Quire.Replacement;

/// <summary>
/// ARC, as figure 4 of the paper: _recent is T1, _frequent T2, the ghost lists B1 and B2, _target is p (a real number, as the paper's division
/// in the learning rule). Background reclaim, which the paper does not have, is REPLACE without a page.
/// </summary>
public struct Arc : IReplacementPolicy, IPolicyDefinition<Arc>, IDescribesState
{
    private const int Recent = 0;
    private const int Frequent = 1;

    private readonly FrameLists _lists;
    private readonly bool[] _isFrequent;
    private readonly uint[] _tag;
    private readonly int _frames;
    private GhostLists _ghosts;
    private int _recent;
    private int _frequent;
    private int _recentGhosts;
    private int _frequentGhosts;
    private double _target;
    private ulong _adaptedFor;

    private Arc(in PolicySetup setup)
    {
        _frames = setup.Frames;
        _lists = new FrameLists(setup.Frames, 2);
        _isFrequent = new bool[setup.Frames];
        _tag = new uint[setup.Frames];
        _ghosts = new GhostLists(setup.Frames + 1, 2);
        _adaptedFor = ulong.MaxValue;
    }

    public static PolicyDescription Description { get; } = new(
        "arc", "the end of T1 or T2, whichever exceeds its learnt share", "Megiddo and Modha, ARC: a self-tuning, low overhead replacement cache, FAST 2003", "end of the list over its learnt share");

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static Arc Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var ghost = _ghosts.ListOf(arrival);
        var returns = ghost >= 0;
        if (returns)
        {
            if (_adaptedFor != arrival.Page)
            {
                Adapt(ghost);
            }

            _ghosts.Remove(arrival.Shadow);
            if (ghost == Recent)
            {
                _recentGhosts--;
            }
            else
            {
                _frequentGhosts--;
            }
        }

        _adaptedFor = ulong.MaxValue;
        _tag[frame] = GhostLists.TagOf(arrival.Page);
        Push(frame, returns ? Frequent : Recent);
    }

    public void Touch(int frame, int count, long time)
    {
        // Case I: to the front of T2, wherever it was.
        if (_isFrequent[frame])
        {
            _lists.Remove(frame);
            _lists.PushFront(Frequent, frame);
        }
        else
        {
            Remove(frame);
            Push(frame, Frequent);
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        var ghost = _ghosts.ListOf(incoming);
        if (ghost >= 0)
        {
            // Cases II and III: learn, then REPLACE(x, p).
            Adapt(ghost);
            _adaptedFor = incoming.Page;
            return Replace(ghost, out shadow);
        }

        // Case IV.
        if (_recent + _recentGhosts >= _frames)
        {
            if (_recentGhosts == 0 && _recent > 0)
            {
                // Case IV(A), |T1| = c: the end of T1 leaves without a trace.
                var frame = _lists.Last(Recent);
                Remove(frame);
                shadow = Arrival.NoShadow;
                return frame;
            }

            if (_recentGhosts > 0)
            {
                _ghosts.RemoveOldest(Recent);
                _recentGhosts--;
            }
        }
        else if (_recent + _frequent + _recentGhosts + _frequentGhosts >= 2 * _frames && _frequentGhosts > 0)
        {
            _ghosts.RemoveOldest(Frequent);
            _frequentGhosts--;
        }

        return Replace(ghost, out shadow);
    }

    public void Remove(int frame)
    {
        _lists.Remove(frame);
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
        $"T1 {_lists.Describe(Recent, pageIn)} T2 {_lists.Describe(Frequent, pageIn)} B1 {_recentGhosts} B2 {_frequentGhosts} p={_target:0.##}";

    private void Adapt(int ghost)
    {
        _target = ghost == Recent
            ? Math.Min(_frames, _target + (_recentGhosts >= _frequentGhosts ? 1 : (double)_frequentGhosts / _recentGhosts))
            : Math.Max(0, _target - (_frequentGhosts >= _recentGhosts ? 1 : (double)_recentGhosts / _frequentGhosts));
    }

    /// <summary>REPLACE(x, p), where x lies in B2 if <paramref name="ghost"/> is Frequent.</summary>
    private int Replace(int ghost, out int shadow)
    {
        var takeRecent = _recent > 0 && (_recent > _target || (ghost == Frequent && _recent == _target));
        if (!takeRecent && _frequent == 0)
        {
            takeRecent = true;
        }

        var frame = _lists.Last(takeRecent ? Recent : Frequent);
        shadow = Arrival.NoShadow;
        if (frame < 0)
        {
            return -1;
        }

        Remove(frame);
        shadow = _ghosts.Add(takeRecent ? Recent : Frequent, _tag[frame]);
        if (takeRecent)
        {
            _recentGhosts++;
        }
        else
        {
            _frequentGhosts++;
        }

        return frame;
    }

    private void Push(int frame, int list)
    {
        _lists.PushFront(list, frame);
        _isFrequent[frame] = list == Frequent;
        if (list == Frequent)
        {
            _frequent++;
        }
        else
        {
            _recent++;
        }
    }
}
