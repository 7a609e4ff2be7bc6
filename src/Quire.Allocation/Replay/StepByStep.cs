namespace Quire.Allocation;

/// <summary>Plays steps on a heap and explains each.</summary>
/// <param name="alignment">Of every block asked for: a power of two.</param>
public sealed unsafe class StepByStep(IAllocator heap, int alignment = 16)
{
    private readonly Dictionary<string, Held> _held = [];

    // Names whose allocation failed, and in which step.
    private readonly Dictionary<string, int> _failed = [];

    /// <summary>What each step did. A step that fails is said to, and the next ones go on.</summary>
    public IReadOnlyList<AllocationStep> Run(IReadOnlyList<HeapStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return [.. steps.Select(step => step.Kind switch
        {
            HeapStepKind.Allocate => Allocate(step),
            HeapStepKind.Reallocate => Reallocate(step),
            _ => Free(step.Name),
        })];
    }

    private AllocationStep Allocate(HeapStep step)
    {
        var (name, size) = (step.Name, step.Size);
        var (before, holes) = (heap.Statistics, Holes());
        var block = (nint)heap.Allocate((nint)size, alignment);
        if (block == 0)
        {
            _failed[name] = step.Number;
            return Step("allocate", name, size, -1, before, WhyNot(size, before));
        }

        var held = Hold(name, block, size);
        var why = (heap as IExplained)?.Placed((void*)block) ?? WhyHere(held, holes, heap.Statistics.Splits - before.Splits);
        return Step("allocate", name, size, held.Offset, before, why);
    }

    private AllocationStep Free(string name)
    {
        var before = heap.Statistics;
        if (!_held.Remove(name, out var held))
        {
            _failed.Remove(name, out var number);
            return Step("free", name, 0, -1, before, $"there is nothing to free, as step {number} failed");
        }

        var explained = (heap as IExplained)?.Freeing((void*)held.Address);
        heap.Free((void*)held.Address);
        return Step("free", name, held.Requested, held.Offset, before, explained ?? Joined(held, heap.Statistics.Merges - before.Merges));
    }

    private AllocationStep Reallocate(HeapStep step)
    {
        var (name, size) = (step.Name, step.Size);
        var before = heap.Statistics;
        var known = _held.TryGetValue(name, out var old);
        var block = (nint)(known ? heap.Reallocate((void*)old.Address, (nint)size) : heap.Allocate((nint)size, alignment));
        if (block == 0)
        {
            return Step("reallocate", name, size, -1, before, WhyNot(size, before) + (known ? "; the old block stays" : "; there is no old block"));
        }

        var failed = _failed.Remove(name, out var number) ? $"allocated anew, as step {number} failed" : null;
        var moved = block == old.Address ? "resized in place" : $"moved from {StepText.Exact(old.Offset)}, contents copied";
        return Step("reallocate", name, size, Hold(name, block, size).Offset, before, failed ?? moved);
    }

    private Held Hold(string name, nint block, long size)
    {
        var offset = heap.OffsetOf((void*)block);
        var occupied = heap.Walk().First(candidate => candidate.State == BlockState.Allocated && candidate.Offset <= offset && offset < candidate.Offset + candidate.Length);
        var held = new Held(block, offset, occupied.Offset, occupied.Length, size);
        _held[name] = held;
        return held;
    }

    private AllocationStep Step(string operation, string name, long size, long offset, AllocatorStatistics before, string reason)
    {
        var after = heap.Statistics;
        var length = offset >= 0 && _held.TryGetValue(name, out var held) ? held.Length : 0;
        return new AllocationStep(operation, name, size, offset, length, after.Splits - before.Splits, after.Merges - before.Merges, reason, Blocks());
    }

    private string Joined(Held freed, long merges)
    {
        var hole = Holes().FirstOrDefault(candidate => freed.Place >= candidate.Offset && freed.Place < candidate.Offset + candidate.Length);
        var free = hole.Length == 0 ? "" : $"; {StepText.Exact(hole.Length)} are free at {StepText.Exact(hole.Offset)} now";
        var joined = merges switch
        {
            0 => "its neighbours are not free: nothing to join",
            1 => "joined with 1 free neighbour",
            _ => $"joined {merges} times",
        };
        return joined + free;
    }

    private static string WhyHere(Held held, List<HeapBlock> holes, long splits)
    {
        var hole = holes.FirstOrDefault(candidate => held.Place >= candidate.Offset && held.Place < candidate.Offset + candidate.Length);
        var cut = splits switch
        {
            0 => hole.Length == held.Length ? "used whole" : "cut",
            1 => "split once",
            _ => $"split {splits} times",
        };
        return hole.Length == 0
            ? $"takes {StepText.Exact(held.Length)}"
            : $"takes {StepText.Exact(held.Length)} of the {StepText.Exact(hole.Length)} free at {StepText.Exact(hole.Offset)}, {cut}";
    }

    private static string WhyNot(long size, AllocatorStatistics before) => before.FreeBytes < size
        ? $"no room: {StepText.Exact(before.FreeBytes)} are free"
        : $"no block will do: {StepText.Exact(before.FreeBytes)} are free in {before.FreeBlocks} blocks, the largest has {StepText.Exact(before.LargestFree)}";

    private List<HeapBlock> Holes() => [.. heap.Walk().Where(block => block.State == BlockState.Free)];

    private List<NamedBlock> Blocks()
    {
        var names = _held.ToDictionary(entry => entry.Value.Place, entry => (entry.Key, entry.Value.Requested));
        return [.. heap.Walk().Select(block => (block.State, names.TryGetValue(block.Offset, out var held)) switch
        {
            (BlockState.Free, _) => new NamedBlock("", block.Offset, block.Length, 0),
            (_, true) => new NamedBlock(held.Key, block.Offset, block.Length, held.Requested),
            _ => new NamedBlock(NamedBlock.Nameless, block.Offset, block.Length, block.Length),
        })];
    }

    /// <summary>A block by its contents (Offset), and what it occupies in the walk (Place, Length).</summary>
    private readonly record struct Held(nint Address, long Offset, long Place, long Length, long Requested);
}
