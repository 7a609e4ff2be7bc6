using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Loads, stores and copies of whole XMM registers, of their halves and of their lowest element.</summary>
internal static unsafe class Moves
{
    public static void Register(Registry registry)
    {
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movaps, Mnemonic.Movapd, Mnemonic.Movdqa, Mnemonic.Movntdqa, Mnemonic.Movntps, Mnemonic.Movntpd, Mnemonic.Movntdq])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) => i.Op0Kind == OpKind.Memory ? SelectAlignedStore(in i, b) : Select<Copy>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movups, Mnemonic.Movupd, Mnemonic.Movdqu, Mnemonic.Lddqu])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
                i.Op0Kind == OpKind.Memory ? SelectStore<WholeRegister, Vector128<byte>>(in i, b) : SelectMisaligned<Copy>(in i, b));
        }

        registry.Add(Mnemonic.Movss, (in Instruction i, BlockBuilder b) => SelectScalar<uint>(in i, b));
        registry.Add(Mnemonic.Movd, (in Instruction i, BlockBuilder b) => SelectToOrFromGeneral<uint>(in i, b));
        registry.Add(Mnemonic.Movq, (in Instruction i, BlockBuilder b) => SelectToOrFromGeneral<ulong>(in i, b));
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movlps, Mnemonic.Movlpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
                i.Op0Kind == OpKind.Memory ? SelectStore<Lowest<ulong>, ulong>(in i, b) : Select<MergeLowest<ulong>>(in i, b));
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movhps, Mnemonic.Movhpd])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
                i.Op0Kind == OpKind.Memory ? SelectStore<UpperHalf, ulong>(in i, b) : Select<LoadUpperHalf>(in i, b));
        }

        registry.Add(Mnemonic.Movlhps, (in Instruction i, BlockBuilder b) => Select<LoadUpperHalf>(in i, b));
        registry.Add(Mnemonic.Movhlps, (in Instruction i, BlockBuilder b) => Select<Binary<UpperToLower>>(in i, b));
        registry.Add(Mnemonic.Movddup, (in Instruction i, BlockBuilder b) => Select<FromScalar<Duplicate, ulong>>(in i, b));
        registry.Add(Mnemonic.Movsldup, (in Instruction i, BlockBuilder b) => Select<Unary<DuplicateEven>>(in i, b));
        registry.Add(Mnemonic.Movshdup, (in Instruction i, BlockBuilder b) => Select<Unary<DuplicateOdd>>(in i, b));
        registry.Add(Mnemonic.Maskmovdqu, SelectMaskedStore);
    }

    /// <summary>MOVSS and MOVSD: a load clears the rest of the register, a copy keeps it.</summary>
    public static bool SelectScalar<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged
    {
        if (i.Op0Kind == OpKind.Memory)
        {
            return SelectStore<Lowest<T>, T>(in i, b);
        }

        return i.Op1Kind == OpKind.Memory ? Select<LoadLowest<T>>(in i, b) : Select<MergeLowest<T>>(in i, b);
    }

    // MOVD and MOVQ between XMM registers, general registers and memory.
    private static bool SelectToOrFromGeneral<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged
    {
        if (i.Op0Kind == OpKind.Memory)
        {
            return SelectStore<Lowest<T>, T>(in i, b);
        }

        if (i.Op1Register.IsMM())
        {
            return false;
        }

        return i.Op0Register.IsGPR() ? Select<ToGeneral<T>>(in i, b) : Select<LoadLowest<T>>(in i, b);
    }

    private static bool SelectMaskedStore(in Instruction i, BlockBuilder b)
    {
        ref var op = ref b.Emit(&MaskedStore);
        op.Destination = Operands.XmmOffset(i.Op1Register);
        op.Source = Operands.XmmOffset(i.Op2Register);
        op.Base = i.MemorySegment is Iced.Intel.Register.FS or Iced.Intel.Register.GS ? Operands.SegmentBase(i.MemorySegment) : Operands.ZeroRegister;
        op.Extra = (byte)(i.Op0Kind == OpKind.MemorySegEDI ? 32 : 64);
        return true;
    }

    private readonly struct Copy : IReader
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.Set(s, op->Destination, *(Vector128<byte>*)source);
        }
    }

    private readonly struct LoadLowest<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.Set(s, op->Destination, Vector128.CreateScalar(*(T*)source));
        }
    }

    private readonly struct MergeLowest<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.SetLowest(s, op->Destination, *(T*)source);
        }
    }

    private readonly struct ToGeneral<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            RegisterAccess.Set(s, op->Destination, *(T*)source);
        }
    }

    private readonly struct LoadUpperHalf : IReader
    {
        public static int Size => 8;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            XmmRegisters.Set(s, op->Destination, XmmRegisters.Get<ulong>(s, op->Destination).WithElement(1, *(ulong*)source));
        }
    }

    private readonly struct WholeRegister : IStored<Vector128<byte>>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Value(CpuState* s, Op* op) => XmmRegisters.Get(s, op->Source);
    }

    private readonly struct Lowest<T> : IStored<T>
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => *(T*)XmmRegisters.Pointer(s, op->Source);
    }

    private readonly struct UpperHalf : IStored<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Value(CpuState* s, Op* op) => *(ulong*)(XmmRegisters.Pointer(s, op->Source) + 8);
    }

    private readonly struct UpperToLower : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            left.AsUInt64().WithElement(0, right.AsUInt64().GetElement(1)).AsByte();
    }

    private readonly struct Duplicate : IScalarFunction<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(ulong value) => Vector128.Create(value).AsByte();
    }

    private readonly struct DuplicateEven : IVectorFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value) => Vector128.Shuffle(value.AsUInt32(), Vector128.Create(0u, 0, 2, 2)).AsByte();
    }

    private readonly struct DuplicateOdd : IVectorFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value) => Vector128.Shuffle(value.AsUInt32(), Vector128.Create(1u, 1, 3, 3)).AsByte();
    }

    private static void MaskedStore(CpuState* s, Op* op)
    {
        if (StoreMasked(s, op))
        {
            Op.Next(s, op);
        }
    }

    // Bytes whose mask has its top bit set go to [rDI]. All 16 bytes must be writable, as on AMD's processors: which of them
    // may fault is up to the implementation (SDM vol. 2, MASKMOVDQU).
    private static bool StoreMasked(CpuState* s, Op* op)
    {
        var mask = XmmRegisters.Get(s, op->Source);
        var address = s->Registers.General[(int)GeneralRegister.Rdi];
        address = (op->Extra == 32 ? (uint)address : address) + *(ulong*)((byte*)s + op->Base);
        var target = (Vector128<byte>*)GuestMemory.ReadWrite(s, op, address, 16);
        if (target == null)
        {
            return false;
        }

        *target = Vector128.ConditionalSelect(Vector128.LessThan(mask.AsSByte(), Vector128<sbyte>.Zero).AsByte(), XmmRegisters.Get(s, op->Destination), *target);
        GuestMemory.Finish(s, (byte*)target);
        return true;
    }
}
