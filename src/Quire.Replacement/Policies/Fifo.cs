namespace Quire.Replacement;

/// <summary>First in, first out: the page that has been resident longest goes. With clean=W a clean page among the W oldest goes first.</summary>
public struct Fifo : IReplacementPolicy, IPolicyDefinition<Fifo>, IDescribesState
{
    private readonly FrameLists _queue;
    private readonly CleanFirst _clean;

    private Fifo(in PolicySetup setup)
    {
        _queue = new FrameLists(setup.Frames, 1);
        _clean = CleanFirst.From(setup);
    }

    public static PolicyDescription Description { get; } = new(
        "fifo", "the page resident longest", "Belady, A study of replacement algorithms, IBM Systems Journal 5(2), 1966", "longest resident")
    {
        Parameters = [CleanFirst.Parameter],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static Fifo Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival) => _queue.PushFront(0, frame);

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _clean.Choose(_queue, 0);
        if (frame >= 0)
        {
            _queue.Remove(frame);
        }

        return frame;
    }

    public void Remove(int frame) => _queue.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn) => $"newest {_queue.Describe(0, pageIn)} oldest";
}
