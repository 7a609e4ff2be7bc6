namespace Quire.Replacement;

/// <summary>
/// Generalised clock (Smith, Sequentiality and prefetching in database systems, ACM TODS 3(3), 1978): each page has a counter of up to
/// 2^bits - 1 that a reference raises and the passing hand lowers; a page at 0 goes.
/// </summary>
public struct GeneralizedClock : IReplacementPolicy, IPolicyDefinition<GeneralizedClock>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly byte[] _counters;
    private readonly byte _most;
    private readonly byte _insert;
    private FrameRing _ring;

    private GeneralizedClock(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _most = (byte)((1 << (int)setup.Parameters.Integer("bits", 2, 1, 8)) - 1);
        _insert = (byte)setup.Parameters.Integer("insert", 1, 0, _most);
        _counters = new byte[setup.Frames];
    }

    public static PolicyDescription Description { get; } = new(
        "gclock", "the first page from the hand whose counter is used up", "Smith, ACM TODS 3(3), 1978", "first with its counter used up from the hand")
    {
        Parameters = [new("bits", "2", "width of the reference counter, 1 to 8"), new("insert", "1", "counter of a page brought in")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static GeneralizedClock Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _ring.Add(frame);
        _counters[frame] = _insert;
    }

    public void Touch(int frame, int count, long time)
    {
        ref var counter = ref _counters[frame];
        counter = (byte)Math.Min(_most, (long)counter + count);
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = (_most + 1L) * _ring.Count; left >= 0 && _ring.Count > 0; left--)
        {
            var frame = _ring.Advance();
            if (_bits.IsPinned(frame))
            {
                continue;
            }

            if (_counters[frame] == 0)
            {
                _ring.Remove(frame);
                return frame;
            }

            _counters[frame]--;
        }

        return -1;
    }

    public void Remove(int frame) => _ring.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var counters = _counters;
        return _ring.Describe(pageIn, frame => "/" + counters[frame]);
    }
}
