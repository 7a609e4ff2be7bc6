using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>Plays steps such as "a=34K b=66K -a a2=70K b~80K" on a heap and explains each: NAME=SIZE allocates, -NAME frees, NAME~SIZE reallocates.</summary>
public sealed unsafe class StepByStep(IAllocator heap)
{
    private readonly Dictionary<string, Held> _held = [];
    private nint _base;

    /// <exception cref="FormatException">A step is malformed, allocates a name that is taken, or frees one that is not; says which.</exception>
    public IReadOnlyList<AllocationStep> Run(string steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return [.. steps.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Do)];
    }

    private AllocationStep Do(string step)
    {
        var mark = step.AsSpan(1).IndexOfAny('=', '~') + 1;
        if (step[0] == '-' && step.Length > 1)
        {
            return Free(step[1..]);
        }

        if (mark <= 0 || !ByteSize.TryParse(step[(mark + 1)..], out var size))
        {
            throw new FormatException($"step \"{step}\" is none of NAME=SIZE, NAME~SIZE, -NAME");
        }

        return step[mark] == '=' ? Allocate(step[..mark], (long)size.Bytes) : Reallocate(step[..mark], (long)size.Bytes);
    }

    private AllocationStep Allocate(string name, long size)
    {
        if (_held.ContainsKey(name))
        {
            throw new FormatException($"\"{name}\" is allocated already");
        }

        var (before, holes) = (heap.Statistics, Holes());
        var block = (nint)heap.Allocate((nint)size);
        if (block == 0)
        {
            return Step("allocate", name, size, -1, before, WhyNot(size, before));
        }

        var offset = Hold(name, block, size);
        return Step("allocate", name, size, offset, before, WhyHere(offset, _held[name].Length, holes, heap.Statistics.Splits - before.Splits));
    }

    private AllocationStep Free(string name)
    {
        if (!_held.Remove(name, out var held))
        {
            throw new FormatException($"\"{name}\" is not allocated");
        }

        var before = heap.Statistics;
        heap.Free((void*)held.Address);
        var merges = heap.Statistics.Merges - before.Merges;
        var hole = Holes().FirstOrDefault(candidate => held.Offset >= candidate.Offset && held.Offset < candidate.Offset + candidate.Length);
        var free = hole.Length == 0 ? "" : $"; {Text(hole.Length)} are free at {Text(hole.Offset)} now";
        var joined = merges switch
        {
            0 => "its neighbours are not free: nothing to join",
            1 => "joined with 1 free neighbour",
            _ => $"joined {merges} times",
        };
        return Step("free", name, held.Requested, held.Offset, before, joined + free);
    }

    private AllocationStep Reallocate(string name, long size)
    {
        if (!_held.TryGetValue(name, out var held))
        {
            throw new FormatException($"\"{name}\" is not allocated");
        }

        var before = heap.Statistics;
        var block = (nint)heap.Reallocate((void*)held.Address, (nint)size);
        if (block == 0)
        {
            return Step("reallocate", name, size, -1, before, WhyNot(size, before) + "; the old block stays");
        }

        var offset = Hold(name, block, size);
        return Step("reallocate", name, size, offset, before, block == held.Address ? "resized in place" : $"moved from {Text(held.Offset)}, contents copied");
    }

    // The walk shows where a new block is: the first time, that gives the heap's base.
    private long Hold(string name, nint block, long size)
    {
        var walk = heap.Walk();
        if (_base == 0)
        {
            _base = block - walk.First(candidate => candidate.State == BlockState.Allocated).Offset;
        }

        var place = block - _base;
        var occupied = walk.First(candidate => candidate.State == BlockState.Allocated && candidate.Offset <= place && place < candidate.Offset + candidate.Length);
        _held[name] = new Held(block, occupied.Offset, occupied.Length, size);
        return occupied.Offset;
    }

    private AllocationStep Step(string operation, string name, long size, long offset, AllocatorStatistics before, string reason)
    {
        var after = heap.Statistics;
        var length = offset >= 0 && _held.TryGetValue(name, out var held) ? held.Length : 0;
        return new AllocationStep(operation, name, size, offset, length, after.Splits - before.Splits, after.Merges - before.Merges, reason, Blocks());
    }

    private static string WhyHere(long offset, long length, List<HeapBlock> holes, long splits)
    {
        var hole = holes.FirstOrDefault(candidate => offset >= candidate.Offset && offset < candidate.Offset + candidate.Length);
        var cut = splits switch
        {
            0 => hole.Length == length ? "used whole" : "cut",
            1 => "split once",
            _ => $"split {splits} times",
        };
        return hole.Length == 0
            ? $"takes {Text(length)}"
            : $"takes {Text(length)} of the {Text(hole.Length)} free at {Text(hole.Offset)}, {cut}";
    }

    private static string WhyNot(long size, AllocatorStatistics before) => before.FreeBytes < size
        ? $"no room: {Text(before.FreeBytes)} are free"
        : $"no block will do: {Text(before.FreeBytes)} are free in {before.FreeBlocks} blocks, the largest has {Text(before.LargestFree)}";

    private List<HeapBlock> Holes() => [.. heap.Walk().Where(block => block.State == BlockState.Free)];

    private List<NamedBlock> Blocks()
    {
        var names = _held.ToDictionary(entry => entry.Value.Offset, entry => (entry.Key, entry.Value.Requested));
        return [.. heap.Walk().Select(block => block.State == BlockState.Allocated && names.TryGetValue(block.Offset, out var held)
            ? new NamedBlock(held.Key, block.Offset, block.Length, held.Requested)
            : new NamedBlock("", block.Offset, block.Length, 0))];
    }

    private static string Text(long bytes) => new ByteSize((ulong)bytes).ToString();

    private readonly record struct Held(nint Address, long Offset, long Length, long Requested);
}
