using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>One contiguous half of a copying space: memory is taken in blocks from its start on, and given back as a whole.</summary>
internal sealed unsafe class SemiSpace(HeapMemory memory, nint bytes)
{
    public AddressRange Range { get; } = memory.Carve(bytes);

    /// <summary>The first address not handed out.</summary>
    public nint Top { get; private set; }

    /// <summary>Bytes from the start that have memory.</summary>
    public nint Taken { get; private set; }

    public nint Used => Top == 0 ? 0 : Top - Range.Start;

    /// <summary>Zeroed memory behind what was handed out last; 0 when the limit is reached. The copy reserve of as many bytes is charged with it.</summary>
    public nint TryExtend(nint bytes)
    {
        var start = Range.Start + Used;
        var missing = Used + bytes - Taken;
        if (missing > 0)
        {
            var more = (missing + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
            if (Taken + more > Range.Length || !memory.Budget.TryCharge(HeapMemory.CostOf(more)))
            {
                return 0;
            }

            if (!memory.TryTake(Range.Start + Taken, more))
            {
                memory.Budget.Release(HeapMemory.CostOf(more));
                return 0;
            }

            Taken += more;
        }

        NativeMemory.Clear((void*)start, (nuint)bytes);
        Top = start + bytes;
        return start;
    }

    /// <summary>Becomes the space that objects are copied to, with memory for as many bytes as the other one has: its reserve, charged already.</summary>
    public void Receive(SemiSpace from)
    {
        Top = Range.Start;
        Taken = from.Taken;
        if (Taken > 0 && !memory.TryCommit(Range.Start, Taken))
        {
            throw new OutOfMemoryException($"The host has no memory left for a copy reserve of {Taken} bytes.");
        }
    }

    /// <summary>After objects were copied up to here: gives back what is not needed, reserve included.</summary>
    public void Settle(nint top)
    {
        Top = top;
        var needed = (Used + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
        memory.Give(2 * (Taken - needed));
        Taken = needed;
    }

    /// <summary>Is empty from here on. What it had became the other's.</summary>
    public void Empty() => Top = Taken = 0;

    /// <summary>Objects by address. Unused ends of buffers are zeros, which are no headers.</summary>
    public void ForEachObject(Plan plan, Action<nint> visit)
    {
        for (var address = Range.Start; address < Range.Start + Used;)
        {
            if (*(ulong*)address == 0)
            {
                address += 8;
                continue;
            }

            visit(address);
            address += plan.SizeOf(address);
        }
    }
}
