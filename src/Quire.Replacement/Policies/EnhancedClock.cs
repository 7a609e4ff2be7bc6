namespace Quire.Replacement;

/// <summary>
/// Enhanced second chance: pages fall in four classes by (referenced, dirty). The hand looks for the first of (0,0); failing that, for the
/// first of (0,1) while it clears reference bits it passes; then both again, which must succeed.
/// </summary>
public struct EnhancedClock : IReplacementPolicy, IPolicyDefinition<EnhancedClock>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly ReferenceBit _insert;
    private FrameRing _ring;

    private EnhancedClock(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _insert = (ReferenceBit)setup.Parameters.Integer("insert", 1, 0, 1);
    }

    public static PolicyDescription Description { get; } = new(
        "enhanced-clock", "the first page of the lowest class of (R,D)", "Silberschatz, Galvin, Gagne, Operating System Concepts, enhanced second-chance; Stallings, Operating Systems, figure 8.18", "lowest class of (R,D) from the hand")
    {
        Aliases = ["eclock", "nru-clock"],
        Parameters = [new("insert", "1", "reference bit of a page brought in: 1 or 0")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static EnhancedClock Create(in PolicySetup setup) => new(setup);

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
        var resident = _ring.Count;
        for (var pass = 0; pass < 4; pass++)
        {
            for (var step = 0; step < resident; step++)
            {
                var frame = _ring.Advance();
                if (_bits.IsPinned(frame))
                {
                    continue;
                }

                var isCleanPass = pass % 2 == 0;
                var referenced = isCleanPass ? _bits.IsReferenced(frame) : _bits.TestAndClearReferenced(frame);
                if (!referenced && _bits.IsDirty(frame) != isCleanPass)
                {
                    _ring.Remove(frame);
                    return frame;
                }
            }
        }

        return -1;
    }

    public void Remove(int frame) => _ring.Remove(frame);

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var bits = _bits;
        return _ring.Describe(pageIn, frame => $"/{(bits.IsReferenced(frame) ? 1 : 0)}{(bits.IsDirty(frame) ? 1 : 0)}");
    }
}
