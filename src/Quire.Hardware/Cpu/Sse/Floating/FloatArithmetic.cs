using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>
/// ADD, SUB, MUL, DIV, SQRT, HADD, HSUB, ADDSUB of scalars and vectors. Three ways, each exact:
/// on the host's arithmetic alone when MXCSR is settled and operands and result are ordinary (see <see cref="Mxcsr.IsSettled"/>);
/// on the host's arithmetic with a proof that nothing was rounded, for programs that have not yet met an inexact result;
/// in software for all the rest. The host's own MXCSR is never changed or read, so that hosts of all kinds give the same results.
/// </summary>
internal static class FloatArithmetic
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Addss, Select<ScalarArithmetic<Addition, float>>);
        registry.Add(Mnemonic.Addsd, Select<ScalarArithmetic<Addition, double>>);
        registry.Add(Mnemonic.Subss, Select<ScalarArithmetic<Subtraction, float>>);
        registry.Add(Mnemonic.Subsd, Select<ScalarArithmetic<Subtraction, double>>);
        registry.Add(Mnemonic.Mulss, Select<ScalarArithmetic<Multiplication, float>>);
        registry.Add(Mnemonic.Mulsd, Select<ScalarArithmetic<Multiplication, double>>);
        registry.Add(Mnemonic.Divss, Select<ScalarArithmetic<Division, float>>);
        registry.Add(Mnemonic.Divsd, Select<ScalarArithmetic<Division, double>>);
        registry.Add(Mnemonic.Sqrtss, Select<ScalarArithmetic<SquareRoot, float>>);
        registry.Add(Mnemonic.Sqrtsd, Select<ScalarArithmetic<SquareRoot, double>>);
        registry.Add(Mnemonic.Addps, Select<PackedArithmetic<Addition, float, Straight>>);
        registry.Add(Mnemonic.Addpd, Select<PackedArithmetic<Addition, double, Straight>>);
        registry.Add(Mnemonic.Subps, Select<PackedArithmetic<Subtraction, float, Straight>>);
        registry.Add(Mnemonic.Subpd, Select<PackedArithmetic<Subtraction, double, Straight>>);
        registry.Add(Mnemonic.Mulps, Select<PackedArithmetic<Multiplication, float, Straight>>);
        registry.Add(Mnemonic.Mulpd, Select<PackedArithmetic<Multiplication, double, Straight>>);
        registry.Add(Mnemonic.Divps, Select<PackedArithmetic<Division, float, Straight>>);
        registry.Add(Mnemonic.Divpd, Select<PackedArithmetic<Division, double, Straight>>);
        registry.Add(Mnemonic.Sqrtps, Select<PackedArithmetic<SquareRoot, float, Straight>>);
        registry.Add(Mnemonic.Sqrtpd, Select<PackedArithmetic<SquareRoot, double, Straight>>);
        registry.Add(Mnemonic.Haddps, Select<PackedArithmetic<Addition, float, Neighbours>>);
        registry.Add(Mnemonic.Haddpd, Select<PackedArithmetic<Addition, double, Neighbours>>);
        registry.Add(Mnemonic.Hsubps, Select<PackedArithmetic<Subtraction, float, Neighbours>>);
        registry.Add(Mnemonic.Hsubpd, Select<PackedArithmetic<Subtraction, double, Neighbours>>);
        registry.Add(Mnemonic.Addsubps, Select<PackedArithmetic<AlternatingSum, float, Straight>>);
        registry.Add(Mnemonic.Addsubpd, Select<PackedArithmetic<AlternatingSum, double, Straight>>);
    }
}

internal readonly unsafe struct ScalarArithmetic<TOperation, T> : ISourceReader
    where TOperation : struct, IFloatOperation
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var destination = XmmRegisters.Pointer(s, op->Destination);
        var result = TOperation.Apply(*(T*)destination, *(T*)source);
        if (!Mxcsr.IsSettled(s) || Ieee<T>.IsDenormal(source) || (!TOperation.IsUnary && Ieee<T>.IsDenormal(destination))
            || !(TOperation.Underflows ? Ieee<T>.IsAboveUnderflow(result) : Ieee<T>.IsFinite(result)))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, result);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var left = *(T*)XmmRegisters.Pointer(s, op->Destination);
        var result = FloatElements.Compute<TOperation, T>(s, ref context, left, *(T*)source, 0);
        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.SetLowest(s, op->Destination, result);
        return true;
    }
}

internal readonly unsafe struct PackedArithmetic<TOperation, T, TArrangement> : ISourceReader
    where TOperation : struct, IFloatOperation
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TArrangement : struct, IArrangement
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(CpuState* s, Op* op, byte* source)
    {
        var destination = XmmRegisters.Get<T>(s, op->Destination);
        var operand = *(Vector128<T>*)source;
        var left = TArrangement.Left(destination, operand);
        var right = TArrangement.Right(destination, operand);
        var result = TOperation.Apply(left, right);
        var denormal = TOperation.IsUnary ? FloatElements.Denormal(right) : FloatElements.Denormal(left) | FloatElements.Denormal(right);
        var ordinary = TOperation.Underflows ? FloatElements.AboveUnderflow(result) : FloatElements.Finite(result);
        if (!Mxcsr.IsSettled(s) || Vector128.AndNot(ordinary, denormal) != Vector128<ulong>.AllBitsSet)
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }

    public static bool ReadExactly(CpuState* s, Op* op, byte* source)
    {
        var context = new FloatContext(s->Registers.Mxcsr);
        var destination = XmmRegisters.Get<T>(s, op->Destination);
        var operand = *(Vector128<T>*)source;
        var left = TArrangement.Left(destination, operand);
        var right = TArrangement.Right(destination, operand);
        var result = Vector128<T>.Zero;
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            result = result.WithElement(i, FloatElements.Compute<TOperation, T>(s, ref context, left.GetElement(i), right.GetElement(i), i));
        }

        if (!context.TryCommit(s, op))
        {
            return false;
        }

        XmmRegisters.Set(s, op->Destination, result);
        return true;
    }
}
