namespace Quire.Replacement;

/// <summary>
/// W-TinyLFU: new pages enter a small LRU window; the page that falls out of it stays only if a frequency sketch has seen it more often than the
/// page that the main space, a segmented LRU, would give up; on a tie the newcomer goes (algorithm of section 4, figure 5 of the paper). Every
/// reference is counted, the faulting one before room is made, and counters are halved after so many references (section 3.3). Differs from Caffeine: no
/// hill climbing, no random admission, and ageing by references; its sketch counts towards the next halving only references that raise a counter, so
/// that a program with hot pages, whose counters are full, keeps what it counted at its start.
/// </summary>
public struct WTinyLfu : IReplacementPolicy, IPolicyDefinition<WTinyLfu>, IDescribesState
{
    private const int Window = 0;
    private const int Probation = 1;
    private const int Protected = 2;

    private readonly FrameLists _lists;
    private readonly byte[] _list;
    private readonly uint[] _tag;

    // The number of halvings at which the sketch was found to count the frame's page no higher; -1: not yet.
    private readonly int[] _fullSince;
    private readonly int _windowLimit;
    private readonly int _protectedLimit;
    private FrequencySketch _sketch;
    private int _window;
    private int _protected;
    private ulong _countedFor;

    private WTinyLfu(in PolicySetup setup)
    {
        _lists = new FrameLists(setup.Frames, 3);
        _list = new byte[setup.Frames];
        _tag = new uint[setup.Frames];
        _fullSince = new int[setup.Frames];
        _windowLimit = Math.Min(setup.Frames, setup.Parameters.Share("window", 1, setup.Frames, 1));
        _protectedLimit = setup.Parameters.Share("protected", 80, setup.Frames - _windowLimit, 0);
        _sketch = new FrequencySketch(setup.Frames, (int)setup.Parameters.Integer("sample", 10, 1, 1000));
        _countedFor = ulong.MaxValue;
    }

    public static PolicyDescription Description { get; } = new(
        "w-tinylfu", "the less frequent of the page leaving the window and the main space's victim", "Einziger, Friedman, Manes, TinyLFU: a highly efficient cache admission policy, ACM TOS 13(4), 2017", "seen less often than its rival")
    {
        Aliases = ["wtinylfu", "tinylfu"],
        Parameters = [new("window", "1%", "share of the window"), new("protected", "80%", "share of the protected segment in the main space"), new("sample", "10", "references a frame until counters are halved")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static WTinyLfu Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var tag = GhostLists.TagOf(arrival.Page);
        if (_countedFor != arrival.Page)
        {
            _sketch.Count(tag, 1);
        }

        _countedFor = ulong.MaxValue;
        _tag[frame] = tag;
        _fullSince[frame] = -1;
        Push(frame, Window);
        if (_window > _windowLimit)
        {
            // Frames are free: the page leaves the window without a contest.
            Move(_lists.Last(Window), Probation);
        }
    }

    public void Touch(int frame, int count, long time)
    {
        var halvings = _sketch.Halvings;
        var isFull = _fullSince[frame] == halvings ? _sketch.Pass(_tag[frame], count) : _sketch.Count(_tag[frame], count);
        _fullSince[frame] = isFull ? _sketch.Halvings : -1;

        var list = _list[frame];
        if (list != Probation)
        {
            _lists.Remove(frame);
            _lists.PushFront(list, frame);
            return;
        }

        Move(frame, Protected);
        if (_protected > _protectedLimit)
        {
            Move(_lists.Last(Protected), Probation);
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (incoming.Page != ulong.MaxValue)
        {
            _sketch.Count(GhostLists.TagOf(incoming.Page), 1);
            _countedFor = incoming.Page;
        }

        var victim = _lists.Last(Probation);
        if (victim < 0)
        {
            victim = _lists.Last(Protected);
        }

        var candidate = _lists.Last(Window);
        if (victim < 0)
        {
            victim = candidate;
        }
        else if (candidate >= 0 && _window >= _windowLimit)
        {
            if (_sketch.Frequency(_tag[candidate]) > _sketch.Frequency(_tag[victim]))
            {
                Move(candidate, Probation);
            }
            else
            {
                victim = candidate;
            }
        }

        if (victim >= 0)
        {
            Remove(victim);
        }

        return victim;
    }

    public void Remove(int frame)
    {
        _lists.Remove(frame);
        _window -= _list[frame] == Window ? 1 : 0;
        _protected -= _list[frame] == Protected ? 1 : 0;
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var (sketch, tag) = (_sketch, _tag);
        return $"window {_lists.Describe(Window, Marked)} probation {_lists.Describe(Probation, Marked)} protected {_lists.Describe(Protected, Marked)}";

        string Marked(int frame) => $"{pageIn(frame)}/{sketch.Frequency(tag[frame])}";
    }

    private void Move(int frame, int list)
    {
        Remove(frame);
        Push(frame, list);
    }

    private void Push(int frame, int list)
    {
        _lists.PushFront(list, frame);
        _list[frame] = (byte)list;
        _window += list == Window ? 1 : 0;
        _protected += list == Protected ? 1 : 0;
    }
}
