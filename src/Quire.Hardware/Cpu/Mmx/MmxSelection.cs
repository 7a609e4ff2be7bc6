using Iced.Intel;
using Quire.Hardware.Cpu.Sse;
using Quire.Hardware.Cpu.X87;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>
/// Chooses the handler of an instruction on MMX registers by where its operands are. Each begins with an op that raises what an x87
/// instruction left pending, before anything else of the instruction can fault (SDM vol. 3A, 12.5.1).
/// </summary>
internal static unsafe class MmxSelection
{
    /// <summary>An operation that raises nothing: MMX register, source register or memory [, immediate].</summary>
    public static bool Select<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, IReader => SelectExact<Quick<TReader>>(in i, b);

    /// <summary>The same with an immediate that is prepared for its handler.</summary>
    public static bool SelectWith<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, IReader => HasMmx(in i) && SelectOperands<Quick<TReader>>(in i, b, immediate);

    /// <summary>An instruction that can raise exceptions.</summary>
    public static bool SelectExact<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, ISourceReader => HasMmx(in i) && SelectOperands<TReader>(in i, b, ImmediateOf(in i));

    /// <summary>MMX register, immediate</summary>
    public static bool SelectImmediate(in Instruction i, BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        if (!HasMmx(in i) || i.Op1Kind != OpKind.Immediate8)
        {
            return false;
        }

        Wait(b);
        ref var op = ref b.Emit(run);
        op.Destination = Offset(i.Op0Register);
        op.Immediate = i.Immediate8;
        return true;
    }

    /// <summary>memory, MMX register. The x87 state changes once the store has not faulted.</summary>
    public static bool SelectStore<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged
    {
        Wait(b);
        var memory = b.Memory(in i);
        b.Emit(&Writing<Stored<T>, T, IndexedAddress>.Run, memory).Source = Offset(i.Op1Register);
        b.Emit(&Enter);
        return true;
    }

    public static void Wait(BlockBuilder b) => X87Forms.Emit<X87Control.Nothing>(b);

    public static byte Offset(Register register) => register.IsMM() ? (byte)((register - Register.MM0) * 8) : Selection.Offset(register);

    /// <summary>One of the operands is an MMX register: the other forms of the mnemonic belong to SSE.</summary>
    public static bool HasMmx(in Instruction i) => i.Op0Register.IsMM() || i.Op1Register.IsMM();

    private static bool SelectOperands<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, ISourceReader
    {
        if (i.Op0Kind != OpKind.Register)
        {
            return false;
        }

        Wait(b);
        if (i.Op1Kind == OpKind.Memory)
        {
            var memory = b.Memory(in i);
            ref var loading = ref b.Emit(TReader.Size == 16 ? &AlignedSource<TReader, IndexedAddress>.Run : &MemorySource<TReader, IndexedAddress>.Run, memory);
            loading.Destination = Offset(i.Op0Register);
            loading.Immediate = immediate;
            return true;
        }

        ref var op = ref b.Emit(i.Op1Register.IsMM() ? &MmxSource<TReader>.Run : i.Op1Register.IsXMM() ? &XmmSource<TReader>.Run : &GeneralSource<TReader>.Run);
        op.Destination = Offset(i.Op0Register);
        op.Source = Offset(i.Op1Register);
        op.Immediate = immediate;
        return true;
    }

    private static int ImmediateOf(in Instruction i)
    {
        var last = i.OpCount - 1;
        return i.GetOpKind(last) == OpKind.Immediate8 ? i.Immediate8 : 0;
    }

    private static void Enter(CpuState* s, Op* op)
    {
        MmxRegisters.Enter(s);
        Op.Next(s, op);
    }

    private readonly struct Stored<T> : IStored<T>
        where T : unmanaged
    {
        public static T Value(CpuState* s, Op* op) => *(T*)MmxRegisters.Pointer(s, op->Source);
    }
}
