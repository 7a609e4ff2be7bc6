using Iced.Intel;

namespace Quire.Hardware.Cpu.X87;

/// <summary>What an x87 instruction without memory operand does. Op.Destination and Op.Source are stack indices.</summary>
internal unsafe interface IX87Operation
{
    static abstract void Execute(CpuState* s, Op* op);
}

/// <summary>What an x87 instruction does with the bytes of its memory operand.</summary>
internal unsafe interface IX87Load
{
    static abstract int Size { get; }

    static abstract void Execute(CpuState* s, Op* op, byte* operand);
}

/// <summary>What an x87 instruction puts into its memory operand; false if it keeps the operand as it is.</summary>
internal unsafe interface IX87Store
{
    static abstract int Size { get; }

    static abstract bool Execute(CpuState* s, Op* op, byte* operand);
}

/// <summary>Whether an instruction raises what an earlier one left pending (SDM vol. 1, 8.6).</summary>
internal interface IX87Wait
{
    static abstract bool Waits { get; }
}

internal readonly struct Waiting : IX87Wait
{
    public static bool Waits => true;
}

/// <summary>FNINIT, FNSTSW and the others whose names begin with FN.</summary>
internal readonly struct NotWaiting : IX87Wait
{
    public static bool Waits => false;
}

/// <summary>The handlers of x87 instructions, by the place of their operand.</summary>
internal static unsafe class X87Forms
{
    /// <summary>Longest operand that a page-crossing access can hold in one piece.</summary>
    private const int ScratchBytes = 64;

    public static ref Op Emit<TOperation>(BlockBuilder b)
        where TOperation : struct, IX87Operation => ref b.Emit(&Run<TOperation, Waiting>);

    public static ref Op EmitWithoutWait<TOperation>(BlockBuilder b)
        where TOperation : struct, IX87Operation => ref b.Emit(&Run<TOperation, NotWaiting>);

    public static ref Op EmitLoad<TLoad>(in Instruction i, BlockBuilder b)
        where TLoad : struct, IX87Load
    {
        var memory = b.Memory(in i);
        return ref b.Emit(&Load<TLoad>, memory);
    }

    public static ref Op EmitStore<TStore>(in Instruction i, BlockBuilder b)
        where TStore : struct, IX87Store
    {
        var memory = b.Memory(in i);
        return ref b.Emit(&Store<TStore, Waiting>, memory);
    }

    public static ref Op EmitStoreWithoutWait<TStore>(in Instruction i, BlockBuilder b)
        where TStore : struct, IX87Store
    {
        var memory = b.Memory(in i);
        return ref b.Emit(&Store<TStore, NotWaiting>, memory);
    }

    private static bool IsPending(CpuState* s) => (s->Registers.X87Status & X87StatusWord.ErrorSummary) != 0;

    private static void Run<TOperation, TWait>(CpuState* s, Op* op)
        where TOperation : struct, IX87Operation
        where TWait : struct, IX87Wait
    {
        if (TWait.Waits && IsPending(s))
        {
            Processor.Stop(s, op, StopKind.FloatingPointError);
            return;
        }

        TOperation.Execute(s, op);
        Op.Next(s, op);
    }

    private static void Load<TLoad>(CpuState* s, Op* op)
        where TLoad : struct, IX87Load
    {
        if (IsPending(s))
        {
            Processor.Stop(s, op, StopKind.FloatingPointError);
            return;
        }

        if (TryLoad<TLoad>(s, op))
        {
            Op.Next(s, op);
        }
    }

    // The operand must be writable before the instruction changes the stack.
    private static void Store<TStore, TWait>(CpuState* s, Op* op)
        where TStore : struct, IX87Store
        where TWait : struct, IX87Wait
    {
        if (TWait.Waits && IsPending(s))
        {
            Processor.Stop(s, op, StopKind.FloatingPointError);
            return;
        }

        if (TryStore<TStore>(s, op))
        {
            Op.Next(s, op);
        }
    }

    private static bool TryLoad<TLoad>(CpuState* s, Op* op)
        where TLoad : struct, IX87Load
    {
        var address = IndexedAddress.Of(s, op);
        var buffer = stackalloc byte[TLoad.Size];
        var operand = TLoad.Size <= ScratchBytes ? GuestMemory.Read(s, op, address, TLoad.Size) : ImageMemory.TryRead(s, op, address, buffer, TLoad.Size) ? buffer : null;
        if (operand == null)
        {
            return false;
        }

        TLoad.Execute(s, op, operand);
        return true;
    }

    private static bool TryStore<TStore>(CpuState* s, Op* op)
        where TStore : struct, IX87Store
    {
        var address = IndexedAddress.Of(s, op);
        if (TStore.Size > ScratchBytes)
        {
            var buffer = stackalloc byte[TStore.Size];
            if (!ImageMemory.CanWrite(s, op, address, TStore.Size))
            {
                return false;
            }

            TStore.Execute(s, op, buffer);
            ImageMemory.Write(s, op, address, buffer, TStore.Size);
            return true;
        }

        var operand = GuestMemory.ReadWrite(s, op, address, TStore.Size);
        if (operand == null)
        {
            return false;
        }

        if (TStore.Execute(s, op, operand))
        {
            GuestMemory.Finish(s, operand);
        }

        return true;
    }
}
