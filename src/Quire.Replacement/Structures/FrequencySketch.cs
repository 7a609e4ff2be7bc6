using System.Numerics;

namespace Quire.Replacement;

/// <summary>
/// Counts how often pages were seen lately in 8 bytes a frame: a count-min sketch of four rows with 4-bit counters (Cormode and
/// Muthukrishnan 2005), halved when as many pages as the sample holds were counted (Einziger, Friedman, Manes, TinyLFU, ACM TOS 13(4), 2017).
/// </summary>
public struct FrequencySketch
{
    private const ulong LowBits = 0x1111111111111111;
    private const ulong HalfMask = 0x7777777777777777;

    private readonly ulong[] _words;
    private readonly int _mask;
    private readonly long _sample;
    private long _counted;

    public FrequencySketch(int frames, int sampleFactor)
    {
        _words = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, frames))];
        _mask = _words.Length - 1;
        _sample = (long)frames * sampleFactor;
    }

    /// <summary>How often all counters were halved.</summary>
    public int Halvings { get; private set; }

    /// <summary>True: the page's counters are at their most, and counting it again changes nothing before the next halving.</summary>
    public bool Count(uint tag, int times)
    {
        var hash = Spread(tag);
        for (var left = Math.Min(times, 15); left > 0; left--)
        {
            if (!TryCount(hash))
            {
                return true;
            }
        }

        return false;
    }

    public readonly int Frequency(uint tag)
    {
        var hash = Spread(tag);
        var least = 15;
        for (var row = 0; row < 4; row++)
        {
            least = Math.Min(least, (int)(_words[WordOf(hash, row)] >> ShiftOf(hash, row)) & 15);
        }

        return least;
    }

    private bool TryCount(ulong hash)
    {
        var added = false;
        for (var row = 0; row < 4; row++)
        {
            ref var word = ref _words[WordOf(hash, row)];
            var shift = ShiftOf(hash, row);
            if (((word >> shift) & 15) < 15)
            {
                word += 1UL << shift;
                added = true;
            }
        }

        if (added && ++_counted >= _sample)
        {
            Halve();
        }

        return added;
    }

    private void Halve()
    {
        long odd = 0;
        foreach (ref var word in _words.AsSpan())
        {
            odd += BitOperations.PopCount(word & LowBits);
            word = (word >> 1) & HalfMask;
        }

        _counted = (_counted - (odd >> 2)) >> 1;
        Halvings++;
    }

    private static ulong Spread(uint tag)
    {
        var hash = (tag + 1UL) * 0x9E3779B97F4A7C15UL;
        return (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93UL;
    }

    private readonly int WordOf(ulong hash, int row) => (int)(BitOperations.RotateLeft(hash, row * 16) >> 20) & _mask;

    // Four of the sixteen counters of a word belong to each row; two bits of the hash choose.
    private static int ShiftOf(ulong hash, int row) => ((int)((hash >> (row * 2)) & 3) << 4) | (row << 2);
}
