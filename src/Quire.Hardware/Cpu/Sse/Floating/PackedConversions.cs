using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>Conversions of all elements between integers, singles and doubles; ROUNDPS and ROUNDPD.</summary>
internal static class PackedConversions
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Cvtdq2ps, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<IntegersToSingles>>(in i, b));
        registry.Add(Mnemonic.Cvtdq2pd, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<IntegersToDoubles>>(in i, b));
        registry.Add(Mnemonic.Cvtps2dq, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<SinglesToIntegers<Rounded>>>(in i, b));
        registry.Add(Mnemonic.Cvttps2dq, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<SinglesToIntegers<Truncated>>>(in i, b));
        registry.Add(Mnemonic.Cvtpd2dq, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<DoublesToIntegers<Rounded>>>(in i, b));
        registry.Add(Mnemonic.Cvttpd2dq, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<DoublesToIntegers<Truncated>>>(in i, b));
        registry.Add(Mnemonic.Cvtps2pd, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<SinglesToDoubles>>(in i, b));
        registry.Add(Mnemonic.Cvtpd2ps, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<DoublesToSingles>>(in i, b));
        registry.Add(Mnemonic.Roundps, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<RoundedElements<float>>>(in i, b));
        registry.Add(Mnemonic.Roundpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedConversion<RoundedElements<double>>>(in i, b));
    }
}

/// <summary>A conversion of vectors: quickly where nothing can be raised, and element by element.</summary>
internal unsafe interface IPackedConversion
{
    /// <summary>Bytes of the source.</summary>
    static abstract int Size { get; }

    /// <summary>Bytes of an element of the result, and of the source.</summary>
    static abstract int ResultBytes { get; }

    static abstract int ElementBytes { get; }

    /// <summary>Only rounding decides about exceptions, and it is the host's.</summary>
    static abstract bool IsQuick(Vector128<byte> source, int control);

    static abstract Vector128<byte> Convert(Vector128<byte> source, int control);

    static abstract ulong Convert(ref FloatContext c, ulong element, int control);
}

internal readonly unsafe struct PackedConversion<TConversion> : ISourceReader
    where TConversion : struct, IPackedConversion
{
    public static int Size => TConversion.Size;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var operand = TConversion.Size == 8 ? Vector128.CreateScalar(*(ulong*)source).AsByte() : *(Vector128<byte>*)source;
        if (!Mxcsr.IsSettled(s) || !TConversion.IsQuick(operand, op->Immediate))
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, TConversion.Convert(operand, op->Immediate));
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var result = Vector128<ulong>.Zero;
        for (var i = 0; i < TConversion.Size / TConversion.ElementBytes; i++)
        {
            var element = TConversion.ElementBytes == 4 ? ((uint*)source)[i] : ((ulong*)source)[i];
            var converted = TConversion.Convert(ref context, element, op->Immediate);
            result = TConversion.ResultBytes == 4
                ? result.AsUInt32().WithElement(i, (uint)converted).AsUInt64()
                : result.WithElement(i, converted);
        }

        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }
}

internal readonly struct IntegersToSingles : IPackedConversion
{
    public static int Size => 16;

    public static int ResultBytes => 4;

    public static int ElementBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control) => Vector128.ConvertToSingle(source.AsInt32()).AsByte();

    public static ulong Convert(ref FloatContext c, ulong element, int control) => SoftFloat<float>.FromInteger(ref c, (int)element);
}

internal readonly struct IntegersToDoubles : IPackedConversion
{
    public static int Size => 8;

    public static int ResultBytes => 8;

    public static int ElementBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control) =>
        Vector128.Create((double)source.AsInt32().GetElement(0), source.AsInt32().GetElement(1)).AsByte();

    public static ulong Convert(ref FloatContext c, ulong element, int control) => SoftFloat<double>.FromInteger(ref c, (int)element);
}

internal readonly struct SinglesToIntegers<TRounding> : IPackedConversion
    where TRounding : struct, IIntegerRounding
{
    public static int Size => 16;

    public static int ResultBytes => 4;

    public static int ElementBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control) =>
        Vector128.LessThanAll(Vector128.Abs(source.AsSingle()), Vector128.Create((float)0x7FFF_FF80));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control)
    {
        var value = typeof(TRounding) == typeof(Rounded) ? Vector128.Round(source.AsSingle()) : source.AsSingle();
        return Vector128.ConvertToInt32Native(value).AsByte();
    }

    public static ulong Convert(ref FloatContext c, ulong element, int control) =>
        (ulong)SoftFloat<float>.ToInteger(ref c, element, TRounding.Mode(in c), 32);
}

internal readonly struct DoublesToIntegers<TRounding> : IPackedConversion
    where TRounding : struct, IIntegerRounding
{
    public static int Size => 16;

    public static int ResultBytes => 4;

    public static int ElementBytes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control) =>
        Vector128.LessThanAll(Vector128.Abs(source.AsDouble()), Vector128.Create((double)0x7FFF_FF80));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control) =>
        Vector128.Create(TRounding.ToInt32(source.AsDouble().GetElement(0)), TRounding.ToInt32(source.AsDouble().GetElement(1)), 0, 0).AsByte();

    public static ulong Convert(ref FloatContext c, ulong element, int control) =>
        (ulong)SoftFloat<double>.ToInteger(ref c, element, TRounding.Mode(in c), 32);
}

internal readonly struct SinglesToDoubles : IPackedConversion
{
    public static int Size => 8;

    public static int ResultBytes => 8;

    public static int ElementBytes => 4;

    // The zeros beside the source pass the tests.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control) =>
        Vector128.AndNot(FloatElements.NotNaN(source.AsSingle()), FloatElements.Denormal(source.AsSingle())) == Vector128<ulong>.AllBitsSet;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control) => Vector128.WidenLower(source.AsSingle()).AsByte();

    public static ulong Convert(ref FloatContext c, ulong element, int control) => SoftFloat<float>.ConvertTo<double>(ref c, element);
}

internal readonly struct DoublesToSingles : IPackedConversion
{
    public static int Size => 16;

    public static int ResultBytes => 4;

    public static int ElementBytes => 8;

    // Within the range of normal singles, or zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control)
    {
        var magnitude = Vector128.Abs(source.AsDouble());
        var inRange = Vector128.GreaterThan(magnitude, Vector128.Create(1.2e-38)) & Vector128.LessThan(magnitude, Vector128.Create(3.4e38));
        return (inRange | Vector128.Equals(magnitude, Vector128<double>.Zero)).AsUInt64() == Vector128<ulong>.AllBitsSet;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control) =>
        Vector128.Narrow(source.AsDouble(), Vector128<double>.Zero).AsByte();

    public static ulong Convert(ref FloatContext c, ulong element, int control) => SoftFloat<double>.ConvertTo<float>(ref c, element);
}

internal readonly unsafe struct RoundedElements<T> : IPackedConversion
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => 16;

    public static int ResultBytes => sizeof(T);

    public static int ElementBytes => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuick(Vector128<byte> source, int control)
    {
        var value = source.As<byte, T>();
        return Vector128.AndNot(FloatElements.NotNaN(value), FloatElements.Denormal(value)) == Vector128<ulong>.AllBitsSet;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Convert(Vector128<byte> source, int control)
    {
        if (typeof(T) == typeof(float))
        {
            var singles = source.AsSingle();
            return Mode(control) switch
            {
                RoundingMode.NearestEven => Vector128.Round(singles).AsByte(),
                RoundingMode.Down => Vector128.Floor(singles).AsByte(),
                RoundingMode.Up => Vector128.Ceiling(singles).AsByte(),
                _ => Vector128.Truncate(singles).AsByte(),
            };
        }

        var doubles = source.AsDouble();
        return Mode(control) switch
        {
            RoundingMode.NearestEven => Vector128.Round(doubles).AsByte(),
            RoundingMode.Down => Vector128.Floor(doubles).AsByte(),
            RoundingMode.Up => Vector128.Ceiling(doubles).AsByte(),
            _ => Vector128.Truncate(doubles).AsByte(),
        };
    }

    public static ulong Convert(ref FloatContext c, ulong element, int control) => RoundingControl.Round<T>(ref c, element, control);

    // A quick conversion is asked for under the host's own rounding only.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RoundingMode Mode(int control) => (control & 4) != 0 ? RoundingMode.NearestEven : (RoundingMode)(control & 3);
}
