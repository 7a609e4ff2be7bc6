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
        registry.Add(Mnemonic.Addss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Addition, float>>(in i, b));
        registry.Add(Mnemonic.Addsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Addition, double>>(in i, b));
        registry.Add(Mnemonic.Subss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Subtraction, float>>(in i, b));
        registry.Add(Mnemonic.Subsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Subtraction, double>>(in i, b));
        registry.Add(Mnemonic.Mulss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Multiplication, float>>(in i, b));
        registry.Add(Mnemonic.Mulsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Multiplication, double>>(in i, b));
        registry.Add(Mnemonic.Divss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Division, float>>(in i, b));
        registry.Add(Mnemonic.Divsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<Division, double>>(in i, b));
        registry.Add(Mnemonic.Sqrtss, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<SquareRoot, float>>(in i, b));
        registry.Add(Mnemonic.Sqrtsd, (in Instruction i, BlockBuilder b) => SelectExact<ScalarArithmetic<SquareRoot, double>>(in i, b));
        registry.Add(Mnemonic.Addps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Addition, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Addpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Addition, double, Straight>>(in i, b));
        registry.Add(Mnemonic.Subps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Subtraction, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Subpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Subtraction, double, Straight>>(in i, b));
        registry.Add(Mnemonic.Mulps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Multiplication, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Mulpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Multiplication, double, Straight>>(in i, b));
        registry.Add(Mnemonic.Divps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Division, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Divpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Division, double, Straight>>(in i, b));
        registry.Add(Mnemonic.Sqrtps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<SquareRoot, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Sqrtpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<SquareRoot, double, Straight>>(in i, b));
        registry.Add(Mnemonic.Haddps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Addition, float, Neighbours>>(in i, b));
        registry.Add(Mnemonic.Haddpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Addition, double, Neighbours>>(in i, b));
        registry.Add(Mnemonic.Hsubps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Subtraction, float, Neighbours>>(in i, b));
        registry.Add(Mnemonic.Hsubpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<Subtraction, double, Neighbours>>(in i, b));
        registry.Add(Mnemonic.Addsubps, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<AlternatingSum, float, Straight>>(in i, b));
        registry.Add(Mnemonic.Addsubpd, (in Instruction i, BlockBuilder b) => SelectExact<PackedArithmetic<AlternatingSum, double, Straight>>(in i, b));
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
