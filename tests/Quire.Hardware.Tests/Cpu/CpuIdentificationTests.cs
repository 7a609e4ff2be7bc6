using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Tests.Cpu.Differential;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>What CPUID says against what the CPU does: each announced feature has all its instructions, an absent one none.</summary>
public sealed class CpuIdentificationTests
{
    // By leaf, register and bit (SDM vol. 2, CPUID, tables 3-10 and 3-11; APM vol. 3, E.3).
    private static readonly Dictionary<(uint Leaf, char Register, int Bit), CpuidFeature[]> Instructions = new()
    {
        [(1, 'd', 0)] = [CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387],
        [(1, 'd', 4)] = [CpuidFeature.TSC],
        [(1, 'd', 8)] = [CpuidFeature.CX8],
        [(1, 'd', 15)] = [CpuidFeature.CMOV],
        [(1, 'd', 19)] = [CpuidFeature.CLFSH],
        [(1, 'd', 23)] = [CpuidFeature.MMX],
        [(1, 'd', 24)] = [CpuidFeature.FXSR],
        [(1, 'd', 25)] = [CpuidFeature.SSE],
        [(1, 'd', 26)] = [CpuidFeature.SSE2],
        [(1, 'c', 0)] = [CpuidFeature.SSE3],
        [(1, 'c', 9)] = [CpuidFeature.SSSE3],
        [(1, 'c', 13)] = [CpuidFeature.CMPXCHG16B],
        [(1, 'c', 19)] = [CpuidFeature.SSE4_1],
        [(1, 'c', 20)] = [CpuidFeature.SSE4_2],
        [(1, 'c', 23)] = [CpuidFeature.POPCNT],
        [(0x8000_0001, 'd', 11)] = [CpuidFeature.SYSCALL],
        [(0x8000_0001, 'd', 27)] = [CpuidFeature.RDTSCP],
        [(0x8000_0001, 'd', 29)] = [CpuidFeature.X64],
    };

    // Bits about paging, and LAHF, which is older than CPUID and says with its bit only that it is back in 64-bit mode.
    private static readonly HashSet<(uint Leaf, char Register, int Bit)> WithoutInstructions =
        [(0x8000_0001, 'd', 20), (0x8000_0001, 'd', 26), (0x8000_0001, 'c', 0)];

    // Hints are no-operations, TZCNT and LZCNT are BSF and BSR where the feature is absent; RDMSR, WRMSR and RDPMC are the kernel's (#GP).
    private static readonly HashSet<Mnemonic> DefinedWithoutFeature =
    [
        Mnemonic.Pause, Mnemonic.Nop, Mnemonic.Reservednop, Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchwt1, Mnemonic.Prefetchit0,
        Mnemonic.Prefetchit1, Mnemonic.Cldemote, Mnemonic.Rdsspd, Mnemonic.Rdsspq, Mnemonic.Endbr64, Mnemonic.Endbr32, Mnemonic.Tzcnt, Mnemonic.Lzcnt,
        Mnemonic.Rdmsr, Mnemonic.Wrmsr, Mnemonic.Rdpmc,
    ];

    public static TheoryData<uint, char, int> AnnouncedBits()
    {
        var bits = new TheoryData<uint, char, int>();
        foreach (var (leaf, register, bit) in Announced().Except(WithoutInstructions))
        {
            bits.Add(leaf, register, bit);
        }

        return bits;
    }

    [Theory]
    [MemberData(nameof(AnnouncedBits))]
    public void EveryInstructionOfAnAnnouncedFeatureRuns(uint leaf, char register, int bit)
    {
        var features = Instructions[(leaf, register, bit)];
        var forms = Enum.GetValues<Code>().Where(code => Array.Exists(code.CpuidFeatures(), feature => features.Contains(feature)) && IsUsersOwn(code)).ToList();

        Assert.NotEmpty(forms);
        Assert.Equal("", string.Join(' ', forms.Where(IsUndefined).Where(code => !MayBeUndefined(code))));
    }

    [Fact]
    public void InstructionsOfAbsentFeaturesAreUndefined()
    {
        var announced = AnnouncedFeatures();
        var absent = Enum.GetValues<Code>().Where(code => IsUsersOwn(code) && !Array.TrueForAll(code.CpuidFeatures(), announced.Contains));

        Assert.Equal("", string.Join(' ', absent.Where(code => !DefinedWithoutFeature.Contains(code.Mnemonic()) && !IsUndefined(code))));
    }

    /// <summary>With those that are older than CPUID.</summary>
    internal static HashSet<CpuidFeature> AnnouncedFeatures() =>
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.CPUID,
        .. Announced().SelectMany(bit => Instructions.GetValueOrDefault(bit, [])),
    ];

    /// <summary>
    /// Nothing in a flat address space executes these: loads of segment registers, far transfers, returns from interrupts and from system management
    /// mode, registers of descriptor tables (which Linux hides with UMIP). UD0 to UD2 are there to be undefined; FSTPNCE is in no manual.
    /// </summary>
    internal static bool MayBeUndefined(Code code) => code.Mnemonic() switch
    {
        Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2 or Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq or Mnemonic.Rsm or Mnemonic.Lss or Mnemonic.Lfs or Mnemonic.Lgs
            or Mnemonic.Sldt or Mnemonic.Str or Mnemonic.Sgdt or Mnemonic.Sidt or Mnemonic.Smsw or Mnemonic.Lar or Mnemonic.Lsl or Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Fstpnce => true,
        Mnemonic.Mov => code is Code.Mov_Sreg_rm16 or Code.Mov_Sreg_r32m16 or Code.Mov_Sreg_r64m16,
        Mnemonic.Pop => code is Code.Popw_FS or Code.Popw_GS or Code.Popq_FS or Code.Popq_GS,
        Mnemonic.Call or Mnemonic.Jmp => code is Code.Call_m1616 or Code.Call_m1632 or Code.Call_m1664 or Code.Jmp_m1616 or Code.Jmp_m1632 or Code.Jmp_m1664,
        _ => false,
    };

    private static IEnumerable<(uint Leaf, char Register, int Bit)> Announced()
    {
        foreach (var leaf in (uint[])[1, 7, 0x8000_0001])
        {
            var answer = CpuIdentification.Query(leaf, 0);
            for (var bit = 0; bit < 32; bit++)
            {
                if (((answer.Edx >> bit) & 1) != 0)
                {
                    yield return (leaf, 'd', bit);
                }

                if (((answer.Ecx >> bit) & 1) != 0)
                {
                    yield return (leaf, 'c', bit);
                }
            }
        }
    }

    // Encodings that a 64-bit program may execute.
    private static bool IsUsersOwn(Code code) => code.ToOpCode() is { IsInstruction: true, Mode64: true, IntelDecoder64: true, DecoderOption: DecoderOptions.None } form
        && (form.Encoding != EncodingKind.Legacy || Enumerable.Range(0, form.OpCount).All(operand => EncodingGenerator.CanMake(form.GetOpKind(operand), operand)));

    private static unsafe bool IsUndefined(Code code)
    {
        if (code.ToOpCode().Encoding != EncodingKind.Legacy)
        {
            return SelectorTable.Find(code.Mnemonic()) is null;
        }

        var test = new CaseGenerator(new Random(1)).Cases(code).First();
        using var box = new GuestBox();
        fixed (Request* request = &test.Request)
        {
            box.Put(GuestBox.Code, new ReadOnlySpan<byte>(request->Code, request->CodeBytes).ToArray());
        }

        return box.Run(1).Reason == CpuExitReason.InvalidOpcode;
    }
}
