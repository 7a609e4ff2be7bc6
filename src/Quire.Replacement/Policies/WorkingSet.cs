namespace Quire.Replacement;

/// <summary>
/// The working-set policy: pages referenced among the last tau references are resident, others are given back. W(t, tau) holds the pages of
/// references t - tau + 1 .. t; the page of reference t + 1 faults if it is not in W(t, tau). If frames run out the least recently used goes.
/// </summary>
public struct WorkingSet : IReplacementPolicy, IPolicyDefinition<WorkingSet>, IVariableSpacePolicy, IDescribesState
{
    private readonly FrameLists _list;
    private readonly long[] _lastUse;
    private readonly long _window;

    private WorkingSet(in PolicySetup setup)
    {
        _list = new FrameLists(setup.Frames, 1);
        _lastUse = new long[setup.Frames];
        _window = setup.Parameters.Integer("tau", 10_000, 1, long.MaxValue >> 1);
    }

    public static PolicyDescription Description { get; } = new(
        "working-set", "pages not referenced within the window tau", "Denning, The working set model for program behavior, CACM 11(5), 1968", "least recently used, frames having run out")
    {
        Aliases = ["ws"],
        Parameters = [new("tau", "10000", "window in virtual time: references in replay, nanoseconds in the kernel")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static WorkingSet Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _list.PushFront(0, frame);
        _lastUse[frame] = arrival.Time;
    }

    public void Touch(int frame, int count, long time)
    {
        _list.Remove(frame);
        _list.PushFront(0, frame);
        _lastUse[frame] = time;
    }

    public bool TryRelease(long time, Demand demand, out int frame)
    {
        frame = _list.Last(0);
        if (frame < 0 || _lastUse[frame] > time - 1 - _window)
        {
            return false;
        }

        _list.Remove(frame);
        return true;
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _list.Last(0);
        if (frame >= 0)
        {
            _list.Remove(frame);
        }

        return frame;
    }

    public void Remove(int frame) => _list.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn) => $"newest use {_list.Describe(0, pageIn)} oldest use";
}
