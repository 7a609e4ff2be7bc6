namespace Quire.Replacement;

/// <summary>Any resident page, each as likely as another; the baseline that needs no bookkeeping.</summary>
public struct RandomChoice : IReplacementPolicy, IPolicyDefinition<RandomChoice>
{
    private readonly ReferenceBits _bits;
    private readonly int[] _resident;
    private readonly int[] _place;
    private int _count;
    private ulong _state;

    private RandomChoice(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _resident = new int[setup.Frames];
        _place = new int[setup.Frames];
        _state = ((ulong)setup.Parameters.Integer("seed", 1, 0, long.MaxValue) * 2) + 1;
    }

    public static PolicyDescription Description { get; } = new(
        "random", "any page", "Belady, IBM Systems Journal 5(2), 1966 (RAND); generator: Vigna's xorshift64*, 2016", "drawn at random")
    {
        Parameters = [new("seed", "1", "start of the random numbers")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static RandomChoice Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _place[frame] = _count;
        _resident[_count++] = frame;
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        if (_count == 0)
        {
            return -1;
        }

        // Of pinned pages the neighbours are taken, so that the only one that may go is found.
        var drawn = (uint)((Draw() >> 33) % (uint)_count);
        for (var tries = 0U; tries < _count; tries++)
        {
            var frame = _resident[(int)((drawn + tries) % (uint)_count)];
            if (!_bits.IsPinned(frame))
            {
                Remove(frame);
                return frame;
            }
        }

        return -1;
    }

    public void Remove(int frame)
    {
        var last = _resident[--_count];
        _resident[_place[frame]] = last;
        _place[last] = _place[frame];
    }

    private ulong Draw()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1DUL;
    }
}
