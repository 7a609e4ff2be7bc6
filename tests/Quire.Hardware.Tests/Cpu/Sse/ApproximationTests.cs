using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Tests.Cpu;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu.Sse;

/// <summary>RCPPS and RSQRTPS: within the bound of the manual (SDM vol. 2, RCPPS), and the same bits on every host.</summary>
public sealed class ApproximationTests
{
    private const double Bound = 1.5 / 4096;

    [Theory]
    [InlineData("rcp")]
    [InlineData("rsqrt")]
    public void RelativeErrorStaysWithinTheBound(string kind)
    {
        using var box = Load(kind);
        var random = new Random(4);
        for (var round = 0; round < 2000; round++)
        {
            var value = (float)Math.ScaleB(1 + random.NextDouble(), random.Next(-100, 100));
            var exact = kind == "rcp" ? 1.0 / value : 1 / Math.Sqrt(value);
            Assert.InRange(BitConverter.UInt32BitsToSingle(Run(box, BitConverter.SingleToUInt32Bits(value))) / exact, 1 - Bound, 1 + Bound);
        }
    }

    // 12 bits of the nearest number, worked out by hand: 1/3 = 0.0101 0101 0101 | 01..b, 1/sqrt(2) = 0.1011 0101 0000 0100|1111..b.
    [Theory]
    [InlineData("rcp", 0x3F80_0000U, 0x3F80_0000U)]
    [InlineData("rcp", 0x4040_0000U, 0x3EAA_B000U)]
    [InlineData("rcp", 0xC120_0000U, 0xBDCC_D000U)]
    [InlineData("rsqrt", 0x4000_0000U, 0x3F35_0000U)]
    [InlineData("rsqrt", 0x4080_0000U, 0x3F00_0000U)]
    [InlineData("rcp", 0x0000_0001U, 0x7F80_0000U)]
    [InlineData("rcp", 0x8000_0000U, 0xFF80_0000U)]
    [InlineData("rcp", 0x7F00_0000U, 0x0000_0000U)]
    [InlineData("rcp", 0x7FA0_0000U, 0x7FE0_0000U)]
    [InlineData("rsqrt", 0xBF80_0000U, 0xFFC0_0000U)]
    public void TheBitsAreTheNearestTwelveWhateverTheHost(string kind, uint value, uint expected)
    {
        using var box = Load(kind);
        Assert.Equal(expected, Run(box, value));
    }

    private static GuestBox Load(string kind)
    {
        var box = new GuestBox();
        box.Load(a =>
        {
            if (kind == "rcp")
            {
                a.rcpps(xmm1, xmm0);
            }
            else
            {
                a.rsqrtps(xmm1, xmm0);
            }

            a.int3();
        });
        return box;
    }

    private static uint Run(GuestBox box, uint value)
    {
        box.Processor.Registers.Rip = GuestBox.Code;
        box.Processor.Registers.Xmm[0] = Vector128.Create(value).AsByte();
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        var result = box.Processor.Registers.Xmm[1].AsUInt32();
        Assert.Equal(Vector128.Create(result.ToScalar()), result);
        return result.ToScalar();
    }
}
