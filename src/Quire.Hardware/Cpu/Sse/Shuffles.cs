using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>PSHUF, SHUFP, PALIGNR, blends.</summary>
internal static unsafe class Shuffles
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Pshufb, (in Instruction i, BlockBuilder b) => Select<Binary<ShuffleBytes>>(in i, b));
        registry.Add(Mnemonic.Pshufd, (in Instruction i, BlockBuilder b) => SelectExpanded<ControlledUnary<ShuffleDoublewords>>(in i, b, 4));
        registry.Add(Mnemonic.Pshuflw, (in Instruction i, BlockBuilder b) => SelectExpanded<ControlledUnary<ShuffleLowWords>>(in i, b, 2));
        registry.Add(Mnemonic.Pshufhw, (in Instruction i, BlockBuilder b) => SelectExpanded<ControlledUnary<ShuffleHighWords>>(in i, b, 2));
        registry.Add(Mnemonic.Shufps, (in Instruction i, BlockBuilder b) => SelectExpanded<Controlled<ShuffleSingles>>(in i, b, 4));
        registry.Add(Mnemonic.Shufpd, (in Instruction i, BlockBuilder b) => Select<Controlled<ShuffleDoubles>>(in i, b));
        registry.Add(Mnemonic.Palignr, (in Instruction i, BlockBuilder b) => Select<Controlled<AlignRight>>(in i, b));
        registry.Add(Mnemonic.Pblendw, (in Instruction i, BlockBuilder b) => Select<Controlled<BlendWords>>(in i, b));
        registry.Add(Mnemonic.Blendps, (in Instruction i, BlockBuilder b) => Select<Controlled<BlendSingles>>(in i, b));
        registry.Add(Mnemonic.Blendpd, (in Instruction i, BlockBuilder b) => Select<Controlled<BlendDoubles>>(in i, b));
        registry.Add(Mnemonic.Pblendvb, (in Instruction i, BlockBuilder b) => Select<BlendByRegister<sbyte>>(in i, b));
        registry.Add(Mnemonic.Blendvps, (in Instruction i, BlockBuilder b) => Select<BlendByRegister<int>>(in i, b));
        registry.Add(Mnemonic.Blendvpd, (in Instruction i, BlockBuilder b) => Select<BlendByRegister<long>>(in i, b));
    }

    // The selectors of the immediate are expanded to byte offsets once, while decoding.
    private static bool SelectExpanded<TReader>(in Instruction i, BlockBuilder b, int elementBytes)
        where TReader : struct, IReader => SelectWith<TReader>(in i, b, Permutations.Expand(i.Immediate8, elementBytes));

    internal readonly struct ShuffleBytes : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => Permutations.Shuffle(left, right);
    }

    private readonly struct ShuffleDoublewords : IControlledFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, int control) => Permutations.Shuffle(value, Permutations.Doublewords(control));
    }

    internal readonly struct ShuffleLowWords : IControlledFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, int control) => Permutations.Shuffle(value, Permutations.LowWords(control));
    }

    private readonly struct ShuffleHighWords : IControlledFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value, int control) => Permutations.Shuffle(value, Permutations.HighWords(control));
    }

    private readonly struct ShuffleSingles : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var offsets = Permutations.Doublewords(control);
            return Permutations.LowAndHigh(Permutations.Shuffle(left, offsets), Permutations.Shuffle(right, offsets));
        }
    }

    private readonly struct ShuffleDoubles : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var low = (control & 1) == 0 ? left : Vector128.Shuffle(left.AsUInt64(), Vector128.Create(1UL, 1)).AsByte();
            var high = (control & 2) == 0 ? right : Vector128.Shuffle(right.AsUInt64(), Vector128.Create(1UL, 1)).AsByte();
            return Permutations.JoinHalves(low, high);
        }
    }

    // Bytes control to control + 15 of left:right, zeros beyond the 32nd. An index outside its operand gets its top bit set: by
    // saturation when it is negative, by 70h when it is too large.
    internal readonly struct AlignRight : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var first = Vector128<byte>.Indices + Vector128.Create((byte)Math.Min(control, 32));
            var fromRight = first + Vector128.Create((byte)0x70);
            var fromLeft = Vector128.AddSaturate(first - Vector128.Create((byte)16), Vector128.Create((byte)0x70));
            return Permutations.Shuffle(right, fromRight) | Permutations.Shuffle(left, fromLeft);
        }
    }

    private readonly struct BlendWords : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var bits = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
            return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create((ushort)control) & bits, bits).AsByte(), right, left);
        }
    }

    private readonly struct BlendSingles : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var bits = Vector128.Create(1, 2, 4, 8);
            return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create(control) & bits, bits).AsByte(), right, left);
        }
    }

    private readonly struct BlendDoubles : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var bits = Vector128.Create(1, 1, 2, 2);
            return Vector128.ConditionalSelect(Vector128.Equals(Vector128.Create(control) & bits, bits).AsByte(), right, left);
        }
    }

    /// <summary>The element of the source where XMM0 has its sign bit set.</summary>
    private readonly struct BlendByRegister<T> : IReader
        where T : unmanaged
    {
        public static int Size => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* source)
        {
            var chosen = Vector128.LessThan(XmmRegisters.Get<T>(s, 0), Vector128<T>.Zero).AsByte();
            XmmRegisters.Set(s, op->Destination, Vector128.ConditionalSelect(chosen, *(Vector128<byte>*)source, XmmRegisters.Get(s, op->Destination)));
        }
    }
}
