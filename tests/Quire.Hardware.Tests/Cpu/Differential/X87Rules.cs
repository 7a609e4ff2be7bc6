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
    private const int Top = 7 << 11;

    public static void Compare(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        if (host.Trap != Trap.Breakpoint && HasEnteredMmxState(test, host))
        {
            return;
        }

        var status = ~Undefined(test, host) & 0xFFFF;
        Comparison.Compare(differences, "x87 control", host.State.X87Control, simulated.State.X87Control);
        Comparison.Compare(differences, "x87 status", host.State.X87Status & status, simulated.State.X87Status & status);
        Comparison.Compare(differences, "x87 tags", host.State.X87Tags, simulated.State.X87Tags);
        for (var i = 0; i < 8; i++)
        {
            var offset = MachineState.StackOffset + (i * 16);
            if (IsTranscendental(test.Instruction.Mnemonic) && IsNeighbour(in host.State, in simulated.State, offset))
            {
                continue;
            }

            Comparison.Compare(differences, $"st{i} significand", host.State.Load<ulong>(offset), simulated.State.Load<ulong>(offset));
            Comparison.Compare(differences, $"st{i} exponent", host.State.Load<ushort>(offset + 8), simulated.State.Load<ushort>(offset + 8));
        }
    }

    // Some processors make TOP 0 and all registers valid before an instruction of several steps, a store, or MOVD faults, where the simulated CPU changes nothing.
    private static bool HasEnteredMmxState(TestCase test, Outcome host) =>
        (host.State.X87Status & Top) == 0 && host.State.X87Tags == 0xFF
        && (test.Instruction.Mnemonic is Mnemonic.Maskmovq or Mnemonic.Cvtps2pi or Mnemonic.Cvttps2pi or Mnemonic.Cvtpd2pi or Mnemonic.Cvttpd2pi or Mnemonic.Cvtpi2ps or Mnemonic.Movd
            || (test.Instruction.Op0Kind == OpKind.Memory && test.Instruction.Op1Register.IsMM()));

    // Processors promise less than one unit in the last place for these (SDM vol. 1, 8.3.10).
    private static bool IsTranscendental(Mnemonic mnemonic) => mnemonic is Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1 or Mnemonic.Fpatan
        or Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan;

    private static bool IsNeighbour(in MachineState host, in MachineState simulated, int offset)
    {
        var there = Ordered(in host, offset);
        var here = Ordered(in simulated, offset);
        return Int128.Abs(there - here) <= 1;
    }

    // Neighbouring numbers as neighbouring integers: the significand without its integer bit below the exponent.
    private static Int128 Ordered(in MachineState state, int offset)
    {
        var signExponent = state.Load<ushort>(offset + 8);
        var magnitude = ((Int128)(signExponent & 0x7FFF) << 63) | (state.Load<ulong>(offset) & (ulong.MaxValue >> 1));
        return (signExponent & 0x8000) != 0 ? -magnitude : magnitude;
    }

    /// <summary>Takes instruction and data pointers out of a stored environment, and from an FXSAVE image the mask of MXCSR's bits, too.</summary>
    public static void ForgetPointers(TestCase test, Outcome outcome)
    {
        switch (test.Instruction.Code)
        {
            case Code.Fnstenv_m14byte or Code.Fnsave_m94byte:
                Forget(test, outcome, 6, 14);
                break;
            case Code.Fnstenv_m28byte or Code.Fnsave_m108byte:
                Forget(test, outcome, 12, 28);
                break;
            case Code.Fxsave_m512byte or Code.Fxsave64_m512byte:
                Forget(test, outcome, 6, MachineState.MxcsrOffset);
                Forget(test, outcome, MachineState.MxcsrOffset + 4, MachineState.StackOffset);
                break;
        }
    }

    private static void Forget(TestCase test, Outcome outcome, int from, int to)
    {
        if (test.Target is not { } target)
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
            var function when IsTranscendental(function) => C0 | C1 | C3,
            Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip => C1,
            Mnemonic.Ffree or Mnemonic.Ffreep => C0 | C1 | C2 | C3,
            _ => 0,
        };
    }
}
