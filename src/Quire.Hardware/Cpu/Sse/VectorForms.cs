using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>destination = f(destination, source), which never faults.</summary>
internal interface IVectorOperation
{
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right);
}

/// <summary>destination = f(destination, source, immediate)</summary>
internal interface IControlledOperation
{
    static abstract Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, int control);
}

/// <summary>destination = f(source)</summary>
internal interface IVectorFunction
{
    static abstract Vector128<byte> Apply(Vector128<byte> value);
}

/// <summary>destination = f(source, immediate)</summary>
internal interface IControlledFunction
{
    static abstract Vector128<byte> Apply(Vector128<byte> value, int control);
}

/// <summary>destination = f(source) of a source with the size of <typeparamref name="T"/></summary>
internal interface IScalarFunction<T>
    where T : unmanaged
{
    static abstract Vector128<byte> Apply(T value);
}

internal readonly struct Binary<TOperation> : IReader
    where TOperation : struct, IVectorOperation
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Read(CpuState* s, Op* op, byte* source)
    {
        XmmRegisters.Set(s, op->Destination, TOperation.Apply(XmmRegisters.Get(s, op->Destination), *(Vector128<byte>*)source));
    }
}

internal readonly struct Controlled<TOperation> : IReader
    where TOperation : struct, IControlledOperation
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Read(CpuState* s, Op* op, byte* source)
    {
        XmmRegisters.Set(s, op->Destination, TOperation.Apply(XmmRegisters.Get(s, op->Destination), *(Vector128<byte>*)source, op->Immediate));
    }
}

internal readonly struct Unary<TFunction> : IReader
    where TFunction : struct, IVectorFunction
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Read(CpuState* s, Op* op, byte* source)
    {
        XmmRegisters.Set(s, op->Destination, TFunction.Apply(*(Vector128<byte>*)source));
    }
}

internal readonly struct ControlledUnary<TFunction> : IReader
    where TFunction : struct, IControlledFunction
{
    public static int Size => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Read(CpuState* s, Op* op, byte* source)
    {
        XmmRegisters.Set(s, op->Destination, TFunction.Apply(*(Vector128<byte>*)source, op->Immediate));
    }
}

internal readonly struct FromScalar<TFunction, T> : IReader
    where TFunction : struct, IScalarFunction<T>
    where T : unmanaged
{
    public static unsafe int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Read(CpuState* s, Op* op, byte* source)
    {
        XmmRegisters.Set(s, op->Destination, TFunction.Apply(*(T*)source));
    }
}
