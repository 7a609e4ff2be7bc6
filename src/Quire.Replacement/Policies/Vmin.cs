namespace Quire.Replacement;

/// <summary>
/// VMIN, the optimum among variable-space policies: after a reference the page stays only if it is used again within tau. It faults as the
/// working set with the same tau does, in less space. If frames run out the page used again farthest ahead goes.
/// </summary>
public struct Vmin : IReplacementPolicy, IPolicyDefinition<Vmin>, IVariableSpacePolicy
{
    private readonly long _window;
    private FrameHeap _farthestFirst;
    private long _now;
    private int _leaving;

    private Vmin(in PolicySetup setup)
    {
        _farthestFirst = new FrameHeap(setup.Frames);
        _window = setup.Parameters.Integer("tau", 10_000, 1, long.MaxValue >> 1);
        _leaving = -1;
    }

    public static PolicyDescription Description { get; } = new(
        "vmin", "pages not used again within tau, at once", "Prieve and Fabry, VMIN: an optimal variable-space page replacement algorithm, CACM 19(5), 1976", "used again farthest ahead, frames having run out")
    {
        Parameters = [new("tau", "10000", "references that a page may wait for its next use")],
    };

    public static InformationSource Source => InformationSource.Future;

    public static Vmin Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _farthestFirst.Add(frame, -arrival.Time);
        _now = arrival.Time;
    }

    public void Touch(int frame, int count, long time) => _now = time;

    public void SetNextUse(int frame, long nextUse)
    {
        _farthestFirst.Update(frame, -nextUse);
        _leaving = nextUse - _now > _window ? frame : -1;
    }

    public bool TryRelease(long time, Demand demand, out int frame)
    {
        // The page of a reference is resident while that reference is counted.
        frame = demand == Demand.None ? -1 : _leaving;
        if (frame < 0)
        {
            return false;
        }

        _leaving = -1;
        _farthestFirst.Remove(frame);
        return true;
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_farthestFirst.Count == 0)
        {
            return -1;
        }

        var frame = _farthestFirst.Top;
        Remove(frame);
        return frame;
    }

    public void Remove(int frame)
    {
        _farthestFirst.Remove(frame);
        _leaving = _leaving == frame ? -1 : _leaving;
    }
}
