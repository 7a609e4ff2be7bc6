using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>The same numbers on every host: G. Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003, with D. Lemire's reduction to a range.</summary>
internal struct SeededRandom(long seed)
{
    private ulong _state = unchecked((ulong)seed * 0x9e3779b97f4a7c15) | 1;

    /// <summary>A number from 0 up to a limit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(int limit)
    {
        _state ^= _state << 13;
        _state ^= _state >> 7;
        _state ^= _state << 17;
        return (int)(((_state >> 32) * (ulong)limit) >> 32);
    }

    public double NextShare() => Next(int.MaxValue) / (double)int.MaxValue;
}
