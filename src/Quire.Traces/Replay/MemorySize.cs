namespace Quire.Traces;

/// <summary>Frames or bytes: so many, or a share of the pages or bytes of objects that the trace turns out to hold.</summary>
/// <param name="Count">At least 1; 0 for a share.</param>
/// <param name="Share">Above 0 for a share: 0.1 is a tenth.</param>
public readonly record struct MemorySize(long Count, double Share = 0)
{
    /// <summary>It is known only when the whole trace has been read.</summary>
    public bool IsShare => Share > 0;

    /// <param name="whole">Pages or bytes of the trace.</param>
    public long Of(double whole) => IsShare ? Math.Max(1, (long)Math.Min(whole * Share, long.MaxValue / 2)) : Count;
}
