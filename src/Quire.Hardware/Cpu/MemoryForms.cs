using System.Runtime.CompilerServices;
using Quire.Hardware.Translation;

namespace Quire.Hardware.Cpu;

/// <summary>What an instruction does with the memory it has read.</summary>
internal unsafe interface IReader
{
    static abstract int Size { get; }

    static abstract void Read(CpuState* s, Op* op, byte* pointer);
}

/// <summary>What an instruction does to memory in place.</summary>
internal unsafe interface IModifier
{
    static abstract int Size { get; }

    static abstract void Modify(CpuState* s, Op* op, byte* pointer);
}

/// <summary>The value that an instruction stores.</summary>
internal unsafe interface IStored<T>
    where T : unmanaged
{
    static abstract T Value(CpuState* s, Op* op);
}

/// <summary>
/// Handlers of instructions with one memory operand, in the shape that the JIT compiles without a stack frame: the fast lookup's hit
/// inline, everything else in a second method that is reached by a jump. The way out comes first in the source: the JIT then puts it
/// last and finds the registers free that a call would take.
/// </summary>
internal static unsafe class Reading<TReader, TAddress>
    where TReader : struct, IReader
    where TAddress : struct, IAddress
{
    public static void Run(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        var entry = GuestMemory.Entry(s, address);
        if (((address + (uint)(TReader.Size - 1)) & ~0xFFFUL) != entry->ReadTag)
        {
            RunSlowly(s, op);
            return;
        }

        TReader.Read(s, op, GuestMemory.Hit(s, entry, address));
        Op.Next(s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        var pointer = Processor.ReadSlow(s, op, TAddress.Of(s, op), TReader.Size);
        if (pointer != null)
        {
            TReader.Read(s, op, pointer);
            Op.Next(s, op);
        }
    }
}

/// <inheritdoc cref="Reading{TReader, TAddress}"/>
internal static unsafe class Modifying<TModifier, TAddress>
    where TModifier : struct, IModifier
    where TAddress : struct, IAddress
{
    public static void Run(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        var entry = GuestMemory.Entry(s, address);
        if (((address + (uint)(TModifier.Size - 1)) & ~0xFFFUL) != entry->WriteTag)
        {
            RunSlowly(s, op);
            return;
        }

        TModifier.Modify(s, op, GuestMemory.Hit(s, entry, address));
        Op.Next(s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        var pointer = Processor.ReadWriteSlow(s, op, TAddress.Of(s, op), TModifier.Size);
        if (pointer != null)
        {
            TModifier.Modify(s, op, pointer);
            GuestMemory.Finish(s, pointer);
            Op.Next(s, op);
        }
    }
}

/// <inheritdoc cref="Reading{TReader, TAddress}"/>
internal static unsafe class Writing<TStored, T, TAddress>
    where TStored : struct, IStored<T>
    where T : unmanaged
    where TAddress : struct, IAddress
{
    public static void Run(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        var entry = GuestMemory.Entry(s, address);
        if (((address + (uint)(sizeof(T) - 1)) & ~0xFFFUL) != entry->WriteTag)
        {
            RunSlowly(s, op);
            return;
        }

        *(T*)GuestMemory.Hit(s, entry, address) = TStored.Value(s, op);
        Op.Next(s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        *(T*)s->Scratch = TStored.Value(s, op);
        if (Processor.WriteSlow(s, op, TAddress.Of(s, op), sizeof(T)))
        {
            Op.Next(s, op);
        }
    }
}
