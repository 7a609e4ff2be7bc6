using System.Runtime.CompilerServices;
using Quire.Hardware.Translation;

namespace Quire.Hardware.Cpu;

/// <summary>
/// Data access of instruction handlers. The common case is a few machine instructions: one slot of the fast lookup, one compare
/// (an access that leaves its page compares unequal, too), one count. Everything else goes to <see cref="Processor"/>.
/// A null pointer or false means: the access faulted, the stop is recorded, the handler returns at once having changed nothing.
/// </summary>
internal static unsafe class GuestMemory
{
    /// <summary>Host address of bytes to read. Valid until the next access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Read(CpuState* s, Op* op, ulong address, int size)
    {
        var entry = Entry(s, address);
        if (((address + (uint)(size - 1)) & ~0xFFFUL) == entry->ReadTag)
        {
            return Hit(s, entry, address);
        }

        return Processor.ReadSlow(s, op, address, size);
    }

    /// <summary>Host address of bytes to read and then change: call <see cref="Finish"/> after changing them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* ReadWrite(CpuState* s, Op* op, ulong address, int size)
    {
        var entry = Entry(s, address);
        if (((address + (uint)(size - 1)) & ~0xFFFUL) == entry->WriteTag)
        {
            return Hit(s, entry, address);
        }

        return Processor.ReadWriteSlow(s, op, address, size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(CpuState* s, byte* pointer)
    {
        if (pointer == s->Scratch)
        {
            Processor.WriteBackScratch(s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Write<T>(CpuState* s, Op* op, ulong address, T value)
        where T : unmanaged
    {
        var entry = Entry(s, address);
        if (((address + (uint)(sizeof(T) - 1)) & ~0xFFFUL) == entry->WriteTag)
        {
            *(T*)Hit(s, entry, address) = value;
            return true;
        }

        *(T*)s->Scratch = value;
        return Processor.WriteSlow(s, op, address, sizeof(T));
    }

    /// <summary>
    /// A run of elements copied from one page to one page, both known to the fast lookup: host addresses, with the references counted
    /// as alternating reads and writes. False: go element by element.
    /// </summary>
    public static bool TryRun(CpuState* s, ulong source, ulong target, ulong count, out byte* from, out byte* to)
    {
        var read = Entry(s, source);
        var write = Entry(s, target);
        from = (byte*)(source + (ulong)read->Delta);
        to = (byte*)(target + (ulong)write->Delta);
        if (read->ReadTag != (source & ~0xFFFUL) || write->WriteTag != (target & ~0xFFFUL))
        {
            return false;
        }

        s->DataReferences += 2 * count;
        read->Stamp = s->DataReferences - 1;
        write->Stamp = s->DataReferences;
        return true;
    }

    /// <summary>A run of elements stored to one page that the fast lookup knows.</summary>
    public static bool TryRun(CpuState* s, ulong target, ulong count, out byte* to)
    {
        var write = Entry(s, target);
        to = (byte*)(target + (ulong)write->Delta);
        if (write->WriteTag != (target & ~0xFFFUL))
        {
            return false;
        }

        s->DataReferences += count;
        write->Stamp = s->DataReferences;
        return true;
    }

    /// <summary>Counts a hit of the entry; gives the host address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Hit(CpuState* s, FastEntry* entry, ulong address)
    {
        entry->Stamp = ++s->DataReferences;
        return (byte*)(address + (ulong)entry->Delta);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FastEntry* Entry(CpuState* s, ulong address) =>
        (FastEntry*)((byte*)s + CpuState.DataEntriesOffset + ((address >> 7) & ((FastEntry.Count - 1) << 5)));
}

/// <summary>How an op's memory operand forms its address.</summary>
internal unsafe interface IAddress
{
    static abstract ulong Of(CpuState* s, Op* op);
}

/// <summary>[base + displacement]</summary>
internal readonly struct BaseAddress : IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Of(CpuState* s, Op* op) => *(ulong*)((byte*)s + op->Base) + (ulong)op->Displacement;
}

/// <summary>[base + (index shifted by scale) + displacement]</summary>
internal readonly struct IndexedAddress : IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Of(CpuState* s, Op* op) =>
        *(ulong*)((byte*)s + op->Base) + (*(ulong*)((byte*)s + op->Index) << op->Scale) + (ulong)op->Displacement;
}
