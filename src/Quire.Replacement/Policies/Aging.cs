namespace Quire.Replacement;

/// <summary>
/// Aging, the software approximation of LRU: at each tick every page's counter is shifted right and its reference bit enters on the left; the
/// page with the lowest counter goes, the lowest frame among equals. A page comes in with its top bit set.
/// </summary>
public struct Aging : IReplacementPolicy, IPolicyDefinition<Aging>, ITimedPolicy
{
    private readonly ReferenceBits _bits;
    private readonly ushort[] _counters;
    private readonly bool[] _resident;
    private readonly int _topBit;

    private Aging(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _counters = new ushort[setup.Frames];
        _resident = new bool[setup.Frames];
        _counters.AsSpan().Fill(ushort.MaxValue);
        // One bit of the 16 stays free, so that an empty frame (all ones) is above every page.
        _topBit = (int)setup.Parameters.Integer("bits", 8, 1, 15) - 1;
        TickInterval = setup.Parameters.Integer("tick", 1000, 1, long.MaxValue >> 1);
    }

    public static PolicyDescription Description { get; } = new(
        "aging", "the page with the lowest shifted reference counter", "Tanenbaum and Bos, Modern Operating Systems, section 3.4.7", "lowest aging counter")
    {
        Parameters = [new("bits", "8", "width of the counters, 1 to 15"), new("tick", "1000", "virtual time between ticks: references in replay, nanoseconds in the kernel")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public long TickInterval { get; }

    public static Aging Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _resident[frame] = true;
        _counters[frame] = (ushort)(1 << _topBit);
        _bits.SetReferenced(frame, ReferenceBit.Clear);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public void Tick(long time)
    {
        for (var frame = 0; frame < _counters.Length; frame++)
        {
            if (_resident[frame])
            {
                _counters[frame] = (ushort)((_counters[frame] >> 1) | (_bits.TestAndClearReferenced(frame) ? 1 << _topBit : 0));
            }
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var lowest = -1;
        var least = ushort.MaxValue;
        for (var frame = 0; frame < _counters.Length; frame++)
        {
            if (_counters[frame] < least && !_bits.IsPinned(frame))
            {
                (lowest, least) = (frame, _counters[frame]);
            }
        }

        if (lowest >= 0)
        {
            Remove(lowest);
        }

        return lowest;
    }

    public void Remove(int frame)
    {
        _resident[frame] = false;
        _counters[frame] = ushort.MaxValue;
    }
}
