using Iced.Intel;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Chooses the handler of an instruction by where its operands are. MMX operands are another family's.</summary>
internal static unsafe class Selection
{
    /// <summary>destination register, source register or memory [, immediate]. 16 bytes of memory must be aligned.</summary>
    public static bool Select<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, IReader => SelectOperands<Quick<TReader>>(in i, b, ImmediateOf(in i), Alignment.Natural);

    /// <summary>The same with an immediate that is prepared for its handler.</summary>
    public static bool SelectWith<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, IReader => SelectOperands<Quick<TReader>>(in i, b, immediate, Alignment.Natural);

    /// <summary>The same with 16 bytes of memory at any address.</summary>
    public static bool SelectMisaligned<TReader>(in Instruction i, BlockBuilder b, int immediate = 0)
        where TReader : struct, IReader => SelectOperands<Quick<TReader>>(in i, b, immediate, Alignment.Any);

    /// <summary>An instruction that can raise exceptions.</summary>
    public static bool SelectExact<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, ISourceReader => SelectOperands<TReader>(in i, b, ImmediateOf(in i), Alignment.Natural);

    /// <summary>memory, source register [, immediate]</summary>
    public static bool SelectStore<TStored, T>(in Instruction i, BlockBuilder b)
        where TStored : struct, IStored<T>
        where T : unmanaged
    {
        if (i.Op0Kind != OpKind.Memory || !i.Op1Register.IsXMM())
        {
            return false;
        }

        var memory = b.Memory(in i);
        ref var op = ref b.Emit(memory.IsIndexed ? &Writing<TStored, T, IndexedAddress>.Run : &Writing<TStored, T, BaseAddress>.Run, memory);
        op.Source = Offset(i.Op1Register);
        op.Immediate = ImmediateOf(in i);
        return true;
    }

    /// <summary>aligned 16 bytes of memory, source register</summary>
    public static bool SelectAlignedStore(in Instruction i, BlockBuilder b)
    {
        var memory = b.Memory(in i);
        b.Emit(memory.IsIndexed ? &AlignedStore<IndexedAddress>.Run : &AlignedStore<BaseAddress>.Run, memory).Source = Offset(i.Op1Register);
        return true;
    }

    /// <summary>An op without memory operand: operands 0 and 1 are registers where they are any.</summary>
    public static bool SelectRegisters(in Instruction i, BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        if (i.Op0Register.IsMM())
        {
            return false;
        }

        ref var op = ref b.Emit(run);
        if (i.Op1Kind == OpKind.Register)
        {
            op.Source = Offset(i.Op1Register);
        }

        op.Destination = Offset(i.Op0Register);
        op.Immediate = ImmediateOf(in i);
        return true;
    }

    public static byte Offset(Register register) => register.IsXMM() ? Operands.XmmOffset(register) : Operands.Offset(register);

    private enum Alignment
    {
        Natural,
        Any,
    }

    // One method: each instance of it is compiled while its first instruction is being decoded.
    private static bool SelectOperands<TReader>(in Instruction i, BlockBuilder b, int immediate, Alignment alignment)
        where TReader : struct, ISourceReader
    {
        if (i.Op0Kind != OpKind.Register || i.Op0Register.IsMM())
        {
            return false;
        }

        if (i.Op1Kind == OpKind.Register && !i.Op1Register.IsMM())
        {
            ref var copying = ref b.Emit(i.Op1Register.IsXMM() ? &XmmSource<TReader>.Run : &GeneralSource<TReader>.Run);
            copying.Destination = Offset(i.Op0Register);
            copying.Source = Offset(i.Op1Register);
            copying.Immediate = immediate;
            return true;
        }

        if (i.Op1Kind != OpKind.Memory)
        {
            return false;
        }

        var memory = b.Memory(in i);
        delegate*<CpuState*, Op*, void> run;
        if (TReader.Size == 16 && alignment == Alignment.Natural)
        {
            run = memory.IsIndexed ? &AlignedSource<TReader, IndexedAddress>.Run : &AlignedSource<TReader, BaseAddress>.Run;
        }
        else
        {
            run = memory.IsIndexed ? &MemorySource<TReader, IndexedAddress>.Run : &MemorySource<TReader, BaseAddress>.Run;
        }

        ref var loading = ref b.Emit(run, memory);
        loading.Destination = Offset(i.Op0Register);
        loading.Immediate = immediate;
        return true;
    }

    private static int ImmediateOf(in Instruction i)
    {
        var last = i.OpCount - 1;
        return i.GetOpKind(last) == OpKind.Immediate8 ? i.Immediate8 : 0;
    }
}
