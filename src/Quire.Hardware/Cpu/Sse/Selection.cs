using Iced.Intel;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Chooses the handler of an instruction by where its operands are. MMX operands are another family's.</summary>
internal static unsafe class Selection
{
    /// <summary>destination register, source register or memory [, immediate]. 16 bytes of memory must be aligned.</summary>
    public static bool Select<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, IReader => SelectExact<Quick<TReader>>(in i, b);

    /// <summary>The same with an immediate that is prepared for its handler.</summary>
    public static bool SelectWith<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, IReader => SelectExact<Quick<TReader>>(in i, b, immediate);

    /// <summary>The same with 16 bytes of memory at any address.</summary>
    public static bool SelectMisaligned<TReader>(in Instruction i, BlockBuilder b, int immediate = 0)
        where TReader : struct, IReader => SelectRegister<Quick<TReader>>(in i, b, immediate) || SelectMemory<Quick<TReader>>(in i, b, immediate);

    /// <summary>An instruction that can raise exceptions.</summary>
    public static bool SelectExact<TReader>(in Instruction i, BlockBuilder b)
        where TReader : struct, ISourceReader => SelectExact<TReader>(in i, b, ImmediateOf(in i));

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

    private static bool SelectExact<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, ISourceReader =>
        SelectRegister<TReader>(in i, b, immediate)
        || (TReader.Size == 16 ? SelectAlignedMemory<TReader>(in i, b, immediate) : SelectMemory<TReader>(in i, b, immediate));

    private static bool SelectRegister<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, ISourceReader
    {
        if (i.Op0Kind != OpKind.Register || i.Op0Register.IsMM() || i.Op1Kind != OpKind.Register || i.Op1Register.IsMM())
        {
            return false;
        }

        ref var op = ref b.Emit(i.Op1Register.IsXMM() ? &XmmSource<TReader>.Run : &GeneralSource<TReader>.Run);
        op.Destination = Offset(i.Op0Register);
        op.Source = Offset(i.Op1Register);
        op.Immediate = immediate;
        return true;
    }

    private static bool SelectMemory<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, ISourceReader
    {
        if (!LoadsFromMemory(in i))
        {
            return false;
        }

        var memory = b.Memory(in i);
        ref var op = ref b.Emit(memory.IsIndexed ? &MemorySource<TReader, IndexedAddress>.Run : &MemorySource<TReader, BaseAddress>.Run, memory);
        op.Destination = Offset(i.Op0Register);
        op.Immediate = immediate;
        return true;
    }

    private static bool SelectAlignedMemory<TReader>(in Instruction i, BlockBuilder b, int immediate)
        where TReader : struct, ISourceReader
    {
        if (!LoadsFromMemory(in i))
        {
            return false;
        }

        var memory = b.Memory(in i);
        ref var op = ref b.Emit(memory.IsIndexed ? &AlignedSource<TReader, IndexedAddress>.Run : &AlignedSource<TReader, BaseAddress>.Run, memory);
        op.Destination = Offset(i.Op0Register);
        op.Immediate = immediate;
        return true;
    }

    private static bool LoadsFromMemory(in Instruction i) => i.Op0Kind == OpKind.Register && !i.Op0Register.IsMM() && i.Op1Kind == OpKind.Memory;

    private static int ImmediateOf(in Instruction i)
    {
        var last = i.OpCount - 1;
        return i.GetOpKind(last) == OpKind.Immediate8 ? i.Immediate8 : 0;
    }
}
