using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Replacement;

/// <summary>
/// Counts how often pages were seen lately in 8 bytes a frame: a count-min sketch of four rows with 4-bit counters (Cormode and
/// Muthukrishnan 2005), halved after as many references as the sample holds, whether or not they changed a counter: each item that is added counts
/// (Einziger, Friedman, Manes, TinyLFU, ACM TOS 13(4), 2017, section 3.3). A sketch that counts only what still grows, as that of Caffeine does, stops
/// ageing once the pages in use have full counters.
/// </summary>
public struct FrequencySketch
{
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

    /// <summary>True: the page's counters are at their most, and only the number of references matters before the next halving (<see cref="Pass"/>).</summary>
    public bool Count(uint tag, int times)
    {
        var hash = Spread(tag);
        var isFull = false;
        while (times > 0)
        {
            // What is left of the sample, so that a run of references is counted as each by itself would be.
            var left = (int)Math.Min(times, _sample - _counted);
            isFull = false;
            for (var step = Math.Min(left, 15); step > 0 && !isFull; step--)
            {
                isFull = !TryCount(hash);
            }

            isFull |= left > 15;
            times -= left;
            _counted += left;
            if (_counted >= _sample)
            {
                Halve();
                isFull = false;
            }
        }

        return isFull;
    }

    /// <summary>References to a page whose counters are known to be full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Pass(uint tag, int times)
    {
        if (_counted + times < _sample)
        {
            _counted += times;
            return true;
        }

        return Count(tag, times);
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

        return added;
    }

    private void Halve()
    {
        foreach (ref var word in _words.AsSpan())
        {
            word = (word >> 1) & HalfMask;
        }

        // The number of references is halved like what they counted.
        _counted = _sample / 2;
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
