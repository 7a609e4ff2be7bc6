namespace Quire.Hardware.Translation;

/// <summary>Which entry of a full set makes room. Free ways are always used first, lowest first.</summary>
public enum TlbReplacement
{
    /// <summary>The entry whose last use is longest ago.</summary>
    Lru,

    /// <summary>The entry that has been in the set longest.</summary>
    Fifo,

    /// <summary>Any, by a generator with a fixed start (xorshift64, Marsaglia, JSS 8(14), 2003).</summary>
    Random,

    /// <summary>A binary tree of bits that point away from the recently used half; the number of ways is a power of two.</summary>
    TreePlru,
}
