namespace Quire.Replacement;

/// <summary>
/// WSClock: a clock whose hand gives a referenced page the present as its time of last use; an unreferenced page older than tau is outside the
/// working set: it goes if clean and is written out if dirty. After a turn without a victim the first page being written goes, else the first
/// clean one, else the one under the hand.
/// </summary>
public struct WsClock : IReplacementPolicy, IPolicyDefinition<WsClock>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly long[] _lastUse;
    private readonly long _window;
    private FrameRing _ring;

    private WsClock(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _lastUse = new long[setup.Frames];
        _window = setup.Parameters.Integer("tau", 10_000, 0, long.MaxValue >> 1);
    }

    public static PolicyDescription Description { get; } = new(
        "wsclock", "the first clean page from the hand outside the working set", "Carr and Hennessy, WSClock: a simple and effective algorithm for virtual memory management, SOSP 1981", "outside the working set from the hand")
    {
        Parameters = [new("tau", "10000", "working-set window in virtual time: references in replay, nanoseconds in the kernel")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static WsClock Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _ring.Add(frame);
        _lastUse[frame] = arrival.Time;
        _bits.SetReferenced(frame, ReferenceBit.Set);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var (written, clean, any) = (-1, -1, -1);
        for (var left = _ring.Count; left > 0; left--)
        {
            var frame = _ring.Advance();
            if (_bits.IsPinned(frame))
            {
                continue;
            }

            any = any < 0 ? frame : any;
            var dirty = _bits.IsDirty(frame);
            clean = clean < 0 && !dirty ? frame : clean;
            if (_bits.TestAndClearReferenced(frame))
            {
                _lastUse[frame] = incoming.Time;
            }
            else if (incoming.Time - _lastUse[frame] > _window)
            {
                if (!dirty)
                {
                    return Take(frame);
                }

                _bits.WriteBack(frame);
                written = written < 0 ? frame : written;
            }
        }

        return Take(written >= 0 ? written : clean >= 0 ? clean : any);
    }

    public void Remove(int frame) => _ring.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var (bits, lastUse) = (_bits, _lastUse);
        return _ring.Describe(pageIn, frame => $"/{(bits.IsReferenced(frame) ? 1 : 0)}@{lastUse[frame]}");
    }

    private int Take(int frame)
    {
        if (frame >= 0)
        {
            _ring.Remove(frame);
        }

        return frame;
    }
}
