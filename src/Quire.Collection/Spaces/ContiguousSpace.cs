using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>What is charged for each block of a contiguous space.</summary>
internal enum CopyReserve
{
    None,

    /// <summary>As much again: objects are copied out of it.</summary>
    Same,
}

/// <summary>Contiguous addresses that are filled from the start on: memory is taken in blocks as the top rises, and given back when it falls.</summary>
internal sealed unsafe class ContiguousSpace(HeapMemory memory, nint bytes, CopyReserve reserve)
{
    public AddressRange Range { get; } = memory.Carve(bytes);

    /// <summary>The first address not handed out.</summary>
    public nint Top => Range.Start + Used;

    /// <summary>Bytes from the start that have memory.</summary>
    public nint Taken { get; private set; }

    /// <summary>Bytes from the start that were handed out.</summary>
    public nint Used { get; private set; }

    /// <summary>Zeroed memory behind what was handed out last; 0 when the limit is reached. The copy reserve of as many bytes is charged with it.</summary>
    public nint TryExtend(nint bytes)
    {
        var start = Range.Start + Used;
        if (!TryReserve(Used + bytes))
        {
            return 0;
        }

        NativeMemory.Clear((void*)start, (nuint)bytes);
        Used += bytes;
        return start;
    }

    /// <summary>Takes memory for so many bytes from the start, handed out or not; false when the limit is reached.</summary>
    public bool TryReserve(nint bytes)
    {
        if (bytes <= Taken)
        {
            return true;
        }

        var more = (bytes - Taken + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
        if (Taken + more > Range.Length || !memory.Budget.TryCharge(ReserveOf(more)))
        {
            return false;
        }

        if (!memory.TryTake(Range.Start + Taken, more))
        {
            memory.Budget.Release(ReserveOf(more));
            return false;
        }

        Taken += more;
        return true;
    }

    /// <summary>Room for a copy, contents undefined, beyond the limit if it must be: collections find out afterwards.</summary>
    public nint Extend(nint size)
    {
        var start = Range.Start + Used;
        if (Used + size > Taken)
        {
            var more = (Used + size - Taken + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
            memory.Budget.Charge(HeapMemory.CostOf(more) + ReserveOf(more));
            if (Taken + more > Range.Length || !memory.TryCommit(Range.Start + Taken, more))
            {
                throw new OutOfMemoryException("The host has no memory left for copies.");
            }

            Taken += more;
        }

        Used += size;
        return start;
    }

    /// <summary>All from here on is free; its memory stays for what comes next.</summary>
    public void FallTo(nint top) => Used = top - Range.Start;

    public bool Holds(nint target) => target >= Range.Start && target < Top;

    /// <summary>The blocks with objects.</summary>
    public AddressRange Filled => new(Range.Start, Range.Start + ((Used + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize));

    /// <summary>Becomes the space that objects are copied to, with memory for as many bytes as the other one has: its reserve, charged already.</summary>
    public void Receive(ContiguousSpace from)
    {
        Used = 0;
        Taken = from.Taken;
        if (Taken > 0 && !memory.TryCommit(Range.Start, Taken))
        {
            throw new OutOfMemoryException($"The host has no memory left for a copy reserve of {Taken} bytes.");
        }
    }

    /// <summary>After objects were copied up to here: gives back what is not needed, reserve included.</summary>
    public void Settle(nint top)
    {
        Used = top - Range.Start;
        var needed = (Used + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
        memory.Give(Taken - needed);
        memory.Budget.Release(ReserveOf(Taken - needed));
        Taken = needed;
    }

    /// <summary>Is empty from here on. What it had became the other's.</summary>
    public void Empty() => Used = Taken = 0;

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

    /// <summary>As <see cref="ForEachObject"/> for a space that objects are being copied out of: those that have not been.</summary>
    public void ForEachUnmoved(Plan plan, Action<nint> visit)
    {
        for (var address = Range.Start; address < Range.Start + Used;)
        {
            var header = *(ulong*)address;
            if (header == 0)
            {
                address += 8;
                continue;
            }

            if (!ObjectHeader.IsForwarded(header))
            {
                visit(address);
            }

            address += plan.SizeOf(ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : address);
        }
    }

    private long ReserveOf(nint bytes) => reserve == CopyReserve.None ? 0 : HeapMemory.CostOf(bytes);
}
