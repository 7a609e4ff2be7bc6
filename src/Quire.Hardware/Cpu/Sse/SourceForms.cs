using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>
/// What an instruction does with its source operand, wherever that is: in the XMM registers, the general registers or memory.
/// </summary>
internal unsafe interface ISourceReader
{
    /// <summary>Bytes of the source operand in memory.</summary>
    static abstract int Size { get; }

    /// <summary>Inlined into the handlers. False: it has changed nothing, and <see cref="ReadExactly"/> must do the work.</summary>
    static abstract bool TryRead(CpuState* s, Op* op, byte* source);

    /// <summary>Does the work in any case. False: an exception has been raised and the stop recorded.</summary>
    static abstract bool ReadExactly(CpuState* s, Op* op, byte* source);
}

/// <summary>An instruction that raises nothing.</summary>
internal readonly unsafe struct Quick<TReader> : ISourceReader
    where TReader : struct, IReader
{
    public static int Size => TReader.Size;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        TReader.Read(s, op, source);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source) => TryRead(s, op, source);
}

/// <summary>Handlers of instructions with the source in an XMM register.</summary>
internal static unsafe class XmmSource<TReader>
    where TReader : struct, ISourceReader
{
    public static void Run(CpuState* s, Op* op) => OperandReading<TReader>.Continue(s, op, XmmRegisters.Pointer(s, op->Source));
}

/// <summary>Handlers of instructions with the source in a general register.</summary>
internal static unsafe class GeneralSource<TReader>
    where TReader : struct, ISourceReader
{
    public static void Run(CpuState* s, Op* op) => OperandReading<TReader>.Continue(s, op, (byte*)s + op->Source);
}

/// <summary>Handlers of instructions with the source in memory at any address, in the shape of <see cref="Reading{TReader, TAddress}"/>.</summary>
internal static unsafe class MemorySource<TReader, TAddress>
    where TReader : struct, ISourceReader
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

        OperandReading<TReader>.Continue(s, op, GuestMemory.Hit(s, entry, address));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        var source = Processor.ReadSlow(s, op, TAddress.Of(s, op), TReader.Size);
        if (source != null && (TReader.TryRead(s, op, source) || OperandReading<TReader>.TryPerform(s, op, source)))
        {
            Op.Next(s, op);
        }
    }
}

/// <summary>Handlers of instructions with 16 bytes of source in memory that must be aligned (SDM vol. 1, 4.1.1).</summary>
internal static unsafe class AlignedSource<TReader, TAddress>
    where TReader : struct, ISourceReader
    where TAddress : struct, IAddress
{
    public static void Run(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        var entry = GuestMemory.Entry(s, address);

        // The low four bits stay in the comparison: only an aligned address compares equal.
        if ((address & ~0xFF0UL) != entry->ReadTag)
        {
            RunSlowly(s, op);
            return;
        }

        OperandReading<TReader>.Continue(s, op, GuestMemory.Hit(s, entry, address));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return;
        }

        var source = Processor.ReadSlow(s, op, address, 16);
        if (source != null && (TReader.TryRead(s, op, source) || OperandReading<TReader>.TryPerform(s, op, source)))
        {
            Op.Next(s, op);
        }
    }
}

/// <summary>Handlers of instructions that store 16 bytes that must be aligned.</summary>
internal static unsafe class AlignedStore<TAddress>
    where TAddress : struct, IAddress
{
    public static void Run(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        var entry = GuestMemory.Entry(s, address);
        if ((address & ~0xFF0UL) != entry->WriteTag)
        {
            RunSlowly(s, op);
            return;
        }

        *(System.Runtime.Intrinsics.Vector128<byte>*)GuestMemory.Hit(s, entry, address) = XmmRegisters.Get(s, op->Source);
        Op.Next(s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSlowly(CpuState* s, Op* op)
    {
        var address = TAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return;
        }

        *(System.Runtime.Intrinsics.Vector128<byte>*)s->Scratch = XmmRegisters.Get(s, op->Source);
        if (Processor.WriteSlow(s, op, address, 16))
        {
            Op.Next(s, op);
        }
    }
}

/// <summary>What all handlers do once they have the operand. The exact form is reached by a jump, so that they need no stack frame.</summary>
internal static unsafe class OperandReading<TReader>
    where TReader : struct, ISourceReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Continue(CpuState* s, Op* op, byte* source)
    {
        if (!TReader.TryRead(s, op, source))
        {
            RunExactly(s, op, source);
            return;
        }

        Op.Next(s, op);
    }

    // Never inlined: its locals have addresses, which would keep the jump to the next op from being one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryPerform(CpuState* s, Op* op, byte* source) => TReader.ReadExactly(s, op, source);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunExactly(CpuState* s, Op* op, byte* source)
    {
        if (TryPerform(s, op, source))
        {
            Op.Next(s, op);
        }
    }
}
