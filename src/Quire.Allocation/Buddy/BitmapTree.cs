using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// A set of numbers below a fixed capacity: one bit each, and above every 64 words of bits one summary word that says which of them
/// are not zero, up to a single word. Lowest member, insertion and removal touch log64(capacity) words.
/// </summary>
/// <remarks>The words live in memory the owner keeps pinned for as long as this value is used; no index is checked against the capacity.</remarks>
internal unsafe struct BitmapTree
{
    private const int MaxLevels = 6;

    private fixed ulong _levels[MaxLevels];
    private int _top;

    /// <summary>Words needed for a capacity, all levels together.</summary>
    public static long WordsFor(ulong capacity)
    {
        long total = 0;
        var words = capacity;
        do
        {
            words = (words + 63) / 64;
            total += (long)words;
        }
        while (words > 1);

        return total;
    }

    /// <summary>Lays the levels out in zeroed memory of WordsFor(capacity) words; returns the first word after them.</summary>
    public static ulong* Create(ulong* memory, ulong capacity, out BitmapTree tree)
    {
        tree = default;
        var words = capacity;
        for (var level = 0; ; level++)
        {
            words = (words + 63) / 64;
            tree._levels[level] = (ulong)memory;
            tree._top = level;
            memory += words;
            if (words <= 1)
            {
                return memory;
            }
        }
    }

    public readonly bool Contains(uint member) => ((((ulong*)_levels[0])[member >> 6] >> (int)(member & 63)) & 1) != 0;

    public readonly bool IsEmpty => *(ulong*)_levels[_top] == 0;

    // In a sparse set it is a matter of chance how far up a change goes: writing each level, changed or not, costs less than guessing wrong.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Add(uint member)
    {
        for (var level = 0; level <= _top; level++)
        {
            ((ulong*)_levels[level])[member >> 6] |= 1UL << (int)(member & 63);
            member >>= 6;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Remove(uint member)
    {
        // 1 as long as the words below have become zero.
        var emptied = 1UL;
        for (var level = 0; level <= _top; level++)
        {
            var word = (ulong*)_levels[level] + (member >> 6);
            var after = *word & ~(emptied << (int)(member & 63));
            *word = after;
            emptied &= ((after | (0 - after)) >> 63) ^ 1;
            member >>= 6;
        }
    }

    /// <summary>The lowest member. The set must not be empty.</summary>
    public readonly uint First()
    {
        uint position = 0;
        for (var level = _top; level >= 0; level--)
        {
            position = (position << 6) | (uint)BitOperations.TrailingZeroCount(((ulong*)_levels[level])[position]);
        }

        return position;
    }

    /// <summary>The highest member. The set must not be empty.</summary>
    public readonly uint Last()
    {
        uint position = 0;
        for (var level = _top; level >= 0; level--)
        {
            position = (position << 6) | (uint)BitOperations.Log2(((ulong*)_levels[level])[position]);
        }

        return position;
    }

    /// <summary>The lowest member not below <paramref name="from"/>, which must be within the capacity; uint.MaxValue when there is none.</summary>
    public readonly uint Next(uint from)
    {
        ulong position = from;
        for (var level = 0; level <= _top; level++)
        {
            if (position >> 6 >= WordsAt(level))
            {
                return uint.MaxValue;
            }

            var word = ((ulong*)_levels[level])[position >> 6] & (ulong.MaxValue << (int)(position & 63));
            if (word == 0)
            {
                position = (position >> 6) + 1;
                continue;
            }

            position = (position & ~63UL) | (uint)BitOperations.TrailingZeroCount(word);
            while (level-- > 0)
            {
                position = (position << 6) | (uint)BitOperations.TrailingZeroCount(((ulong*)_levels[level])[position]);
            }

            return (uint)position;
        }

        return uint.MaxValue;
    }

    // Levels lie one after the other, the single top word last.
    private readonly ulong WordsAt(int level) => level == _top ? 1 : (_levels[level + 1] - _levels[level]) / sizeof(ulong);
}
