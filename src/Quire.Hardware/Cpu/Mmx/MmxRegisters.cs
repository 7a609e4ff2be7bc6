using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Hardware.Cpu.Sse;
using Quire.Hardware.Cpu.X87;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>
/// MM0 to MM7: the significands of the physical x87 registers R0 to R7, wherever the stack's top is (SDM vol. 1, 9.2.1).
/// Ops hold a register as its number times 8, the offset of its significand.
/// </summary>
internal static unsafe class MmxRegisters
{
    /// <summary>Of <see cref="CpuRegisters.X87Significand"/> in the state: it follows the XMM registers.</summary>
    private const int Start = XmmRegisters.Start + (16 * 16);

    private const ushort SignExponentOfIntegers = 0xFFFF;
    private const byte AllValid = 0xFF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Pointer(CpuState* s, byte offset) => (byte*)s + Start + offset;

    /// <summary>The register in the low half, zeros above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Get(CpuState* s, byte offset) => Vector128.CreateScalar(*(ulong*)Pointer(s, offset)).AsByte();

    /// <summary>Writes the register, with all ones where a number has its sign and exponent, and <see cref="Enter"/>s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(CpuState* s, byte offset, ulong value)
    {
        *(ulong*)Pointer(s, offset) = value;
        s->Registers.X87SignExponent[offset / sizeof(ulong)] = SignExponentOfIntegers;
        Enter(s);
    }

    /// <summary>What every MMX instruction does to the x87 state: TOP is 0, no register is empty. EMMS then empties all (SDM vol. 3A, table 12-2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(CpuState* s)
    {
        s->Registers.X87Status = (ushort)(s->Registers.X87Status & ~X87StatusWord.Top);
        s->Registers.X87Tags = AllValid;
    }
}
