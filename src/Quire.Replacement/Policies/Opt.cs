namespace Quire.Replacement;

/// <summary>
/// The optimum: the page whose next use is farthest ahead goes. Keys of the heap are negated next uses, so that the farthest is on top; among
/// pages never used again the one in the lowest place of the heap goes, which cannot change the number of faults.
/// </summary>
public struct Opt : IReplacementPolicy, IPolicyDefinition<Opt>, IFuturePolicy
{
    private FrameHeap _farthestFirst;

    private Opt(in PolicySetup setup) => _farthestFirst = new FrameHeap(setup.Frames);

    public static PolicyDescription Description { get; } = new(
        "opt", "the page used again farthest in the future", "Belady, IBM Systems Journal 5(2), 1966 (MIN); Mattson et al. 1970 (OPT)", "used again farthest ahead")
    {
        Aliases = ["belady", "min"],
        IsStackAlgorithm = true,
    };

    public static InformationSource Source => InformationSource.Future;

    public static Opt Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival) => _farthestFirst.Add(frame, -arrival.Time);

    public void Touch(int frame, int count, long time)
    {
    }

    public void SetNextUse(int frame, long nextUse) => _farthestFirst.Update(frame, -nextUse);

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_farthestFirst.Count == 0)
        {
            return -1;
        }

        var frame = _farthestFirst.Top;
        _farthestFirst.Remove(frame);
        return frame;
    }

    public void Remove(int frame) => _farthestFirst.Remove(frame);
}
