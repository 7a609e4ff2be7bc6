using Iced.Intel;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>Picks the instance of a handler for an operand width.</summary>
internal unsafe interface IByWidth
{
    // Not generic itself: the ahead-of-time compiler takes it like that, and no instance of it has to be compiled at the start of a run.
    static abstract delegate*<CpuState*, Op*, void> Of(int bytes);
}

internal static class Widths
{
    /// <summary>Bytes of operand 0, or of the given operand.</summary>
    public static int Of(in Instruction instruction, int operand = 0) =>
        instruction.GetOpKind(operand) == OpKind.Register ? instruction.GetOpRegister(operand).GetSize() : instruction.MemorySize.GetSize();

    public static bool IsImmediate(OpKind kind) => kind is OpKind.Immediate8 or OpKind.Immediate16 or OpKind.Immediate32 or OpKind.Immediate64
        or OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate8_2nd;
}
