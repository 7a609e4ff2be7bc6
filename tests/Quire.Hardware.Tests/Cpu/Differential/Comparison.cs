using System.Text;
using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Finds where two outcomes of a case disagree, in all that the manual defines.</summary>
internal static class Comparison
{
    private const int LongestSingleAccess = 16;

    /// <summary>FNSTENV with 16-bit operands.</summary>
    private const int SmallEnvironment = 14;

    /// <summary>From here on the host has pages of its own: the program's stack, the kernel's half.</summary>
    private const ulong HostOwn = 0x5000_0000_0000;

    /// <summary>One line a difference, "host, simulated"; empty if there is none.</summary>
    public static List<string> Differences(TestCase test, Outcome host, Outcome simulated)
    {
        var differences = new List<string>();
        if (IsRefusedSplitLock(test, host) || IsChoiceOfFault(test, host, simulated))
        {
            return differences;
        }

        Compare(differences, "trap", Merged(host.Trap), Merged(simulated.Trap));
        if (differences.Count != 0)
        {
            return differences;
        }

        if (host.Trap == Trap.GeneralProtection && IsIndirectJump(test.Instruction.FlowControl))
        {
            // Differs from hardware: a jump to a non-canonical address is done, and the fetch behind it faults.
            return differences;
        }

        CompareFaults(differences, test, host, simulated);
        Compare(differences, "rip", host.State.Rip, simulated.State.Rip);
        var resultIsUndefined = FlagRules.ResultIsUndefined(test.Instruction, in test.Request.State);
        CompareRegisters(differences, test, host, simulated, resultIsUndefined);
        var compared = FlagRules.Compared & ~UndefinedFlags(test, host);
        Compare(differences, "flags", host.State.Flags & compared, simulated.State.Flags & compared);
        CompareVectors(differences, test, host, simulated);
        X87Rules.Compare(differences, test, host, simulated);
        if (!resultIsUndefined)
        {
            CompareMemory(differences, test, host, simulated);
        }

        return differences;
    }

    /// <summary>The case in words, with all it started from.</summary>
    public static unsafe string Describe(TestCase test)
    {
        var text = new StringBuilder();
        text.Append(test.Instruction.ToString()).Append("  [").Append(test.Instruction.Code).Append(']');
        if (test.Follower != Follower.Breakpoint)
        {
            text.Append("; ").Append(test.Following.ToString());
        }

        fixed (Request* request = &test.Request)
        {
            text.Append("\n  bytes ").Append(Convert.ToHexString(new ReadOnlySpan<byte>(request->Code, request->CodeBytes))).Append($" at {request->CodeAddress:x}");
            for (var i = 0; i < 16; i++)
            {
                text.Append($"{(i % 4 == 0 ? "\n  " : " ")}{(GeneralRegister)i}={request->State.General[i]:x16}");
            }

            text.Append($"\n  flags={request->State.Flags:x} mxcsr={request->State.Mxcsr:x} fcw={request->State.X87Control:x4} fsw={request->State.X87Status:x4} tags={request->State.X87Tags:x2}");
            text.Append($"\n  memory at {request->PatchAddress:x}: ").Append(Convert.ToHexString(new ReadOnlySpan<byte>(request->Patch, Math.Min(128, request->PatchBytes))));
            for (var i = 0; i < 8; i++)
            {
                text.Append($"{(i % 4 == 0 ? "\n  " : " ")}st{i}={request->State.Load<ushort>(MachineState.StackOffset + (i * 16) + 8):x4}:{request->State.Load<ulong>(MachineState.StackOffset + (i * 16)):x16}");
            }

            for (var i = 0; i < 16; i++)
            {
                text.Append($"{(i % 4 == 0 ? "\n  " : " ")}xmm{i}={request->State.Load<UInt128>(MachineState.XmmOffset + (i * 16)):x32}");
            }
        }

        return text.ToString();
    }

    internal static void Compare<T>(List<string> differences, string what, T host, T simulated)
        where T : notnull
    {
        if (!host.Equals(simulated))
        {
            differences.Add($"{what}: host {Text(host)}, simulated {Text(simulated)}");
        }
    }

    private static string Text<T>(T value) => value switch
    {
        Trap trap => trap.ToString(),
        IFormattable number => number.ToString("x", null),
        _ => $"{value}",
    };

    // Where an instruction has two reasons to fault, processors choose: an image that is misaligned and behind the canonical addresses (#GP or #SS), and a
    // number that cannot be stored in the format without an unmasked exception, which some find out before they look at the address (SDM vol. 3, 6.9).
    private static bool IsChoiceOfFault(TestCase test, Outcome host, Outcome simulated) => test.Instruction.Mnemonic switch
    {
        Mnemonic.Fxrstor or Mnemonic.Fxsave or Mnemonic.Fxrstor64 or Mnemonic.Fxsave64 =>
            (host.Trap, simulated.Trap) is (Trap.StackFault, Trap.GeneralProtection) or (Trap.GeneralProtection, Trap.StackFault),
        Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fbstp =>
            host.Trap == Trap.Breakpoint && simulated.Trap is Trap.PageFault or Trap.GeneralProtection or Trap.StackFault && X87Rules.LeavesUnmaskedException(test, host),
        _ => false,
    };

    // Linux with split_lock_detect=fatal lets the processor check alignment (SDM vol. 3, 9.1.2.3).
    private static bool IsRefusedSplitLock(TestCase test, Outcome host) =>
        host.Trap == Trap.AlignmentCheck && (test.Instruction.HasLockPrefix || test.Instruction.Mnemonic == Mnemonic.Xchg);

    // The simulated CPU leaves it to the kernel to tell x87 from SSE exceptions.
    private static Trap Merged(Trap trap) => trap == Trap.SimdError ? Trap.X87Error : trap;

    private static ulong UndefinedFlags(TestCase test, Outcome host) =>
        host.Trap != Trap.Breakpoint || test.Follower == Follower.Compare ? 0 : FlagRules.Undefined(test.Instruction, in test.Request.State);

    private static bool IsIndirectJump(FlowControl control) => control is FlowControl.IndirectBranch or FlowControl.IndirectCall or FlowControl.Return;

    // An image of many parts is moved in an order of the processor's own, so that any of its pages may be named.
    private static void CompareFaults(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        var size = test.Instruction.MemorySize.GetSize();
        if (size > LongestSingleAccess || size == SmallEnvironment)
        {
            return;
        }

        if (IsOtherPageOfSameAccess(test, host, simulated))
        {
            return;
        }

        // Of a store under a mask any byte that is stored may be named.
        var whole = IsMaskedStore(test) ? ~(ulong)(GuestLayout.PageBytes - 1) : ulong.MaxValue;
        Compare(differences, "fault address", host.FaultAddress & whole, simulated.FaultAddress & whole);
        if (host.FaultAddress < HostOwn)
        {
            Compare(differences, "fault error", host.Error, simulated.Error);
        }
    }

    // An access that reaches into two pages of which neither allows it may fault at either: no manual gives an order.
    private static bool IsOtherPageOfSameAccess(TestCase test, Outcome host, Outcome simulated)
    {
        const uint Present = 1;
        const uint Write = 2;
        if (host.Trap != Trap.PageFault || (host.Error ^ simulated.Error) > Present)
        {
            return false;
        }

        var first = Math.Min(host.FaultAddress, simulated.FaultAddress);
        var second = Math.Max(host.FaultAddress, simulated.FaultAddress);
        var isAtBorder = (second & (GuestLayout.PageBytes - 1)) == 0 || IsMaskedStore(test);
        var isMapped = GuestLayout.IsMapped(host.FaultAddress);
        var isRefused = !isMapped || ((host.Error & Write) != 0 && !GuestLayout.IsWritable(host.FaultAddress));
        return first / GuestLayout.PageBytes != second / GuestLayout.PageBytes && isAtBorder && second - first < LongestSingleAccess
            && isRefused && isMapped == ((host.Error & Present) != 0);
    }

    private static bool IsMaskedStore(TestCase test) => test.Instruction.Mnemonic is Mnemonic.Maskmovq or Mnemonic.Maskmovdqu;

    private static unsafe void CompareRegisters(List<string> differences, TestCase test, Outcome host, Outcome simulated, bool resultIsUndefined)
    {
        var ignored = resultIsUndefined && test.Instruction.Op0Kind == OpKind.Register ? test.Instruction.Op0Register.GetFullRegister() - Register.RAX : -1;
        for (var i = 0; i < 16; i++)
        {
            if (i != ignored)
            {
                var compared = IsLeftNarrow(test, host, (GeneralRegister)i) ? uint.MaxValue : ulong.MaxValue;
                Compare(differences, ((GeneralRegister)i).ToString(), host.State.General[i] & compared, simulated.State.General[i] & compared);
            }
        }
    }

    // With the address-size prefix processors differ in when they cut the upper halves off: at once, or with the first element that is done.
    private static unsafe bool IsLeftNarrow(TestCase test, Outcome host, GeneralRegister register)
    {
        var instruction = test.Instruction;
        return register is GeneralRegister.Rcx or GeneralRegister.Rsi or GeneralRegister.Rdi && instruction.IsStringInstruction
            && (instruction.HasRepPrefix || instruction.HasRepnePrefix)
            && (host.Trap != Trap.Breakpoint || (uint)test.Request.State.General[(int)GeneralRegister.Rcx] == 0)
            && Enumerable.Range(0, instruction.OpCount).Select(operand => test.Instruction.GetOpKind(operand)).Any(kind => kind is OpKind.MemorySegESI or OpKind.MemoryESEDI);
    }

    // Which of several NaNs a sum of products passes on is the processor's own choice (SDM vol. 2, DPPS, DPPD): each becomes the same one.
    private static unsafe void ForgetNaNs(TestCase test, Outcome outcome)
    {
        fixed (byte* image = outcome.State.Fx)
        {
            for (var i = 0; i < 32 && test.Instruction.Mnemonic == Mnemonic.Dppd; i++)
            {
                var element = (double*)(image + MachineState.XmmOffset) + i;
                *element = double.IsNaN(*element) ? double.NaN : *element;
            }

            for (var i = 0; i < 64; i++)
            {
                var element = (float*)(image + MachineState.XmmOffset) + i;
                *element = float.IsNaN(*element) ? float.NaN : *element;
            }
        }
    }

    private static void CompareVectors(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        Compare(differences, "mxcsr", host.State.Mxcsr, simulated.State.Mxcsr);
        if (test.Instruction.Mnemonic is Mnemonic.Dpps or Mnemonic.Dppd)
        {
            ForgetNaNs(test, host);
            ForgetNaNs(test, simulated);
        }

        for (var i = 0; i < 16; i++)
        {
            var offset = MachineState.XmmOffset + (i * 16);
            Compare(differences, $"xmm{i}", host.State.Load<UInt128>(offset), simulated.State.Load<UInt128>(offset));
        }
    }

    private static void CompareMemory(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        X87Rules.ForgetPointers(test, host);
        X87Rules.ForgetPointers(test, simulated);
        foreach (var change in host.Changes.Union(simulated.Changes).OrderBy(change => change.Address).DistinctBy(change => change.Address))
        {
            var there = host.Changes.Where(other => other.Address == change.Address).Select(other => (ulong?)other.Value).FirstOrDefault();
            var here = simulated.Changes.Where(other => other.Address == change.Address).Select(other => (ulong?)other.Value).FirstOrDefault();
            if (there != here && !IsPartOfTornStore(test, host, change.Address))
            {
                differences.Add($"memory {change.Address:x}: host {(there is { } h ? h.ToString("x16") : "unchanged")}, simulated {(here is { } s ? s.ToString("x16") : "unchanged")}");
            }
        }
    }

    // Ten bytes are stored in two parts: where the second faults, some processors have done the first (SDM vol. 3, 9.1.1: such an access may be several).
    private static bool IsPartOfTornStore(TestCase test, Outcome host, ulong quadword) =>
        host.Trap == Trap.PageFault && test.Instruction.Mnemonic is Mnemonic.Fstp or Mnemonic.Fbstp && test.Instruction.MemorySize.GetSize() == 10
        && test.Target is { } target && quadword + 8 > target && quadword < target + 10;
}
