namespace Quire.Replacement;

/// <summary>
/// Least frequently used, counted since the page was brought in. Keys of the heap are (uses, tie), packed in 27 and 36 bits: counts stop at
/// 2^27 - 1, ties repeat after 2^36 references. tie=lru takes the least recently used of the least used, fifo the longest resident, mru the
/// most recently used.
/// </summary>
public struct Lfu : IReplacementPolicy, IPolicyDefinition<Lfu>
{
    private const int TieBits = 36;
    private const long TieMask = (1L << TieBits) - 1;
    private const long MostUses = (1L << (62 - TieBits)) - 1;

    private readonly Tie _tie;
    private FrameHeap _leastUsedFirst;

    private Lfu(in PolicySetup setup)
    {
        _leastUsedFirst = new FrameHeap(setup.Frames);
        _tie = setup.Parameters.Choice("tie", "lru", "lru", "fifo", "mru") switch
        {
            "lru" => Tie.LeastRecent,
            "fifo" => Tie.FirstIn,
            _ => Tie.MostRecent,
        };
    }

    private enum Tie
    {
        LeastRecent,
        FirstIn,
        MostRecent,
    }

    public static PolicyDescription Description { get; } = new(
        "lfu", "the page used least often since it came", "Aho, Denning, Ullman, Principles of optimal page replacement, JACM 18(1), 1971; Coffman and Denning, Operating Systems Theory, 1973", "least frequently used")
    {
        Parameters = [new("tie", "lru", "among equals: lru (least recently used), fifo (longest resident), mru (most recently used)")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static Lfu Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival) => _leastUsedFirst.Add(frame, (1L << TieBits) | TieAt(arrival.Time));

    public void Touch(int frame, int count, long time)
    {
        var key = _leastUsedFirst.KeyOf(frame);
        var uses = Math.Min(MostUses, (key >> TieBits) + count);
        _leastUsedFirst.Update(frame, (uses << TieBits) | (_tie == Tie.FirstIn ? key & TieMask : TieAt(time)));
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_leastUsedFirst.Count == 0)
        {
            return -1;
        }

        var frame = _leastUsedFirst.Top;
        _leastUsedFirst.Remove(frame);
        return frame;
    }

    public void Remove(int frame) => _leastUsedFirst.Remove(frame);

    private readonly long TieAt(long time) => (_tie == Tie.MostRecent ? TieMask - time : time) & TieMask;
}
