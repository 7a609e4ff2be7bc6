using Iced.Intel;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>
/// Every instruction that the simulated CPU has, in every form, against the host's own CPU. A few cases a form; a thousand when QUIRE_TEST_ALL is set, as many
/// as QUIRE_TEST_CASES says.
/// </summary>
public sealed class InstructionsAgreeWithHostTests(ProcessorPair processors) : IClassFixture<ProcessorPair>
{
    private const int Seed = 20240611;

    private static int CasesPerForm =>
        int.TryParse(Environment.GetEnvironmentVariable("QUIRE_TEST_CASES"), out var cases) ? cases : string.IsNullOrEmpty(Environment.GetEnvironmentVariable("QUIRE_TEST_ALL")) ? 24 : 1000;

    public static TheoryData<Mnemonic> Instructions() => new(Forms.Mnemonics());

    [Theory]
    [MemberData(nameof(Instructions))]
    public void EveryFormAgreesWithTheHost(Mnemonic instruction)
    {
        var generator = new CaseGenerator(new Random(Seed + (int)instruction));
        foreach (var code in Forms.Codes(instruction))
        {
            var cases = generator.Cases(code).Take(CasesPerForm).ToList();
            processors.AssertAgree(cases);
        }
    }
}
