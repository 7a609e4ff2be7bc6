namespace Quire.Replacement;

/// <summary>
/// 2Q, the full version: pages enter the FIFO A1in; what falls out of it is remembered in A1out; a page that returns from there goes to the LRU
/// list Am. _in is A1in, _hot is Am. As in reclaimfor of the paper, the page that comes in is still in A1out while it makes room.
/// </summary>
public struct TwoQueue : IReplacementPolicy, IPolicyDefinition<TwoQueue>, IDescribesState
{
    private const int In = 0;
    private const int Hot = 1;

    private readonly FrameLists _lists;
    private readonly bool[] _isHot;
    private readonly uint[] _tag;
    private readonly int _inLimit;
    private readonly int _outLimit;
    private GhostLists _out;
    private int _inCount;
    private int _outCount;
    private ulong _returning;

    private TwoQueue(in PolicySetup setup)
    {
        _lists = new FrameLists(setup.Frames, 2);
        _isHot = new bool[setup.Frames];
        _tag = new uint[setup.Frames];
        _inLimit = setup.Parameters.Share("in", 25, setup.Frames, 1);
        _outLimit = setup.Parameters.Share("out", 50, setup.Frames, 1);
        _out = new GhostLists(_outLimit + 1, 1);
        _returning = ulong.MaxValue;
    }

    public static PolicyDescription Description { get; } = new(
        "2q", "the oldest first-timer, or the least recently used of those that came back", "Johnson and Shasha, 2Q: a low overhead high performance buffer management replacement algorithm, VLDB 1994, section 2.2", "end of A1in, or of Am when A1in is short")
    {
        Aliases = ["twoq"],
        Parameters = [new("in", "25%", "Kin, pages in A1in"), new("out", "50%", "Kout, pages remembered in A1out")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static TwoQueue Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var returns = _returning == arrival.Page;
        _returning = ulong.MaxValue;
        if (_out.ListOf(arrival) >= 0)
        {
            _out.Remove(arrival.Shadow);
            _outCount--;
            returns = true;
        }

        _tag[frame] = GhostLists.TagOf(arrival.Page);
        _isHot[frame] = returns;
        _lists.PushFront(returns ? Hot : In, frame);
        _inCount += returns ? 0 : 1;
    }

    public void Touch(int frame, int count, long time)
    {
        if (_isHot[frame])
        {
            _lists.Remove(frame);
            _lists.PushFront(Hot, frame);
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        _returning = _out.ListOf(incoming) >= 0 ? incoming.Page : ulong.MaxValue;
        var hot = _lists.Last(Hot);
        if (_inCount > _inLimit || hot < 0)
        {
            var frame = _lists.Last(In);
            if (frame < 0)
            {
                return -1;
            }

            Remove(frame);
            shadow = _out.Add(0, _tag[frame]);
            if (++_outCount > _outLimit)
            {
                _out.RemoveOldest(0);
                _outCount--;
            }

            return frame;
        }

        _lists.Remove(hot);
        return hot;
    }

    public void Remove(int frame)
    {
        _lists.Remove(frame);
        _inCount -= _isHot[frame] ? 0 : 1;
    }

    public readonly string DescribeState(Func<int, string> pageIn) => $"A1in {_lists.Describe(In, pageIn)} Am {_lists.Describe(Hot, pageIn)} A1out {_outCount}";
}
