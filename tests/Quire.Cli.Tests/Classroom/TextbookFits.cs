using System.Numerics;

namespace Quire.Cli.Tests.Classroom;

/// <summary>Placement by its definitions on a map with one cell a unit: shares nothing with the allocators that are taught.</summary>
internal sealed class TextbookFits(int units, string rule)
{
    private readonly char[] _cells = [.. Enumerable.Repeat('.', units)];

    /// <summary>Holes as (start, length), by address.</summary>
    public IReadOnlyList<(int Start, int Length)> Holes
    {
        get
        {
            var holes = new List<(int, int)>();
            for (var start = 0; start < _cells.Length; start++)
            {
                if (_cells[start] == '.')
                {
                    var end = start;
                    while (end < _cells.Length && _cells[end] == '.')
                    {
                        end++;
                    }

                    holes.Add((start, end - start));
                    start = end;
                }
            }

            return holes;
        }
    }

    /// <summary>Where it goes; -1: nowhere.</summary>
    public int Allocate(char name, int size)
    {
        // Ties go to the lower address.
        var fitting = Holes.Where(hole => hole.Length >= size);
        var place = rule switch
        {
            "first" => fitting.Select(hole => hole.Start),
            "best" => fitting.OrderBy(hole => hole.Length).ThenBy(hole => hole.Start).Select(hole => hole.Start),
            "worst" => fitting.OrderByDescending(hole => hole.Length).ThenBy(hole => hole.Start).Select(hole => hole.Start),
            "buddy" => Buddy(size),
            _ => throw new ArgumentException(rule),
        };
        var start = place.DefaultIfEmpty(-1).First();
        if (start >= 0)
        {
            Array.Fill(_cells, name, start, rule == "buddy" ? RoundedUp(size) : size);
        }

        return start;
    }

    public void Free(char name) => _cells.AsSpan().Replace(name, '.');

    /// <summary>Splits that the binary buddy system makes until a block of this size is there.</summary>
    public int SplitsFor(int size)
    {
        var wanted = RoundedUp(size);
        for (var block = wanted; block <= _cells.Length; block *= 2)
        {
            if (FreeBlocks(block).Any())
            {
                return int.Log2(block) - int.Log2(wanted);
            }
        }

        return 0;
    }

    private static int RoundedUp(int size) => (int)BitOperations.RoundUpToPowerOf2((uint)size);

    // The smallest free block that holds it, the lowest of those: free and aligned to its size, with a buddy that is not free.
    private IEnumerable<int> Buddy(int size)
    {
        for (var block = RoundedUp(size); block <= _cells.Length; block *= 2)
        {
            foreach (var start in FreeBlocks(block))
            {
                yield return start;
            }
        }
    }

    private IEnumerable<int> FreeBlocks(int block) =>
        Enumerable.Range(0, _cells.Length / block).Select(i => i * block)
            .Where(start => IsFree(start, block) && (block == _cells.Length || !IsFree(start ^ block, block)));

    private bool IsFree(int start, int length) => _cells.AsSpan(start, length).IndexOfAnyExcept('.') < 0;
}
