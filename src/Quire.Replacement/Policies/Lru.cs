namespace Quire.Replacement;

/// <summary>Least recently used: a list in order of last use. With clean=W it is CFLRU (Park et al., CASES 2006).</summary>
public struct Lru : IReplacementPolicy, IPolicyDefinition<Lru>, IDescribesState
{
    private readonly FrameLists _list;
    private readonly CleanFirst _clean;

    private Lru(in PolicySetup setup)
    {
        _list = new FrameLists(setup.Frames, 1);
        _clean = CleanFirst.From(setup);
    }

    public static PolicyDescription Description { get; } = new(
        "lru", "the page not used for longest", "Mattson et al., Evaluation techniques for storage hierarchies, IBM Systems Journal 9(2), 1970", "least recently used")
    {
        Parameters = [CleanFirst.Parameter],
        IsStackAlgorithm = true,
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static Lru Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival) => _list.PushFront(0, frame);

    public void Touch(int frame, int count, long time)
    {
        _list.Remove(frame);
        _list.PushFront(0, frame);
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _clean.Choose(_list, 0);
        if (frame >= 0)
        {
            _list.Remove(frame);
        }

        return frame;
    }

    public void Remove(int frame) => _list.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn) => $"newest use {_list.Describe(0, pageIn)} oldest use";
}
