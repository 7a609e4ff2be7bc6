namespace Quire.Replacement;

/// <summary>
/// Clock, also called second chance: a hand goes round; a referenced page loses its bit and stays, the first without goes. insert=1 brings
/// pages in with the bit set (the faulting instruction is restarted and sets it, as hardware does and textbooks draw it), insert=0 without
/// (as many cache simulators do). With bits=2 and more it is <see cref="GeneralizedClock"/>.
/// </summary>
public struct Clock : IReplacementPolicy, IPolicyDefinition<Clock>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly ReferenceBit _insert;
    private FrameRing _ring;

    private Clock(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _insert = (ReferenceBit)setup.Parameters.Integer("insert", 1, 0, 1);
        setup.Parameters.Integer("bits", 1, 1, 1);
    }

    public static PolicyDescription Description { get; } = new(
        "clock", "the first page from the hand without a reference since the hand passed", "Corbato, A paging experiment with the Multics system, MIT 1968", "first unreferenced from the hand")
    {
        Aliases = ["clock-second-chance"],
        Parameters = [new("bits", "1", "width of the reference counter, 1 to 8; from 2 on this is gclock"), new("insert", "1", "reference bit of a page brought in: 1 (restarted instruction sets it) or 0")],
        Variant = parameters => parameters.Integer("bits", 1, 1, 8) > 1 ? "gclock" : null,
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static Clock Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _ring.Add(frame);
        _bits.SetReferenced(frame, _insert);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = 2L * _ring.Count; left >= 0 && _ring.Count > 0; left--)
        {
            var frame = _ring.Advance();
            if (!_bits.IsPinned(frame) && !_bits.TestAndClearReferenced(frame))
            {
                _ring.Remove(frame);
                return frame;
            }
        }

        return -1;
    }

    public void Remove(int frame) => _ring.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var bits = _bits;
        return _ring.Describe(pageIn, frame => bits.IsReferenced(frame) ? "/1" : "/0");
    }
}
