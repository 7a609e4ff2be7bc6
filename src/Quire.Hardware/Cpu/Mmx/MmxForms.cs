using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Hardware.Cpu.Sse;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>How the 64-bit form of an operation lies in its 128-bit form, whose operands have zeros in their upper halves.</summary>
internal interface IMmxForm
{
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right);
}

/// <summary>In the low half: elements meet the elements above or below them in the other operand.</summary>
internal readonly struct Straight<TOperation> : IMmxForm
    where TOperation : struct, IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => TOperation.Apply(left, right);
}

/// <summary>The low half of what both operands together as left operand give: those that narrow or add neighbours.</summary>
internal readonly struct Joined<TOperation> : IMmxForm
    where TOperation : struct, IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        TOperation.Apply(Permutations.JoinHalves(left, right), Vector128<byte>.Zero);
}

/// <summary>The upper half of what interleaving low halves gives: interleaved upper halves of 64 bits.</summary>
internal readonly struct UpperHalf<TOperation> : IMmxForm
    where TOperation : struct, IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) =>
        Vector128.CreateScalar(TOperation.Apply(left, right).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>A result that depends on the source alone.</summary>
internal readonly struct OfSource<TFunction> : IMmxForm
    where TFunction : struct, IVectorFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right) => TFunction.Apply(right);
}

/// <summary>MMX register = f(MMX register, MMX register or 64 bits of memory)</summary>
internal readonly unsafe struct Packed<TForm> : IReader
    where TForm : struct, IMmxForm
{
    public static int Size => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(CpuState* s, Op* op, byte* source) =>
        MmxRegisters.Set(s, op->Destination, TForm.Apply(MmxRegisters.Get(s, op->Destination), Vector128.CreateScalar(*(ulong*)source).AsByte()).AsUInt64().ToScalar());
}

/// <summary>MMX register = f(MMX register, lower half of an MMX register or 32 bits of memory)</summary>
internal readonly unsafe struct PackedWithHalf<TForm> : IReader
    where TForm : struct, IMmxForm
{
    public static int Size => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(CpuState* s, Op* op, byte* source) =>
        MmxRegisters.Set(s, op->Destination, TForm.Apply(MmxRegisters.Get(s, op->Destination), Vector128.CreateScalar(*(uint*)source).AsByte()).AsUInt64().ToScalar());
}

/// <summary>MMX register = f(MMX register, MMX register or 64 bits of memory, immediate)</summary>
internal readonly unsafe struct PackedWithControl<TOperation> : IReader
    where TOperation : struct, IControlledOperation
{
    public static int Size => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(CpuState* s, Op* op, byte* source)
    {
        var result = TOperation.Apply(MmxRegisters.Get(s, op->Destination), Vector128.CreateScalar(*(ulong*)source).AsByte(), op->Immediate);
        MmxRegisters.Set(s, op->Destination, result.AsUInt64().ToScalar());
    }
}

/// <summary>Handlers of instructions with the source in an MMX register.</summary>
internal static unsafe class MmxSource<TReader>
    where TReader : struct, ISourceReader
{
    public static void Run(CpuState* s, Op* op) => OperandReading<TReader>.Continue(s, op, MmxRegisters.Pointer(s, op->Source));
}
