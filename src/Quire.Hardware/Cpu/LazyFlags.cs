using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu;

/// <summary>Bits of RFLAGS (Intel SDM vol. 1, 3.4.3).</summary>
public static class RFlags
{
    public const ulong Carry = 1 << 0;
    public const ulong Fixed = 1 << 1;
    public const ulong Parity = 1 << 2;
    public const ulong Adjust = 1 << 4;
    public const ulong Zero = 1 << 6;
    public const ulong Sign = 1 << 7;
    public const ulong Trap = 1 << 8;
    public const ulong InterruptEnable = 1 << 9;
    public const ulong Direction = 1 << 10;
    public const ulong Overflow = 1 << 11;
    public const ulong NestedTask = 1 << 14;
    public const ulong AlignmentCheck = 1 << 18;
    public const ulong Identification = 1 << 21;
    public const ulong Arithmetic = Carry | Parity | Adjust | Zero | Sign | Overflow;
}

/// <summary>
/// CF PF AF ZF SF OF, each derived when somebody asks. Invariants:
/// Result is the operation's result sign-extended to 64 bits: ZF is Result == 0.
/// Carry has the carry out of the operand's top bit in bit 63 (CF) and the carry into the top bit in bit 62: OF is their difference.
/// Adjust has AF in bit 4, in bits 8-15 a byte whose parity corrects that of Result's low byte, and in bit 31 a correction of the sign;
/// arithmetic leaves both corrections zero, so that flags loaded from outside (POPF) can take any combination.
/// </summary>
public struct LazyFlags
{
    public const ulong SignCorrection = 1UL << 31;

    public ulong Result;
    public ulong Carry;
    public ulong Adjust;

    public readonly bool CarryFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)Carry < 0;
    }

    public readonly bool ZeroFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Result == 0;
    }

    public readonly bool SignFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Result ^ (Adjust << 32)) < 0;
    }

    public readonly bool OverflowFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Carry ^ (Carry << 1)) < 0;
    }

    public readonly bool AdjustFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Adjust & RFlags.Adjust) != 0;
    }

    public readonly bool ParityFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (BitOperations.PopCount((byte)(Result ^ (Adjust >> 8))) & 1) == 0;
    }

    public readonly bool LessFlag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)(Result ^ (Adjust << 32) ^ Carry ^ (Carry << 1)) < 0;
    }

    /// <summary>The six bits at their places in RFLAGS.</summary>
    public readonly ulong ToFlags() =>
        (CarryFlag ? RFlags.Carry : 0) | (ParityFlag ? RFlags.Parity : 0) | (AdjustFlag ? RFlags.Adjust : 0)
        | (ZeroFlag ? RFlags.Zero : 0) | (SignFlag ? RFlags.Sign : 0) | (OverflowFlag ? RFlags.Overflow : 0);

    public static LazyFlags FromFlags(ulong flags)
    {
        var zero = (flags & RFlags.Zero) != 0;
        var carry = (flags & RFlags.Carry) != 0;
        var overflow = (flags & RFlags.Overflow) != 0;
        var result = zero ? 0UL : 1UL;
        var oddParity = (flags & RFlags.Parity) == 0;
        var correction = oddParity == !zero ? 0UL : 1UL;
        return new LazyFlags
        {
            Result = result,
            Carry = (carry ? 1UL << 63 : 0) | (carry != overflow ? 1UL << 62 : 0),
            Adjust = (flags & RFlags.Adjust) | (correction << 8) | ((flags & RFlags.Sign) != 0 ? SignCorrection : 0),
        };
    }
}
