using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>Packed integers: products, sums of products, of neighbours and of absolute differences.</summary>
internal static class IntegerMultiplication
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Pmullw, (in Instruction i, BlockBuilder b) => Select<Binary<LowProduct<short>>>(in i, b));
        registry.Add(Mnemonic.Pmulld, (in Instruction i, BlockBuilder b) => Select<Binary<LowProduct<int>>>(in i, b));
        registry.Add(Mnemonic.Pmulhw, (in Instruction i, BlockBuilder b) => Select<Binary<HighProduct>>(in i, b));
        registry.Add(Mnemonic.Pmulhuw, (in Instruction i, BlockBuilder b) => Select<Binary<UnsignedHighProduct>>(in i, b));
        registry.Add(Mnemonic.Pmulhrsw, (in Instruction i, BlockBuilder b) => Select<Binary<RoundedHighProduct>>(in i, b));
        registry.Add(Mnemonic.Pmuludq, (in Instruction i, BlockBuilder b) => Select<Binary<UnsignedWideProduct>>(in i, b));
        registry.Add(Mnemonic.Pmuldq, (in Instruction i, BlockBuilder b) => Select<Binary<SignedWideProduct>>(in i, b));
        registry.Add(Mnemonic.Pmaddwd, (in Instruction i, BlockBuilder b) => Select<Binary<SumOfWordProducts>>(in i, b));
        registry.Add(Mnemonic.Pmaddubsw, (in Instruction i, BlockBuilder b) => Select<Binary<SumOfByteProducts>>(in i, b));
        registry.Add(Mnemonic.Phaddw, (in Instruction i, BlockBuilder b) => Select<Binary<NeighbourSum<short>>>(in i, b));
        registry.Add(Mnemonic.Phaddd, (in Instruction i, BlockBuilder b) => Select<Binary<NeighbourSum<int>>>(in i, b));
        registry.Add(Mnemonic.Phaddsw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedNeighbourSum>>(in i, b));
        registry.Add(Mnemonic.Phsubw, (in Instruction i, BlockBuilder b) => Select<Binary<NeighbourDifference<short>>>(in i, b));
        registry.Add(Mnemonic.Phsubd, (in Instruction i, BlockBuilder b) => Select<Binary<NeighbourDifference<int>>>(in i, b));
        registry.Add(Mnemonic.Phsubsw, (in Instruction i, BlockBuilder b) => Select<Binary<SaturatedNeighbourDifference>>(in i, b));
        registry.Add(Mnemonic.Psadbw, (in Instruction i, BlockBuilder b) => Select<Binary<SumOfAbsoluteDifferences>>(in i, b));
        registry.Add(Mnemonic.Mpsadbw, (in Instruction i, BlockBuilder b) => Select<Controlled<SlidingAbsoluteDifferences>>(in i, b));
        registry.Add(Mnemonic.Phminposuw, (in Instruction i, BlockBuilder b) => Select<Unary<MinimumAndPosition>>(in i, b));
    }

    internal readonly struct LowProduct<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => (left.As<byte, T>() * right.As<byte, T>()).AsByte();
    }

    internal readonly struct HighProduct : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.MultiplyHigh(left.AsInt16(), right.AsInt16()).AsByte() : Portable(left.AsInt16(), right.AsInt16());

        private static Vector128<byte> Portable(Vector128<short> left, Vector128<short> right) =>
            Vector128.Narrow(
                (Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 16,
                (Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 16).AsByte();
    }

    internal readonly struct UnsignedHighProduct : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.MultiplyHigh(left.AsUInt16(), right.AsUInt16()).AsByte() : Portable(left.AsUInt16(), right.AsUInt16());

        private static Vector128<byte> Portable(Vector128<ushort> left, Vector128<ushort> right) =>
            Vector128.Narrow(
                (Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 16,
                (Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 16).AsByte();
    }

    // (a * b / 2^14 + 1) / 2
    internal readonly struct RoundedHighProduct : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Ssse3.IsSupported ? Ssse3.MultiplyHighRoundScale(left.AsInt16(), right.AsInt16()).AsByte() : Portable(left.AsInt16(), right.AsInt16());

        private static Vector128<byte> Portable(Vector128<short> left, Vector128<short> right) =>
            Vector128.Narrow(
                (((Vector128.WidenLower(left) * Vector128.WidenLower(right)) >> 14) + Vector128<int>.One) >> 1,
                (((Vector128.WidenUpper(left) * Vector128.WidenUpper(right)) >> 14) + Vector128<int>.One) >> 1).AsByte();
    }

    internal readonly struct UnsignedWideProduct : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported
                ? Sse2.Multiply(left.AsUInt32(), right.AsUInt32()).AsByte()
                : ((left.AsUInt64() & Vector128.Create(0xFFFF_FFFFUL)) * (right.AsUInt64() & Vector128.Create(0xFFFF_FFFFUL))).AsByte();
    }

    private readonly struct SignedWideProduct : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse41.IsSupported
                ? Sse41.Multiply(left.AsInt32(), right.AsInt32()).AsByte()
                : (((left.AsInt64() << 32) >> 32) * ((right.AsInt64() << 32) >> 32)).AsByte();
    }

    // Only -8000h * -8000h twice overflows, to 80000000h.
    internal readonly struct SumOfWordProducts : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()).AsByte() : Portable(left.AsInt32(), right.AsInt32());

        private static Vector128<byte> Portable(Vector128<int> left, Vector128<int> right) =>
            ((((left << 16) >> 16) * ((right << 16) >> 16)) + ((left >> 16) * (right >> 16))).AsByte();
    }

    // Unsigned bytes of the left times signed bytes of the right, two products added with saturation.
    internal readonly struct SumOfByteProducts : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Ssse3.IsSupported ? Ssse3.MultiplyAddAdjacent(left, right.AsSByte()).AsByte() : Portable(left.AsInt16(), right.AsInt16());

        private static Vector128<byte> Portable(Vector128<short> left, Vector128<short> right) =>
            Vector128.AddSaturate((left & Vector128.Create((short)0xFF)) * ((right << 8) >> 8), (left >>> 8) * (right >> 8)).AsByte();
    }

    internal readonly struct NeighbourSum<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            (Neighbours.Left(left.As<byte, T>(), right.As<byte, T>()) + Neighbours.Right(left.As<byte, T>(), right.As<byte, T>())).AsByte();
    }

    internal readonly struct SaturatedNeighbourSum : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.AddSaturate(Neighbours.Left(left.AsInt16(), right.AsInt16()), Neighbours.Right(left.AsInt16(), right.AsInt16())).AsByte();
    }

    internal readonly struct NeighbourDifference<T> : IVectorOperation
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            (Neighbours.Left(left.As<byte, T>(), right.As<byte, T>()) - Neighbours.Right(left.As<byte, T>(), right.As<byte, T>())).AsByte();
    }

    internal readonly struct SaturatedNeighbourDifference : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Vector128.SubtractSaturate(Neighbours.Left(left.AsInt16(), right.AsInt16()), Neighbours.Right(left.AsInt16(), right.AsInt16())).AsByte();
    }

    internal readonly struct SumOfAbsoluteDifferences : IVectorOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
            Sse2.IsSupported ? Sse2.SumAbsoluteDifferences(left, right).AsByte() : Portable(left, right);

        private static Vector128<byte> Portable(Vector128<byte> left, Vector128<byte> right)
        {
            var differences = Vector128.Max(left, right) - Vector128.Min(left, right);
            return Vector128.Create(
                (ulong)Vector128.Sum(Vector128.WidenLower(differences)),
                Vector128.Sum(Vector128.WidenUpper(differences))).AsByte();
        }
    }

    // Eight sums: a block of four bytes of the right, compared with the left at eight positions (SDM vol. 2, MPSADBW).
    private readonly struct SlidingAbsoluteDifferences : IControlledOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control)
        {
            var window = Permutations.Shuffle(left, Vector128<byte>.Indices + Vector128.Create((byte)(control & 4)));
            var block = (control & 3) * 4;
            var sums = Differences(window, right, block, 0) + Differences(window, right, block, 1)
                + Differences(window, right, block, 2) + Differences(window, right, block, 3);
            return sums.AsByte();
        }

        // Words: |window[i + at] - right[block + at]| for i = 0 to 7.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<ushort> Differences(Vector128<byte> window, Vector128<byte> right, int block, int at)
        {
            var moved = Permutations.Shuffle(window, Vector128<byte>.Indices + Vector128.Create((byte)at));
            var repeated = Permutations.Shuffle(right, Vector128.Create((byte)(block + at)));
            return Vector128.WidenLower(Vector128.Max(moved, repeated) - Vector128.Min(moved, repeated));
        }
    }

    private readonly struct MinimumAndPosition : IVectorFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Apply(Vector128<byte> value) =>
            Sse41.IsSupported ? Sse41.MinHorizontal(value.AsUInt16()).AsByte() : Portable(value.AsUInt16());

        private static Vector128<byte> Portable(Vector128<ushort> value)
        {
            var position = 0;
            for (var i = 1; i < 8; i++)
            {
                position = value.GetElement(i) < value.GetElement(position) ? i : position;
            }

            return Vector128.CreateScalar(value.GetElement(position) | ((uint)position << 16)).AsByte();
        }
    }
}
