namespace Quire.Replacement;

/// <summary>
/// Clock-sweep, as PostgreSQL's buffer manager (src/backend/storage/buffer/README): a use raises a page's count up to five, the sweep lowers it, a
/// page at zero that nobody has pinned goes. A page comes in with count one.
/// </summary>
public struct ClockSweep : IReplacementPolicy, IPolicyDefinition<ClockSweep>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly byte[] _uses;
    private readonly byte _most;
    private FrameRing _ring;

    private ClockSweep(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _uses = new byte[setup.Frames];
        _most = (byte)setup.Parameters.Integer("most", 5, 1, 255);
    }

    public static PolicyDescription Description { get; } = new(
        "clock-sweep", "the first unpinned page from the hand whose use count is used up", "PostgreSQL, src/backend/storage/buffer/README, buffer replacement strategy", "use count zero and unpinned from the hand")
    {
        Aliases = ["sweep"],
        Parameters = [new("most", "5", "highest use count (BM_MAX_USAGE_COUNT)")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static ClockSweep Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _ring.Add(frame);
        _uses[frame] = 1;
        _bits.SetReferenced(frame, ReferenceBit.Clear);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = (_most + 2L) * _ring.Count; left >= 0 && _ring.Count > 0; left--)
        {
            var frame = _ring.Advance();
            if (_bits.IsPinned(frame))
            {
                continue;
            }

            // Uses since the last sweep show as one reference bit: the count rises by one a turn at most.
            if (_bits.TestAndClearReferenced(frame))
            {
                _uses[frame] = (byte)Math.Min(_most, _uses[frame] + 1);
            }

            if (_uses[frame] == 0)
            {
                _ring.Remove(frame);
                return frame;
            }

            _uses[frame]--;
        }

        return -1;
    }

    public void Remove(int frame) => _ring.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var uses = _uses;
        return _ring.Describe(pageIn, frame => "/" + uses[frame]);
    }
}
