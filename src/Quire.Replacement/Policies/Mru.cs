namespace Quire.Replacement;

/// <summary>Most recently used goes first: good for loops longer than memory, bad for nearly everything else.</summary>
public struct Mru : IReplacementPolicy, IPolicyDefinition<Mru>, IDescribesState
{
    private readonly FrameLists _list;

    private Mru(in PolicySetup setup) => _list = new FrameLists(setup.Frames, 1);

    public static PolicyDescription Description { get; } = new(
        "mru", "the page used last", "Chou and DeWitt, An evaluation of buffer management strategies, VLDB 1985", "most recently used")
    {
        IsStackAlgorithm = true,
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static TouchDetail Touches => TouchDetail.LastOfEachFrame;

    public static Mru Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival) => _list.PushFront(0, frame);

    public void Touch(int frame, int count, long time)
    {
        _list.Remove(frame);
        _list.PushFront(0, frame);
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _list.First(0);
        if (frame >= 0)
        {
            _list.Remove(frame);
        }

        return frame;
    }

    public void Remove(int frame) => _list.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn) => $"newest use {_list.Describe(0, pageIn)} oldest use";
}
