using System.Globalization;

namespace Quire.Allocation;

/// <summary>One operation of an exercise: an allocation of a size, or the free of the n-th allocation, counted from 0.</summary>
public readonly record struct FreeListOperation(bool IsFree, long Number)
{
    /// <summary>Reads "+10,-0,+20".</summary>
    /// <exception cref="FormatException">An operation is malformed, or frees what is not allocated; says which.</exception>
    public static IReadOnlyList<FreeListOperation> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var operations = new List<FreeListOperation>();
        var live = new HashSet<long>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.Length < 2 || part[0] is not ('+' or '-') || !long.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                throw new FormatException($"operation {operations.Count + 1}: \"{part}\" is neither +SIZE nor -NUMBER");
            }

            var operation = new FreeListOperation(part[0] == '-', number);
            if (operation.IsFree && !live.Remove(number))
            {
                throw new FormatException($"operation {operations.Count + 1}: allocation {number} was not made, or is freed already");
            }

            operations.Add(operation);
            if (!operation.IsFree)
            {
                live.Add(operations.Count(each => !each.IsFree) - 1);
            }
        }

        return operations;
    }

    /// <summary>Operations drawn at random, of which a share are allocations of 1 to a largest size; a free picks any block that was given.</summary>
    public static IReadOnlyList<FreeListOperation> Random(FreeListOptions options, int count, int percentAllocations, int largest, int seed)
    {
        var random = new Random(seed);
        var heap = new FreeListHeap(options);
        var addresses = new Dictionary<long, long>();
        var operations = new List<FreeListOperation>();
        var live = new List<long>();
        long made = 0;
        while (operations.Count < count)
        {
            if (live.Count == 0 || random.Next(100) < percentAllocations)
            {
                var size = random.Next(1, largest + 1);
                operations.Add(new FreeListOperation(false, size));
                if (heap.Allocate(size, out _) is { } address)
                {
                    addresses[made] = address;
                    live.Add(made);
                }

                made++;
            }
            else
            {
                var which = random.Next(live.Count);
                operations.Add(new FreeListOperation(true, live[which]));
                heap.Release(addresses[live[which]]);
                live.RemoveAt(which);
            }
        }

        return operations;
    }
}

/// <summary>What an operation did. Address is null when nothing was given or freed.</summary>
/// <param name="Free">The list afterwards.</param>
public sealed record FreeListStep(FreeListOperation Operation, long Pointer, long? Address, int Searched, IReadOnlyList<FreeListEntry> Free);

/// <summary>An exercise on a free list, worked out.</summary>
public static class FreeListExercise
{
    public static IReadOnlyList<FreeListStep> Solve(FreeListOptions options, IReadOnlyList<FreeListOperation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var heap = new FreeListHeap(options);
        var addresses = new List<long?>();
        var steps = new List<FreeListStep>();
        foreach (var operation in operations)
        {
            var searched = 0;
            var pointer = operation.IsFree ? operation.Number : addresses.Count;
            if (!operation.IsFree)
            {
                addresses.Add(heap.Allocate(operation.Number, out searched));
            }
            else if (addresses[(int)pointer] is { } address)
            {
                heap.Release(address);
            }

            steps.Add(new FreeListStep(operation, pointer, addresses[(int)pointer], searched, [.. heap.Free]));
        }

        return steps;
    }
}
