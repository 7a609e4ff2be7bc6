namespace Quire.Traces;

/// <summary>
/// Spatial sampling: a page is in the sample if its hash is below a threshold, so all references to it are or none (Waldspurger et al.,
/// Efficient MRC construction with SHARDS, FAST 2015).
/// </summary>
public readonly struct PageSampling(double rate, ulong seed = 0)
{
    public const int HashBits = 24;

    /// <summary>Hashes below this are in the sample, of 2^24.</summary>
    public uint Threshold { get; } = (uint)Math.Clamp(Math.Round(rate * (1 << HashBits)), 1, 1 << HashBits);

    /// <summary>The rate really used: thresholds are whole.</summary>
    public double Rate => (double)Threshold / (1 << HashBits);

    public bool Takes(ulong page) => HashOf(page) < Threshold;

    /// <summary>24 bits, by the finaliser of MurmurHash3 with better constants (Stafford's mix 13).</summary>
    public uint HashOf(ulong page)
    {
        var hash = page + (seed * 0x9E3779B97F4A7C15UL);
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        return (uint)((hash ^ (hash >> 31)) >> 40);
    }
}
