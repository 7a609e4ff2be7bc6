using System.Diagnostics;
using Iced.Intel;

namespace Quire.Hardware.Cpu;

/// <summary>A memory operand as an <see cref="Op"/> holds it.</summary>
internal readonly record struct MemoryOperand(byte Base, byte Index, byte Scale, long Displacement, OperandPlace Place = OperandPlace.Fixed)
{
    public bool IsIndexed => Index != Operands.ZeroRegister;
}

/// <summary>Where the displacement of a memory operand is counted from.</summary>
internal enum OperandPlace
{
    /// <summary>It is the same wherever the code lies.</summary>
    Fixed,

    /// <summary>Relative to RIP: it holds the address that this is for the code's own.</summary>
    RelativeToCode,
}

/// <summary>From Iced's registers to the byte offsets that ops use.</summary>
internal static class Operands
{
    public const byte ZeroRegister = 16 * 8;
    public const byte FsBase = 17 * 8;
    public const byte GsBase = 18 * 8;
    public const byte AddressScratch = 20 * 8;

    /// <summary>Offset of a general register or its part; AH, CH, DH, BH are the second byte of their register.</summary>
    public static byte Offset(Register register)
    {
        if (register is >= Register.AH and <= Register.BH)
        {
            return (byte)(((register - Register.AH) * 8) + 1);
        }

        Debug.Assert(register.IsGPR(), "not a general register");
        return (byte)((register.GetFullRegister() - Register.RAX) * 8);
    }

    /// <summary>Offset of an XMM register from the start of the XMM array.</summary>
    public static byte XmmOffset(Register register) => (byte)((register - Register.XMM0) * 16);

    public static byte SegmentBase(Register segment) => segment == Register.FS ? FsBase : GsBase;
}
