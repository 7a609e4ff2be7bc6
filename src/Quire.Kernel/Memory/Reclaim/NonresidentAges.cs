namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// How long ago a page left, counted in evictions and activations since (nonresident_age of mm/workingset.c). A shadow holds the age at which
/// its page left, coarser the more RAM there is, and whether the page had been in the working set.
/// <code>
///  29          1   0
///  age         working set
/// </code>
/// </summary>
internal struct NonresidentAges
{
    private const int AgeBits = Shadow.Bits - 1;
    private const uint AgeMask = (1u << AgeBits) - 1;
    private const uint WorkingSetBit = 1;

    private readonly int _bucketOrder;
    private ulong _age;

    /// <param name="frames">Frames of RAM: distances up to this many must be told apart from older ones.</param>
    public NonresidentAges(uint frames)
    {
        _bucketOrder = Math.Max(0, 33 - System.Numerics.BitOperations.LeadingZeroCount(frames) - AgeBits);
    }

    public void Advance() => _age++;

    /// <summary>For a page that leaves now; the age advances with it.</summary>
    public readonly Shadow ShadowOf(PageHistory history) =>
        new((((uint)(_age >> _bucketOrder) & AgeMask) << 1) | (history == PageHistory.WorkingSet ? WorkingSetBit : 0));

    public readonly long DistanceOf(Shadow shadow) => (long)(((uint)(_age >> _bucketOrder) - (shadow.Value >> 1)) & AgeMask) << _bucketOrder;

    public static PageHistory HistoryOf(Shadow shadow) => (shadow.Value & WorkingSetBit) != 0 ? PageHistory.WorkingSet : PageHistory.Inactive;
}

/// <summary>Whether a page had ever been active.</summary>
internal enum PageHistory
{
    Inactive,
    WorkingSet,
}
