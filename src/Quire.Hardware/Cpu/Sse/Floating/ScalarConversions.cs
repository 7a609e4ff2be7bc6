using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>Scalar conversions between integers, singles and doubles; ROUNDSS and ROUNDSD.</summary>
internal static class ScalarConversions
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Cvtsi2ss, (in Instruction i, BlockBuilder b) => SelectFromInteger<float>(in i, b));
        registry.Add(Mnemonic.Cvtsi2sd, (in Instruction i, BlockBuilder b) => SelectFromInteger<double>(in i, b));
        registry.Add(Mnemonic.Cvttss2si, (in Instruction i, BlockBuilder b) => SelectToInteger<float, Truncated>(in i, b));
        registry.Add(Mnemonic.Cvttsd2si, (in Instruction i, BlockBuilder b) => SelectToInteger<double, Truncated>(in i, b));
        registry.Add(Mnemonic.Cvtss2si, (in Instruction i, BlockBuilder b) => SelectToInteger<float, Rounded>(in i, b));
        registry.Add(Mnemonic.Cvtsd2si, (in Instruction i, BlockBuilder b) => SelectToInteger<double, Rounded>(in i, b));
        registry.Add(Mnemonic.Cvtss2sd, (in Instruction i, BlockBuilder b) => SelectExact<ChangedFormat<float, double>>(in i, b));
        registry.Add(Mnemonic.Cvtsd2ss, (in Instruction i, BlockBuilder b) => SelectExact<ChangedFormat<double, float>>(in i, b));
        registry.Add(Mnemonic.Roundss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarRounding<float>>(in i, b));
        registry.Add(Mnemonic.Roundsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarRounding<double>>(in i, b));
    }

    private static bool SelectFromInteger<T>(in Instruction i, BlockBuilder b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Instructions.Widths.Of(in i, 1) == 4 ? SelectExact<FromInteger<int, T>>(in i, b) : SelectExact<FromInteger<long, T>>(in i, b);

    private static bool SelectToInteger<T, TRounding>(in Instruction i, BlockBuilder b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TRounding : struct, IIntegerRounding =>
        i.Op0Register.GetSize() == 4 ? SelectExact<ToInteger<T, int, TRounding>>(in i, b) : SelectExact<ToInteger<T, long, TRounding>>(in i, b);
}

internal readonly unsafe struct FromInteger<TInteger, T> : ISourceReader
    where TInteger : unmanaged, IBinaryInteger<TInteger>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => sizeof(TInteger);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var integer = *(TInteger*)source;
        if (sizeof(TInteger) >= sizeof(T) && !Mxcsr.IsSettled(s) && !HasFewBits(integer))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, T.CreateTruncating(integer));
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var result = SoftFloat<T>.FromInteger(ref context, long.CreateTruncating(*(TInteger*)source));
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, Ieee<T>.Value(result));
        return true;
    }

    // No more than the significand has: nothing is rounded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasFewBits(TInteger integer) =>
        ulong.CreateTruncating(integer) + (1UL << Ieee<T>.Precision) <= 2UL << Ieee<T>.Precision;
}

internal interface IIntegerRounding
{
    static abstract RoundingMode Mode(in FloatContext c);

    /// <summary>The integer as the host converts under its default rounding, of a number whose magnitude is in range.</summary>
    static abstract int ToInt32<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    static abstract long ToInt64<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>CVTT*: toward zero.</summary>
internal readonly struct Truncated : IIntegerRounding
{
    public static RoundingMode Mode(in FloatContext c) => RoundingMode.TowardZero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ToInt32<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        !Sse2.IsSupported ? int.CreateTruncating(value)
        : typeof(T) == typeof(float) ? System.Runtime.Intrinsics.X86.Sse.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe((float)(object)value))
        : Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe((double)(object)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ToInt64<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        !Sse2.X64.IsSupported ? long.CreateTruncating(value)
        : typeof(T) == typeof(float) ? System.Runtime.Intrinsics.X86.Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe((float)(object)value))
        : Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe((double)(object)value));
}

/// <summary>CVT*: as MXCSR.RC says.</summary>
internal readonly struct Rounded : IIntegerRounding
{
    public static RoundingMode Mode(in FloatContext c) => c.Rounding;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ToInt32<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        !Sse2.IsSupported ? int.CreateTruncating(T.Round(value))
        : typeof(T) == typeof(float) ? System.Runtime.Intrinsics.X86.Sse.ConvertToInt32(Vector128.CreateScalarUnsafe((float)(object)value))
        : Sse2.ConvertToInt32(Vector128.CreateScalarUnsafe((double)(object)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ToInt64<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        !Sse2.X64.IsSupported ? long.CreateTruncating(T.Round(value))
        : typeof(T) == typeof(float) ? System.Runtime.Intrinsics.X86.Sse.X64.ConvertToInt64(Vector128.CreateScalarUnsafe((float)(object)value))
        : Sse2.X64.ConvertToInt64(Vector128.CreateScalarUnsafe((double)(object)value));
}

internal readonly unsafe struct ToInteger<T, TInteger, TRounding> : ISourceReader
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInteger : unmanaged
    where TRounding : struct, IIntegerRounding
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var value = *(T*)source;
        if (sizeof(TInteger) == 4)
        {
            // A rounded result may reach the limit only beyond this bound.
            if (!(T.Abs(value) < T.CreateTruncating(0x7FFF_FFC0)))
            {
                return false;
            }

            var integer = TRounding.ToInt32(value);
            if (!Mxcsr.IsSettled(s) && T.CreateTruncating(integer) != value)
            {
                return false;
            }

            RegisterAccess.Set(s, op->Destination, (uint)integer);
            return true;
        }

        if (!(T.Abs(value) < T.CreateTruncating(0x7FFF_FF80_0000_0000)))
        {
            return false;
        }

        var wide = TRounding.ToInt64(value);
        if (!Mxcsr.IsSettled(s) && T.CreateTruncating(wide) != value)
        {
            return false;
        }

        RegisterAccess.Set(s, op->Destination, (ulong)wide);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var integer = SoftFloat<T>.ToInteger(ref context, Ieee<T>.Load(source), TRounding.Mode(in context), sizeof(TInteger) * 8);
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        RegisterAccess.Set(s, op->Destination, sizeof(TInteger) == 4 ? (uint)integer : (ulong)integer);
        return true;
    }
}

/// <summary>CVTSS2SD, CVTSD2SS.</summary>
internal readonly unsafe struct ChangedFormat<TFrom, TTo> : ISourceReader
    where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
    where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo>
{
    public static int Size => sizeof(TFrom);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var value = *(TFrom*)source;
        var result = TTo.CreateTruncating(value);
        if (Ieee<TFrom>.IsDenormal(source))
        {
            return false;
        }

        if (sizeof(TTo) > sizeof(TFrom))
        {
            if (TFrom.IsNaN(value))
            {
                return false;
            }
        }
        else if (!(TFrom.IsZero(value) || (Ieee<TTo>.IsAboveUnderflow(result) && (Mxcsr.IsSettled(s) || TFrom.CreateTruncating(result) == value))))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, result);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var result = SoftFloat<TFrom>.ConvertTo<TTo>(ref context, Ieee<TFrom>.Load(source));
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, Ieee<TTo>.Value(result));
        return true;
    }
}

/// <summary>The immediate of ROUND: bits 1-0 the mode unless bit 2 takes MXCSR's, bit 3 keeps inexact results quiet.</summary>
internal static class RoundingControl
{
    public static RoundingMode Mode(int control, in FloatContext c) => (control & 4) != 0 ? c.Rounding : (RoundingMode)(control & 3);

    /// <summary>An integer in the format; denormal operands raise nothing.</summary>
    public static ulong Round<T>(ref FloatContext c, ulong bits, int control)
        where T : unmanaged
    {
        var context = c;
        var result = SoftFloat<T>.RoundToIntegral(ref context, bits, Mode(control, in c));
        c.Raise(context.Raised & ((control & 8) != 0 ? ~Mxcsr.Precision : ~0u));
        return result;
    }
}

internal readonly unsafe struct ScalarRounding<T> : ISourceReader
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var value = *(T*)source;
        if ((op->Immediate & 4) != 0 || T.IsNaN(value) || Ieee<T>.IsDenormal(source))
        {
            return false;
        }

        var result = (RoundingMode)(op->Immediate & 3) switch
        {
            RoundingMode.NearestEven => T.Round(value),
            RoundingMode.Down => T.Floor(value),
            RoundingMode.Up => T.Ceiling(value),
            _ => T.Truncate(value),
        };
        if ((op->Immediate & 8) == 0 && !Mxcsr.IgnoresPrecision(s) && result != value)
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, result);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var result = RoundingControl.Round<T>(ref context, Ieee<T>.Load(source), op->Immediate);
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, Ieee<T>.Value(result));
        return true;
    }
}
