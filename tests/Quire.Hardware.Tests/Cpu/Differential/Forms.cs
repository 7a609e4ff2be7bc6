using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>The instructions that the simulated CPU claims to have, as encodings to try.</summary>
internal static class Forms
{
    private static readonly CpuidFeature[] Absent =
    [
        CpuidFeature.MOVBE, CpuidFeature.BMI1, CpuidFeature.BMI2, CpuidFeature.ADX, CpuidFeature.LZCNT, CpuidFeature.AES, CpuidFeature.PCLMULQDQ, CpuidFeature.SHA, CpuidFeature.SSE4A,
    ];

    // What the host's kernel, or its clock, answers and not the instruction alone; and far transfers, which flat programs do not make.
    private static readonly HashSet<Mnemonic> Untestable =
    [
        Mnemonic.Syscall, Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Int, Mnemonic.Int1,
    ];

    public static IEnumerable<Mnemonic> Mnemonics() =>
        Enum.GetValues<Mnemonic>().Where(mnemonic => SelectorTable.Find(mnemonic) is not null && !Untestable.Contains(mnemonic) && !IsApproximation(mnemonic) && Codes(mnemonic).Any());

    public static IEnumerable<Code> Codes(Mnemonic mnemonic) => Enum.GetValues<Code>().Where(code => code.Mnemonic() == mnemonic && IsTestable(code));

    private static bool IsTestable(Code code)
    {
        var form = code.ToOpCode();
        return form.Mode64 && form.IntelDecoder64 && !IsUndefined(code) && form.Encoding == EncodingKind.Legacy && form.IsInstruction && !form.Fwait
            && !code.CpuidFeatures().Any(feature => Absent.Contains(feature)) && !IsFar(code)
            && Enumerable.Range(0, form.OpCount).All(operand => EncodingGenerator.CanMake(form.GetOpKind(operand), operand));
    }

    // Every processor has bits of its own here.
    private static bool IsApproximation(Mnemonic mnemonic) => mnemonic is Mnemonic.Rcpss or Mnemonic.Rcpps or Mnemonic.Rsqrtss or Mnemonic.Rsqrtps;

    // What processors disagree about or the manual leaves open, and what would take the native program's own thread pointer away.
    private static bool IsUndefined(Code code) => code is Code.Bswap_r16 or Code.Reservednop_rm16_r16_0F0D or Code.Reservednop_rm32_r32_0F0D or Code.Reservednop_rm64_r64_0F0D
        or Code.Popw_FS or Code.Popw_GS or Code.Popq_FS or Code.Popq_GS;

    private static bool IsFar(Code code) => code is Code.Jmp_m1616 or Code.Jmp_m1632 or Code.Jmp_m1664 or Code.Call_m1616 or Code.Call_m1632 or Code.Call_m1664
        || code.Mnemonic() is Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;
}
