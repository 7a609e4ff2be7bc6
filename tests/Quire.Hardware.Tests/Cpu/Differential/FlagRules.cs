using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Which bits of RFLAGS the manual leaves undefined behind an instruction (Intel SDM vol. 2, "Flags Affected").</summary>
internal static class FlagRules
{
    /// <summary>Everything that a case compares: TF and the system flags are the tester's own.</summary>
    public const ulong Compared = RFlags.Arithmetic | RFlags.Direction | RFlags.AlignmentCheck;

    public static ulong Undefined(in Instruction instruction, in MachineState before)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr:
                var (count, bits) = Count(in instruction, in before);
                return UndefinedByCount(count) | (count >= bits ? RFlags.Carry : 0);
            case Mnemonic.Sar:
                return UndefinedByCount(Count(in instruction, in before).Count);
            case Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr:
                return UndefinedByCount(Count(in instruction, in before).Count) & RFlags.Overflow;
            case Mnemonic.Shld or Mnemonic.Shrd:
                (count, bits) = Count(in instruction, in before);
                return count > bits ? RFlags.Arithmetic : UndefinedByCount(count);
            default:
                return ToFlags(instruction.RflagsUndefined);
        }
    }

    /// <summary>A 16-bit double shift by more than 16 has no defined result either.</summary>
    public static bool ResultIsUndefined(in Instruction instruction, in MachineState before)
    {
        if (instruction.Mnemonic is not (Mnemonic.Shld or Mnemonic.Shrd))
        {
            return false;
        }

        var (count, bits) = Count(in instruction, in before);
        return count > bits;
    }

    // OF has a rule for single shifts only; AF none.
    private static ulong UndefinedByCount(int count) => count switch
    {
        0 => 0,
        1 => RFlags.Adjust,
        _ => RFlags.Adjust | RFlags.Overflow,
    };

    private static unsafe (int Count, int Bits) Count(in Instruction instruction, in MachineState before)
    {
        var bits = 8 * (instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize());
        var last = instruction.OpCount - 1;
        var raw = instruction.GetOpKind(last) == OpKind.Register ? (int)(byte)before.General[1] : (int)instruction.GetImmediate(last);
        return (raw & (bits == 64 ? 63 : 31), bits);
    }

    private static ulong ToFlags(RflagsBits bits)
    {
        var flags = 0UL;
        flags |= (bits & RflagsBits.CF) != 0 ? RFlags.Carry : 0;
        flags |= (bits & RflagsBits.PF) != 0 ? RFlags.Parity : 0;
        flags |= (bits & RflagsBits.AF) != 0 ? RFlags.Adjust : 0;
        flags |= (bits & RflagsBits.ZF) != 0 ? RFlags.Zero : 0;
        flags |= (bits & RflagsBits.SF) != 0 ? RFlags.Sign : 0;
        flags |= (bits & RflagsBits.OF) != 0 ? RFlags.Overflow : 0;
        return flags;
    }

    /// <summary>The flags that a conditional jump reads.</summary>
    public static ulong Read(in Instruction instruction) => ToFlags(instruction.RflagsRead);
}
