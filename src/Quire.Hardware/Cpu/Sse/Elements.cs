using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>PINSR, PEXTR, INSERTPS, EXTRACTPS, and what tells about all elements: PMOVMSKB, MOVMSK, PTEST.</summary>
internal static unsafe class Elements
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Pinsrb, (in Instruction i, BlockBuilder b) => Select<Insert<byte>>(in i, b));
        registry.Add(Mnemonic.Pinsrw, (in Instruction i, BlockBuilder b) => Select<Insert<ushort>>(in i, b));
        registry.Add(Mnemonic.Pinsrd, (in Instruction i, BlockBuilder b) => Select<Insert<uint>>(in i, b));
        registry.Add(Mnemonic.Pinsrq, (in Instruction i, BlockBuilder b) => Select<Insert<ulong>>(in i, b));
        registry.Add(Mnemonic.Pextrb, (in Instruction i, BlockBuilder b) => SelectExtract<byte>(in i, b));
        registry.Add(Mnemonic.Pextrw, (in Instruction i, BlockBuilder b) => SelectExtract<ushort>(in i, b));
        registry.Add(Mnemonic.Pextrd, (in Instruction i, BlockBuilder b) => SelectExtract<uint>(in i, b));
        registry.Add(Mnemonic.Extractps, (in Instruction i, BlockBuilder b) => SelectExtract<uint>(in i, b));
        registry.Add(Mnemonic.Pextrq, (in Instruction i, BlockBuilder b) => SelectExtract<ulong>(in i, b));
        registry.Add(Mnemonic.Insertps, SelectInsertSingle);
        registry.Add(Mnemonic.Pmovmskb, (in Instruction i, BlockBuilder b) => Select<SignBits<byte>>(in i, b));
        registry.Add(Mnemonic.Movmskps, (in Instruction i, BlockBuilder b) => Select<SignBits<uint>>(in i, b));
        registry.Add(Mnemonic.Movmskpd, (in Instruction i, BlockBuilder b) => Select<SignBits<ulong>>(in i, b));
        registry.Add(Mnemonic.Ptest, (in Instruction i, BlockBuilder b) => Select<Test>(in i, b));
    }

    private static bool SelectExtract<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged =>
        i.Op0Kind == OpKind.Memory ? SelectStore<Element<T>, T>(in i, b) : Select<Extract<T>>(in i, b);

    // COUNT_S picks the source's element, but a source in memory has only one.
    private static bool SelectInsertSingle(in Instruction i, BlockBuilder b) =>
        i.Op1Kind == OpKind.Memory ? SelectWith<InsertSingle>(in i, b, i.Immediate8 & 0x3F) : Select<InsertSingle>(in i, b);

    /// <summary>Offset of the element that the immediate's low bits name.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ElementOffset<T>(Op* op)
        where T : unmanaged => (op->Immediate & ((16 / sizeof(T)) - 1)) * sizeof(T);

    private readonly struct Insert<T> : IReader
        where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var index = op->Immediate & ((16 / sizeof(T)) - 1);
            var place = sizeof(T) switch
            {
                1 => Vector128.Equals(Vector128<byte>.Indices, Vector128.Create((byte)index)),
                2 => Vector128.Equals(Vector128<ushort>.Indices, Vector128.Create((ushort)index)).AsByte(),
                4 => Vector128.Equals(Vector128<uint>.Indices, Vector128.Create((uint)index)).AsByte(),
                _ => Vector128.Equals(Vector128<ulong>.Indices, Vector128.Create((ulong)index)).AsByte(),
            };
            XmmRegisters.Set(s, op->Destination, Vector128.ConditionalSelect(place, Vector128.Create(*(T*)source).AsByte(), XmmRegisters.Get(s, op->Destination)));
        }
    }

    private readonly struct Extract<T> : IReader
        where T : unmanaged
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var element = source + ElementOffset<T>(op);
            RegisterAccess.Set(s, op->Destination, sizeof(T) switch { 1 => *element, 2 => *(ushort*)element, 4 => *(uint*)element, _ => *(ulong*)element });
        }
    }

    private readonly struct Element<T> : IStored<T>
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => *(T*)(XmmRegisters.Pointer(s, op->Source) + ElementOffset<T>(op));
    }

    /// <summary>Immediate: bits 7-6 the source's element, 5-4 the destination's, 3-0 which elements become zero.</summary>
    private readonly struct InsertSingle : IReader
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var control = op->Immediate;
            var place = Vector128.Equals(Vector128<uint>.Indices, Vector128.Create((uint)(control >> 4) & 3));
            var inserted = Vector128.ConditionalSelect(place, Vector128.Create(((uint*)source)[control >> 6]), XmmRegisters.Get<uint>(s, op->Destination));
            var bits = Vector128.Create(1u, 2, 4, 8);
            XmmRegisters.Set(s, op->Destination, Vector128.AndNot(inserted, Vector128.Equals(Vector128.Create((uint)control) & bits, bits)));
        }
    }

    private readonly struct SignBits<T> : IReader
        where T : unmanaged
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            RegisterAccess.Set(s, op->Destination, (*(Vector128<T>*)source).ExtractMostSignificantBits());
        }
    }

    /// <summary>ZF: no common bit. CF: no bit of the source outside the destination. The others are cleared.</summary>
    private readonly struct Test : IReader
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var left = XmmRegisters.Get(s, op->Destination);
            var right = *(Vector128<byte>*)source;
            VectorFlags.Set(s, (left & right) == Vector128<byte>.Zero, Vector128.AndNot(right, left) == Vector128<byte>.Zero);
        }
    }
}
