namespace Quire.Replacement;

/// <summary>
/// SIEVE (algorithm 1 of the paper): a queue whose pages never move; the hand goes from the oldest to the newest, takes the visited mark from
/// pages that have it and evicts the first without, and stays there.
/// </summary>
public struct Sieve : IReplacementPolicy, IPolicyDefinition<Sieve>, IDescribesState
{
    private readonly FrameLists _queue;
    private readonly byte[] _visited;
    private int _hand;

    private Sieve(in PolicySetup setup)
    {
        _queue = new FrameLists(setup.Frames, 1);
        _visited = new byte[setup.Frames];
        _hand = -1;
    }

    public static PolicyDescription Description { get; } = new(
        "sieve", "the first page from the hand that was not visited, the queue staying in order", "Zhang et al., SIEVE is simpler than LRU, NSDI 2024", "first unvisited from the hand");

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static Sieve Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _visited[frame] = 0;
        _queue.PushFront(0, frame);
    }

    public void Touch(int frame, int count, long time) => _visited[frame] = 1;

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _hand >= 0 ? _hand : _queue.Last(0);
        if (frame < 0)
        {
            return -1;
        }

        while (_visited[frame] != 0)
        {
            _visited[frame] = 0;
            frame = _queue.Before(frame);
            if (frame < 0)
            {
                frame = _queue.Last(0);
            }
        }

        _hand = _queue.Before(frame);
        _queue.Remove(frame);
        return frame;
    }

    public void Remove(int frame)
    {
        if (frame == _hand)
        {
            _hand = _queue.Before(frame);
        }

        _queue.Remove(frame);
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var (visited, hand) = (_visited, _hand);
        return $"newest {_queue.Describe(0, Marked)} oldest";

        string Marked(int frame) => (frame == hand ? ">" : "") + pageIn(frame) + "/" + visited[frame];
    }
}
