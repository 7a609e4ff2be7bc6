namespace Quire.Replacement;

/// <summary>
/// S3-FIFO (algorithm 1 of the paper): a small queue S, a main queue M and a ghost queue G. Where the pseudo-code leaves a choice, the default
/// is what its authors' simulator does and the other reading is a parameter:
/// line 23, "freq &gt; 1": threshold=2. Line 24 moves a page with its counter cleared (section 4.1: "its access bits are cleared during the move").
/// Lines 25-26 evict from M at once if the move fills it: promote=evict-main; by default the loop goes on through S: promote=continue.
/// Line 10 asks G after making room: lookup=after; by default the ghost is taken out before: lookup=before.
/// Line 13 fills S beyond its share while memory is not full: fill=small; fill=main sends the overflow to M, as the simulator does since 2024.
/// </summary>
public struct S3Fifo : IReplacementPolicy, IPolicyDefinition<S3Fifo>, IDescribesState
{
    private const int Small = 0;
    private const int Main = 1;
    private const byte MostUses = 3;

    private readonly FrameLists _queues;
    private readonly byte[] _uses;
    private readonly bool[] _isMain;
    private readonly uint[] _tag;
    private readonly int _smallLimit;
    private readonly int _mainLimit;
    private readonly int _ghostLimit;
    private readonly byte _threshold;
    private readonly bool _stopAfterMain;
    private readonly bool _lookBefore;
    private readonly bool _fillMain;
    private GhostLists _ghosts;
    private int _ghostCount;
    private int _small;
    private int _main;
    private bool _hasEvicted;
    private ulong _returning;

    private S3Fifo(in PolicySetup setup)
    {
        var parameters = setup.Parameters;
        _queues = new FrameLists(setup.Frames, 2);
        _uses = new byte[setup.Frames];
        _isMain = new bool[setup.Frames];
        _tag = new uint[setup.Frames];
        _smallLimit = Math.Min(setup.Frames, parameters.Share("small", 10, setup.Frames, 1));
        _mainLimit = setup.Frames - _smallLimit;
        _ghostLimit = parameters.Share("ghost", 90, setup.Frames, 0);
        _threshold = (byte)parameters.Integer("threshold", 2, 1, MostUses);
        _stopAfterMain = parameters.Choice("promote", "continue", "continue", "evict-main") == "evict-main";
        _lookBefore = parameters.Choice("lookup", "before", "before", "after") == "before";
        _fillMain = parameters.Choice("fill", "small", "small", "main") == "main";
        _ghosts = new GhostLists(_ghostLimit + 1, 1);
        _returning = ulong.MaxValue;
    }

    public static PolicyDescription Description { get; } = new(
        "s3-fifo", "the oldest of the small queue used at most once, or the oldest unused of the main queue", "Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023", "oldest without enough uses in its queue")
    {
        Aliases = ["s3fifo"],
        Parameters =
        [
            new("small", "10%", "share of the small queue"),
            new("ghost", "90%", "pages remembered"),
            new("threshold", "2", "uses that move a page from the small queue to the main one"),
            new("promote", "continue", "when a move fills the main queue: continue through the small queue, or evict-main"),
            new("lookup", "before", "the ghost queue is asked before or after room is made"),
            new("fill", "small", "queue that takes pages beyond the small share while memory is not full: small or main"),
        ],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static S3Fifo Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var returns = _returning == arrival.Page;
        _returning = ulong.MaxValue;
        if (_ghosts.ListOf(arrival) >= 0)
        {
            Forget(arrival.Shadow);
            returns = true;
        }

        _uses[frame] = 0;
        _tag[frame] = GhostLists.TagOf(arrival.Page);
        Push(frame, returns || (_fillMain && !_hasEvicted && _small >= _smallLimit) ? Main : Small);
    }

    public void Touch(int frame, int count, long time)
    {
        ref var uses = ref _uses[frame];
        uses = (byte)Math.Min(MostUses, (long)uses + count);
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        _hasEvicted = true;
        if (_lookBefore && _ghosts.ListOf(incoming) >= 0)
        {
            Forget(incoming.Shadow);
            _returning = incoming.Page;
        }

        var frame = _small >= _smallLimit || _main == 0 ? EvictSmall(out shadow) : EvictMain(out shadow);
        return frame >= 0 ? frame : EvictMain(out shadow);
    }

    public void Remove(int frame)
    {
        _queues.Remove(frame);
        _main -= _isMain[frame] ? 1 : 0;
        _small -= _isMain[frame] ? 0 : 1;
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var uses = _uses;
        return $"S {_queues.Describe(Small, Marked)} M {_queues.Describe(Main, Marked)} G {_ghostCount}";

        string Marked(int frame) => $"{pageIn(frame)}/{uses[frame]}";
    }

    private int EvictSmall(out int shadow)
    {
        shadow = Arrival.NoShadow;
        while (_small > 0)
        {
            var frame = _queues.Last(Small);
            Remove(frame);
            if (_uses[frame] >= _threshold)
            {
                _uses[frame] = 0;
                Push(frame, Main);
                if (_stopAfterMain && _main > _mainLimit)
                {
                    return EvictMain(out shadow);
                }

                continue;
            }

            shadow = Remember(_tag[frame]);
            return frame;
        }

        return -1;
    }

    private int EvictMain(out int shadow)
    {
        shadow = Arrival.NoShadow;
        while (_main > 0)
        {
            var frame = _queues.Last(Main);
            _queues.Remove(frame);
            if (_uses[frame] == 0)
            {
                _main--;
                return frame;
            }

            _uses[frame]--;
            _queues.PushFront(Main, frame);
        }

        return -1;
    }

    private int Remember(uint tag)
    {
        if (_ghostLimit == 0)
        {
            return Arrival.NoShadow;
        }

        if (_ghostCount == _ghostLimit)
        {
            _ghosts.RemoveOldest(0);
            _ghostCount--;
        }

        _ghostCount++;
        return _ghosts.Add(0, tag);
    }

    private void Forget(int shadow)
    {
        _ghosts.Remove(shadow);
        _ghostCount--;
    }

    private void Push(int frame, int queue)
    {
        _queues.PushFront(queue, frame);
        _isMain[frame] = queue == Main;
        _main += queue == Main ? 1 : 0;
        _small += queue == Small ? 1 : 0;
    }
}
