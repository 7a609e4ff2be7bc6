using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>CMPPS and its family, COMIS and UCOMIS, MIN and MAX. Operands that are neither NaN nor denormal raise nothing in any mode.</summary>
internal static class FloatComparison
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Comiss, (in Instruction i, BlockBuilder b) => SelectExact<OrderedComparison<float>>(in i, b));
        registry.Add(Mnemonic.Comisd, (in Instruction i, BlockBuilder b) => SelectExact<OrderedComparison<double>>(in i, b));
        registry.Add(Mnemonic.Ucomiss, (in Instruction i, BlockBuilder b) => SelectExact<UnorderedComparison<float>>(in i, b));
        registry.Add(Mnemonic.Ucomisd, (in Instruction i, BlockBuilder b) => SelectExact<UnorderedComparison<double>>(in i, b));
        registry.Add(Mnemonic.Cmpss, (in Instruction i, BlockBuilder b) => SelectPredicate<ByScalar<float>>(in i, b));
        registry.Add(Mnemonic.Cmpps, (in Instruction i, BlockBuilder b) => SelectPredicate<ByVector<float>>(in i, b));
        registry.Add(Mnemonic.Cmppd, (in Instruction i, BlockBuilder b) => SelectPredicate<ByVector<double>>(in i, b));
        registry.Add(Mnemonic.Minss, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Lesser, float, Scalar>>(in i, b));
        registry.Add(Mnemonic.Minsd, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Lesser, double, Scalar>>(in i, b));
        registry.Add(Mnemonic.Minps, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Lesser, float, Packed>>(in i, b));
        registry.Add(Mnemonic.Minpd, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Lesser, double, Packed>>(in i, b));
        registry.Add(Mnemonic.Maxss, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Larger, float, Scalar>>(in i, b));
        registry.Add(Mnemonic.Maxsd, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Larger, double, Scalar>>(in i, b));
        registry.Add(Mnemonic.Maxps, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Larger, float, Packed>>(in i, b));
        registry.Add(Mnemonic.Maxpd, (in Instruction i, BlockBuilder b) => SelectExact<Masked<Larger, double, Packed>>(in i, b));
    }

    /// <summary>CMPSD, whose mnemonic a string instruction shares.</summary>
    public static bool SelectCompareScalarDouble(in Instruction i, BlockBuilder b) => SelectPredicate<ByScalar<double>>(in i, b);

    private interface ISelection
    {
        static abstract bool Of<TChoice>(in Instruction i, BlockBuilder b)
            where TChoice : struct, IChoice;
    }

    private readonly struct ByScalar<T> : ISelection
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool Of<TChoice>(in Instruction i, BlockBuilder b)
            where TChoice : struct, IChoice => SelectExact<Masked<TChoice, T, Scalar>>(in i, b);
    }

    private readonly struct ByVector<T> : ISelection
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool Of<TChoice>(in Instruction i, BlockBuilder b)
            where TChoice : struct, IChoice => SelectExact<Masked<TChoice, T, Packed>>(in i, b);
    }

    // Without VEX only the low three bits of the immediate count.
    private static bool SelectPredicate<TSelection>(in Instruction i, BlockBuilder b)
        where TSelection : struct, ISelection => (i.Immediate8 & 7) switch
        {
            0 => TSelection.Of<IsEqual>(in i, b),
            1 => TSelection.Of<IsLess>(in i, b),
            2 => TSelection.Of<IsLessOrEqual>(in i, b),
            3 => TSelection.Of<IsUnordered>(in i, b),
            4 => TSelection.Of<IsNotEqual>(in i, b),
            5 => TSelection.Of<IsNotLess>(in i, b),
            6 => TSelection.Of<IsNotLessOrEqual>(in i, b),
            _ => TSelection.Of<IsOrdered>(in i, b),
        };
}

/// <summary>How many elements an operation changes.</summary>
internal interface IExtent
{
    static abstract bool IsScalar { get; }
}

internal readonly struct Scalar : IExtent
{
    public static bool IsScalar => true;
}

internal readonly struct Packed : IExtent
{
    public static bool IsScalar => false;
}

/// <summary>The result's element as the comparison of the operands decides.</summary>
internal interface IChoice
{
    static abstract QuietNaN Quiet { get; }

    /// <summary>For elements that are not NaN.</summary>
    static abstract Vector128<T> Choose<T>(Vector128<T> left, Vector128<T> right)
        where T : unmanaged;

    static abstract ulong Choose(Relation relation, ulong left, ulong right);
}

internal readonly unsafe struct Masked<TChoice, T, TExtent> : ISourceReader
    where TChoice : struct, IChoice
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TExtent : struct, IExtent
{
    public static int Size => TExtent.IsScalar ? sizeof(T) : 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var left = XmmRegisters.Get<T>(s, op->Destination);
        var right = TExtent.IsScalar ? Vector128.CreateScalarUnsafe(*(T*)source) : *(Vector128<T>*)source;
        var denormal = FloatElements.Denormal(left) | FloatElements.Denormal(right);
        var ordinary = Vector128.AndNot(FloatElements.NotNaN(left) & FloatElements.NotNaN(right), denormal);
        var result = TChoice.Choose(left, right);
        if (TExtent.IsScalar)
        {
            if (Ieee<T>.IsNotAllOnes(ordinary.As<ulong, T>().ToScalar()))
            {
                return false;
            }

            XmmRegisters.Set(s, op->Destination, left.WithElement(0, result.ToScalar()));
            return true;
        }

        if (ordinary != Vector128<ulong>.AllBitsSet)
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var result = XmmRegisters.Get<T>(s, op->Destination);
        for (var i = 0; i < (TExtent.IsScalar ? 1 : Vector128<T>.Count); i++)
        {
            var left = SoftFloat<T>.Operand(in context, Ieee<T>.Bits(result.GetElement(i)));
            var right = SoftFloat<T>.Operand(in context, Ieee<T>.Load(source + (i * sizeof(T))));
            var relation = SoftFloat<T>.Compare(ref context, left, right, TChoice.Quiet);
            result = result.WithElement(i, Ieee<T>.Value(TChoice.Choose(relation, left, right)));
        }

        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }
}

/// <summary>COMISS and COMISD: every NaN is an invalid operand.</summary>
internal readonly unsafe struct OrderedComparison<T> : ISourceReader
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source) => UnorderedComparison<T>.TryRead(s, op, source);

    public static bool ReadExactly(CpuState* s, Op* op, byte* source) => UnorderedComparison<T>.Compare(s, op, source, QuietNaN.IsInvalid);
}

/// <summary>UCOMISS and UCOMISD: only signalling NaNs are invalid operands.</summary>
internal readonly unsafe struct UnorderedComparison<T> : ISourceReader
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var destination = XmmRegisters.Pointer(s, op->Destination);
        var left = *(T*)destination;
        var right = *(T*)source;
        if (T.IsNaN(left) || T.IsNaN(right) || Ieee<T>.IsDenormal(destination) || Ieee<T>.IsDenormal(source))
        {
            return false;
        }

        var isLess = left < right;
        VectorFlags.Set(s, !(isLess | left > right), isLess);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source) => Compare(s, op, source, QuietNaN.IsValid);

    public static bool Compare(CpuState* s, Op* op, byte* source, QuietNaN quiet)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var relation = SoftFloat<T>.Compare(ref context, Ieee<T>.Load(XmmRegisters.Pointer(s, op->Destination)), Ieee<T>.Load(source), quiet);
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        if (relation == Relation.Unordered)
        {
            VectorFlags.SetUnordered(s);
        }
        else
        {
            VectorFlags.Set(s, relation == Relation.Equal, relation == Relation.Less);
        }

        return true;
    }
}
