using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Cpu.Sse.Floating;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu.Sse;

public class FloatExceptionTests
{
    private const uint AllMasked = 0x1F80;

    // (1 + 2^-23) / 2 times (2 - 2^-22) * 2^-126 is 2^-172 below the smallest normal number: rounded with an unlimited exponent, it is not tiny.
    [Theory]
    [InlineData(0x3F00_0001u, 0x00FF_FFFEu, 0x0080_0000u, Mxcsr.Precision)]
    [InlineData(0x3F00_0000u, 0x00FF_FFFFu, 0x0080_0000u, Mxcsr.Precision | Mxcsr.Underflow)]
    [InlineData(0x3F00_0000u, 0x0080_0000u, 0x0040_0000u, 0u)]
    public void TininessIsFoundAfterRounding(uint left, uint right, uint product, uint flags)
    {
        using var box = Prepare(left, right, AllMasked);
        box.Load(a => Twice(a, () => a.mulss(xmm0, xmm1)));

        box.Run();

        Assert.Equal(product, box.Processor.Registers.Xmm[0].AsUInt32().ToScalar());
        Assert.Equal(AllMasked | flags, box.Processor.Registers.Mxcsr);
    }

    [Fact]
    public void FlagsStayUntilTheyAreCleared()
    {
        using var box = Prepare(BitConverter.SingleToUInt32Bits(1), 0, AllMasked);
        box.Load(a =>
        {
            a.divss(xmm0, xmm1);
            a.movaps(xmm0, xmm2);
            a.addss(xmm0, xmm0);
            a.int3();
        });

        box.Run();

        Assert.Equal(AllMasked | Mxcsr.DivideByZero, box.Processor.Registers.Mxcsr);
    }

    [Fact]
    public void UnmaskedExceptionLeavesTheDestinationAndSaysWhatItWas()
    {
        const uint WithoutDivideMask = AllMasked & ~(Mxcsr.DivideByZero << Mxcsr.MaskShift);
        using var box = Prepare(BitConverter.SingleToUInt32Bits(3), 0, WithoutDivideMask);
        box.Load(a => a.divss(xmm0, xmm1));

        var exit = box.Run();

        Assert.Equal(CpuExitReason.FloatingPointError, exit.Reason);
        Assert.Equal(GuestBox.Code, box.Processor.Registers.Rip);
        Assert.Equal(3f, box.Processor.Registers.Xmm[0].AsSingle().ToScalar());
        Assert.Equal(WithoutDivideMask | Mxcsr.DivideByZero, box.Processor.Registers.Mxcsr);
    }

    public static TheoryData<string> RaisingInstructions() => ["divss", "ucomiss", "cmpss", "cvtss2si", "fabs", "paddb", "emms"];

    // A debugger or handler sees them although the program itself overwrites them next.
    [Theory]
    [MemberData(nameof(RaisingInstructions))]
    public void FlagsOfEarlierInstructionsAreThereWhenAnExceptionIsRaised(string instruction)
    {
        using var box = Prepare(left: 0x7F80_0001, right: 0x7F80_0001, mxcsr: 0);
        box.Processor.Registers.X87Control = 0;
        box.Processor.Registers.X87Status = 0x8081;
        box[GeneralRegister.Rax] = ulong.MaxValue;
        box.Load(a =>
        {
            a.add(rax, 1);
            Raise(a, instruction);
            a.add(rcx, 0x10);
        });

        var exit = box.Run();

        Assert.Equal(CpuExitReason.FloatingPointError, exit.Reason);
        Assert.Equal(RFlags.Carry | RFlags.Parity | RFlags.Adjust | RFlags.Zero, box.Processor.Registers.Flags & RFlags.Arithmetic);
    }

    [Theory]
    [InlineData(RoundingMode.NearestEven, 0x3F80_0000u)]
    [InlineData(RoundingMode.Down, 0x3F80_0000u)]
    [InlineData(RoundingMode.Up, 0x3F80_0001u)]
    [InlineData(RoundingMode.TowardZero, 0x3F80_0000u)]
    public void SumIsRoundedAsMxcsrSays(object mode, uint sum)
    {
        using var box = Prepare(BitConverter.SingleToUInt32Bits(1), BitConverter.SingleToUInt32Bits(1e-20f), AllMasked | ((uint)(RoundingMode)mode << Mxcsr.RoundingShift));
        box.Load(a =>
        {
            a.addss(xmm0, xmm1);
            a.int3();
        });

        box.Run();

        Assert.Equal(sum, box.Processor.Registers.Xmm[0].AsUInt32().ToScalar());
        Assert.Equal(Mxcsr.Precision, box.Processor.Registers.Mxcsr & 0x3F);
    }

    private static void Raise(Assembler a, string instruction)
    {
        switch (instruction)
        {
            case "divss":
                a.divss(xmm0, xmm1);
                break;
            case "ucomiss":
                a.ucomiss(xmm0, xmm1);
                break;
            case "cmpss":
                a.cmpltss(xmm0, xmm1);
                break;
            case "cvtss2si":
                a.cvtss2si(rdx, xmm0);
                break;
            case "fabs":
                a.fabs();
                break;
            case "paddb":
                a.paddb(mm0, mm1);
                break;
            default:
                a.emms();
                break;
        }
    }

    // The quick way needs PE set, the second round has it.
    private static void Twice(Assembler a, Action multiply)
    {
        multiply();
        a.movaps(xmm0, xmm2);
        multiply();
        a.int3();
    }

    private static GuestBox Prepare(uint left, uint right, uint mxcsr)
    {
        var box = new GuestBox();
        box.Processor.Registers.Xmm[0] = Vector128.CreateScalar(left).AsByte();
        box.Processor.Registers.Xmm[1] = Vector128.CreateScalar(right).AsByte();
        box.Processor.Registers.Xmm[2] = Vector128.CreateScalar(left).AsByte();
        box.Processor.Registers.Mxcsr = mxcsr;
        return box;
    }
}
