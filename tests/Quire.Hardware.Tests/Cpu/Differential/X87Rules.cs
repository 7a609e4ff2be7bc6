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
    private const int Underflow = 1 << 4;
    private const int ErrorSummary = 1 << 7;

    public static void Compare(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        var hasEnteredMmx = host.Trap != Trap.Breakpoint && HasEnteredMmxState(test, host);
        var status = ~(Undefined(test, host, simulated) | (hasEnteredMmx ? Top : 0)) & 0xFFFF;
        Comparison.Compare(differences, "x87 control", host.State.X87Control, simulated.State.X87Control);
        Comparison.Compare(differences, "x87 status", host.State.X87Status & status, simulated.State.X87Status & status);
        if (!hasEnteredMmx)
        {
            Comparison.Compare(differences, "x87 tags", host.State.X87Tags, simulated.State.X87Tags);
        }

        // The image is in the order of the stack: the same register stands elsewhere in it where TOP is another.
        var turned = (simulated.State.X87Status >> 11) - (host.State.X87Status >> 11);
        for (var i = 0; i < 8; i++)
        {
            var there = MachineState.StackOffset + (((i + turned) & 7) * 16);
            var here = MachineState.StackOffset + (i * 16);
            if (IsTranscendental(test.Instruction.Mnemonic) && Int128.Abs(Ordered(in host.State, there) - Ordered(in simulated.State, here)) <= 1)
            {
                continue;
            }

            Comparison.Compare(differences, $"st{i} significand", host.State.Load<ulong>(there), simulated.State.Load<ulong>(here));
            Comparison.Compare(differences, $"st{i} exponent", host.State.Load<ushort>(there + 8), simulated.State.Load<ushort>(here + 8));
        }
    }

    /// <summary>An exception that is not masked became pending.</summary>
    public static bool LeavesUnmaskedException(TestCase test, Outcome outcome) => (outcome.State.X87Status & ErrorSummary & ~test.Request.State.X87Status) != 0;

    // Some processors make TOP 0, some of them all registers valid, too, before an instruction of several steps, a store, or MOVD faults: the simulated CPU
    // changes nothing.
    private static bool HasEnteredMmxState(TestCase test, Outcome host) =>
        (host.State.X87Status & Top) == 0 && (host.State.X87Tags == 0xFF || host.State.X87Tags == test.Request.State.X87Tags)
        && (test.Instruction.Mnemonic is Mnemonic.Maskmovq or Mnemonic.Cvtps2pi or Mnemonic.Cvttps2pi or Mnemonic.Cvtpd2pi or Mnemonic.Cvttpd2pi or Mnemonic.Cvtpi2ps or Mnemonic.Movd
            || (test.Instruction.Op0Kind == OpKind.Memory && test.Instruction.Op1Register.IsMM()));

    // Processors promise less than one unit in the last place for these (SDM vol. 1, 8.3.10).
    private static bool IsTranscendental(Mnemonic mnemonic) => mnemonic is Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1 or Mnemonic.Fpatan
        or Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan;

    // A result that may be the smallest normal number or its neighbour below is tiny or not by less than is promised.
    private static bool IsBesideSmallestNormal(in MachineState state)
    {
        var smallest = (Int128)1 << 63;
        return Int128.Abs(Int128.Abs(Ordered(in state, MachineState.StackOffset)) - smallest) <= 1
            || Int128.Abs(Int128.Abs(Ordered(in state, MachineState.StackOffset + 16)) - smallest) <= 1;
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
    private static int Undefined(TestCase test, Outcome host, Outcome simulated)
    {
        if (LeavesUnmaskedException(test, host))
        {
            return C0 | C1 | C2 | C3;
        }

        return test.Instruction.Mnemonic switch
        {
            var function when IsTranscendental(function) => C0 | C1 | C3 | (IsBesideSmallestNormal(in host.State) || IsBesideSmallestNormal(in simulated.State) ? Underflow : 0),
            Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip => C1,
            Mnemonic.Ffree or Mnemonic.Ffreep => C0 | C1 | C2 | C3,
            _ => 0,
        };
    }
}
