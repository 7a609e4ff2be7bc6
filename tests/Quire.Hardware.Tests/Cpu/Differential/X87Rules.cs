using Iced.Intel;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>
/// What is compared of the x87 state: everything but the pointers to the last instruction and operand, which the simulated CPU does not keep and processors
/// save differently, and condition bits where the manual leaves them undefined.
/// </summary>
internal static class X87Rules
{
    private const int C0 = 1 << 8;
    private const int C1 = 1 << 9;
    private const int C2 = 1 << 10;
    private const int C3 = 1 << 14;

    public static void Compare(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        var status = ~Undefined(test, host) & 0xFFFF;
        Comparison.Compare(differences, "x87 control", host.State.X87Control, simulated.State.X87Control);
        Comparison.Compare(differences, "x87 status", host.State.X87Status & status, simulated.State.X87Status & status);
        Comparison.Compare(differences, "x87 tags", host.State.X87Tags, simulated.State.X87Tags);
        for (var i = 0; i < 8; i++)
        {
            var offset = MachineState.StackOffset + (i * 16);
            Comparison.Compare(differences, $"st{i} significand", host.State.Load<ulong>(offset), simulated.State.Load<ulong>(offset));
            Comparison.Compare(differences, $"st{i} exponent", host.State.Load<ushort>(offset + 8), simulated.State.Load<ushort>(offset + 8));
        }
    }

    /// <summary>Takes instruction and data pointers out of a stored environment.</summary>
    public static void ForgetPointers(TestCase test, Outcome outcome)
    {
        var (from, to) = test.Instruction.Code switch
        {
            Code.Fnstenv_m14byte or Code.Fnsave_m94byte => (6, 14),
            Code.Fnstenv_m28byte or Code.Fnsave_m108byte => (12, 28),
            Code.Fxsave_m512byte or Code.Fxsave64_m512byte => (6, 24),
            _ => (0, 0),
        };
        if (to == 0 || test.Target is not { } target)
        {
            return;
        }

        outcome.Changes = [.. outcome.Changes.Select(change => new MemoryChange(change.Address, change.Value & ~Covered(change.Address, target + (uint)from, target + (uint)to)))];
    }

    // The bytes of a quadword that lie between the addresses.
    private static ulong Covered(ulong quadword, ulong from, ulong to)
    {
        var mask = 0UL;
        for (var i = 0; i < 8; i++)
        {
            if (quadword + (uint)i >= from && quadword + (uint)i < to)
            {
                mask |= 0xFFUL << (i * 8);
            }
        }

        return mask;
    }

    // SDM vol. 2: "FPU Flags Affected". Processors differ in C1 behind FCOMI, and in all conditions after an unmasked exception.
    private static int Undefined(TestCase test, Outcome host)
    {
        const int ErrorSummary = 1 << 7;
        if ((host.State.X87Status & ErrorSummary & ~test.Request.State.X87Status) != 0)
        {
            return C0 | C1 | C2 | C3;
        }

        return test.Instruction.Mnemonic switch
        {
            Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip => C1,
            Mnemonic.Ffree or Mnemonic.Ffreep => C0 | C1 | C2 | C3,
            _ => 0,
        };
    }
}
