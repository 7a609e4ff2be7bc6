using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>Steps on a <see cref="MovableHeap"/>: NAME=SIZE allocates, -NAME frees, +NAME pins, *NAME unpins, ! compacts.</summary>
public sealed class MovableSteps(MovableHeap heap)
{
    private readonly Dictionary<string, MovableHandle> _held = [];
    private readonly HashSet<string> _pinned = [];

    /// <exception cref="FormatException">A step is malformed, or names a block that is not as the step needs it.</exception>
    public IReadOnlyList<AllocationStep> Run(string steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return [.. steps.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Do)];
    }

    private AllocationStep Do(string step)
    {
        switch (step)
        {
            case "!":
                return Compact();
            case ['-', .. var name]:
                return Free(Known(step, name), name);
            case ['+', .. var name]:
                heap.Pin(Known(step, name));
                _pinned.Add(name);
                return Step("pin", name, 0, heap.OffsetOf(_held[name]), "stays where it is from now on");
            case ['*', .. var name]:
                Known(step, name);
                return _pinned.Remove(name) ? Unpin(name) : throw new FormatException($"\"{name}\" is not pinned");
        }

        return step.Split('=') is [{ Length: > 0 } taken, var text] && ByteSize.TryParse(text, out var size) && size.Bytes <= int.MaxValue
            ? Allocate(taken, (int)size.Bytes)
            : throw new FormatException($"step \"{step}\" is none of NAME=SIZE, -NAME, +NAME, *NAME, !");
    }

    private AllocationStep Allocate(string name, int size)
    {
        if (_held.ContainsKey(name))
        {
            throw new FormatException($"\"{name}\" is allocated already");
        }

        if (!heap.TryAllocate(size, out var handle))
        {
            var why = heap.FreeBytes >= size ? $"no hole will do, but compaction may: {Text(heap.FreeBytes)} are free in {heap.FreeBlocks} holes" : $"no room: {Text(heap.FreeBytes)} are free";
            return Step("allocate", name, size, -1, why);
        }

        _held.Add(name, handle);
        return Step("allocate", name, size, heap.OffsetOf(handle), "into the first hole that holds it");
    }

    private AllocationStep Free(MovableHandle handle, string name)
    {
        if (_pinned.Contains(name))
        {
            throw new FormatException($"\"{name}\" is pinned");
        }

        var (size, offset) = (heap.SizeOf(handle), heap.OffsetOf(handle));
        heap.Free(handle);
        _held.Remove(name);
        return Step("free", name, size, offset, $"{heap.FreeBlocks} holes now, the largest has {Text(heap.LargestFree)}");
    }

    private AllocationStep Unpin(string name)
    {
        heap.Unpin(_held[name]);
        return Step("unpin", name, 0, heap.OffsetOf(_held[name]), "may be moved again");
    }

    private AllocationStep Compact()
    {
        var (holes, blocks, bytes) = (heap.FreeBlocks, heap.MovedBlocks, heap.MovedBytes);
        heap.Compact();
        var moved = $"moved {heap.MovedBlocks - blocks} blocks of {Text(heap.MovedBytes - bytes)}";
        return Step("compact", "", 0, 0, $"{moved}; {holes} holes became {heap.FreeBlocks}, the largest has {Text(heap.LargestFree)}");
    }

    private MovableHandle Known(string step, string name) =>
        _held.TryGetValue(name, out var handle) ? handle : throw new FormatException($"step \"{step}\": \"{name}\" is not allocated");

    private AllocationStep Step(string operation, string name, long size, long offset, string reason)
    {
        var names = _held.ToDictionary(entry => (long)heap.OffsetOf(entry.Value), entry => (entry.Key, (long)heap.SizeOf(entry.Value)));
        var blocks = heap.Walk().Select(block => names.TryGetValue(block.Offset, out var held) && block.State == BlockState.Allocated
            ? new NamedBlock(held.Key, block.Offset, block.Length, held.Item2)
            : new NamedBlock("", block.Offset, block.Length, 0)).ToList();
        return new AllocationStep(operation, name, size, offset, blocks.FirstOrDefault(block => block.Name == name && name.Length > 0).Length, 0, 0, reason, blocks);
    }

    private static string Text(long bytes) => StepText.Exact(bytes);
}
