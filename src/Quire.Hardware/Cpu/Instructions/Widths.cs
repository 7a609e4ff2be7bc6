using Iced.Intel;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>Picks the instance of a handler for an operand width.</summary>
internal unsafe interface IByWidth
{
    static abstract delegate*<CpuState*, Op*, void> Of<T>()
        where T : unmanaged, System.Numerics.IBinaryInteger<T>;
}

internal static unsafe class Widths
{
    /// <summary>Bytes of operand 0, or of the given operand.</summary>
    public static int Of(in Instruction instruction, int operand = 0) =>
        instruction.GetOpKind(operand) == OpKind.Register ? instruction.GetOpRegister(operand).GetSize() : instruction.MemorySize.GetSize();

    public static delegate*<CpuState*, Op*, void> Select<THandler>(int bytes)
        where THandler : IByWidth => bytes switch
        {
            1 => THandler.Of<byte>(),
            2 => THandler.Of<ushort>(),
            4 => THandler.Of<uint>(),
            8 => THandler.Of<ulong>(),
            _ => throw new InvalidOperationException($"no general operand has {bytes} bytes"),
        };

    public static bool IsImmediate(OpKind kind) => kind is OpKind.Immediate8 or OpKind.Immediate16 or OpKind.Immediate32 or OpKind.Immediate64
        or OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate8_2nd;
}
