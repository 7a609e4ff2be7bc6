using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>The tester is shown bugs that it must catch.</summary>
public sealed class PlantedBugTests(ProcessorPair processors) : IClassFixture<ProcessorPair>
{
    private const int Cases = 40;

    private static readonly TestCase[] Additions = [.. new CaseGenerator(new Random(5)).Cases(Code.Add_rm64_r64).Take(Cases)];

    /// <summary>The simulated CPU runs the second in place of the first.</summary>
    public static TheoryData<Code, Code> Confusions() => new()
    {
        { Code.Add_rm32_r32, Code.Adc_rm32_r32 },
        { Code.Sub_rm8_r8, Code.Sbb_rm8_r8 },
        { Code.And_rm64_r64, Code.Or_rm64_r64 },
        { Code.Cmp_rm16_r16, Code.Sub_rm16_r16 },
        { Code.Shl_rm32_imm8, Code.Shr_rm32_imm8 },
        { Code.Rol_rm16_CL, Code.Rcl_rm16_CL },
        { Code.Mul_rm64, Code.Imul_rm64 },
        { Code.Div_rm32, Code.Idiv_rm32 },
        { Code.Cmovb_r64_rm64, Code.Cmovbe_r64_rm64 },
        { Code.Movzx_r32_rm8, Code.Movsx_r32_rm8 },
        { Code.Jl_rel8_64, Code.Jle_rel8_64 },
        { Code.Bts_rm32_r32, Code.Btc_rm32_r32 },
        { Code.Xadd_rm32_r32, Code.Cmpxchg_rm32_r32 },
        { Code.Push_r64, Code.Pop_r64 },
        { Code.Inc_rm8, Code.Dec_rm8 },
    };

    [Theory]
    [MemberData(nameof(Confusions))]
    public void AnotherInstructionInItsPlaceIsReported(Code code, Code other)
    {
        var cases = new CaseGenerator(new Random(7)).Cases(code).Take(Cases).ToList();
        var expected = processors.RunOnHost(cases);
        var reports = cases.Zip(expected, (test, host) => Comparison.Differences(test, host, processors.Simulate(Replaced(test, other))));

        Assert.Contains(reports, report => report.Count != 0);
    }

    [Fact]
    public void AnyDefinedFlagThatIsWrongIsReported()
    {
        foreach (var flag in (ulong[])[RFlags.Carry, RFlags.Parity, RFlags.Adjust, RFlags.Zero, RFlags.Sign, RFlags.Overflow, RFlags.Direction])
        {
            AssertReported("flags", outcome => outcome.State.Flags ^= flag);
        }
    }

    [Fact]
    public unsafe void AnyRegisterThatIsWrongIsReported()
    {
        for (var register = 0; register < 16; register++)
        {
            AssertReported(((GeneralRegister)register).ToString(), outcome => outcome.State.General[register] ^= 1UL << 63);
            AssertReported($"xmm{register}", outcome => outcome.State.Store(MachineState.XmmOffset + (register * 16) + 8, 0x0123_4567_89AB_CDEFUL));
        }

        AssertReported("rip", outcome => outcome.State.Rip++);
        AssertReported("mxcsr", outcome => outcome.State.Mxcsr ^= 1);
    }

    [Fact]
    public void AnyX87StateThatIsWrongIsReported()
    {
        for (var register = 0; register < 8; register++)
        {
            var offset = MachineState.StackOffset + (register * 16);
            AssertReported($"st{register} significand", outcome => outcome.State.Store(offset, outcome.State.Load<ulong>(offset) ^ 1));
            AssertReported($"st{register} exponent", outcome => outcome.State.Store(offset + 8, (ushort)(outcome.State.Load<ushort>(offset + 8) ^ 0x8000)));
        }

        AssertReported("x87 control", outcome => outcome.State.X87Control ^= 1);
        AssertReported("x87 status", outcome => outcome.State.X87Status ^= 1);
        AssertReported("x87 tags", outcome => outcome.State.X87Tags ^= 1);
    }

    [Fact]
    public void AWrongTrapIsReported()
    {
        AssertReported("trap", outcome => outcome.Trap = Trap.DivideError);
        AssertReported("fault address", outcome => outcome.FaultAddress ^= 1);
    }

    [Fact]
    public void AWrongOrMissingStoreIsReported()
    {
        AssertReported("memory", outcome => outcome.Changes = [.. outcome.Changes, new MemoryChange(GuestLayout.Stack, 1)]);
        Assert.Contains(processors.RunOnHost(Additions).Zip(Additions), pair =>
        {
            var simulated = processors.Simulate(pair.Second);
            simulated.Changes = [];
            return Comparison.Differences(pair.Second, pair.First, simulated).Exists(line => line.StartsWith("memory", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void AnUndefinedFlagMayBeAnything()
    {
        var cases = new CaseGenerator(new Random(9)).Cases(Code.And_rm32_r32).Take(Cases).Where(test => test.Follower == Follower.Breakpoint).ToList();
        foreach (var (test, host) in cases.Zip(processors.RunOnHost(cases)).Where(pair => pair.Second.Trap == Trap.Breakpoint))
        {
            var simulated = processors.Simulate(test);
            simulated.State.Flags ^= RFlags.Adjust;
            Assert.Empty(Comparison.Differences(test, host, simulated));
        }
    }

    // A case that agrees does not agree any more once its outcome is spoilt.
    private void AssertReported(string what, Action<Outcome> spoil)
    {
        var test = Additions.First(candidate => candidate.Follower == Follower.Breakpoint);
        var host = processors.RunOnHost([test])[0];
        var simulated = processors.Simulate(test);
        Assert.Empty(Comparison.Differences(test, host, simulated));
        spoil(simulated);
        Assert.Contains(Comparison.Differences(test, host, simulated), line => line.StartsWith(what, StringComparison.Ordinal));
    }

    private static unsafe TestCase Replaced(TestCase test, Code other)
    {
        var instruction = test.Instruction;
        instruction.Code = other;
        var bytes = EncodingGenerator.Encode(in instruction, test.Request.CodeAddress);
        var replaced = new TestCase(instruction, test.Target, test.Follower, test.Following) { Request = test.Request };
        fixed (byte* code = replaced.Request.Code)
        {
            bytes.CopyTo(new Span<byte>(code, Request.MaximumCode));
        }

        return replaced;
    }
}
