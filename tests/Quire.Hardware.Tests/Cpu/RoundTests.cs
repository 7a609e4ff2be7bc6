using Quire.Hardware.Cpu;
using Quire.Primitives;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>Repeated string instructions and what bounds them.</summary>
public sealed class RoundTests
{
    [Theory]
    [InlineData("movs")]
    [InlineData("stos")]
    [InlineData("lods")]
    [InlineData("scas")]
    [InlineData("cmps")]
    public void RoundsUseTheBudgetUpAndTheInstructionGoesOnAnotherTime(string kind)
    {
        using var box = new GuestBox();
        box.Load(a =>
        {
            switch (kind)
            {
                case "movs": a.rep.movsb(); break;
                case "stos": a.rep.stosb(); break;
                case "lods": a.rep.lodsb(); break;
                case "scas": a.repe.scasb(); break;
                default: a.repe.cmpsb(); break;
            }

            a.int3();
        });
        box[GeneralRegister.Rcx] = 8000;
        box[GeneralRegister.Rsi] = GuestBox.Data;
        box[GeneralRegister.Rdi] = GuestBox.Data;
        var exit = box.Run(5000);
        Assert.Equal(new CpuExit(CpuExitReason.BudgetUsed, default, PageFaultError.None, 0, 5000), exit);
        Assert.Equal((GuestBox.Code, 3000UL), (box.Processor.Registers.Rip, box[GeneralRegister.Rcx]));

        exit = box.Run(5000);
        Assert.Equal((CpuExitReason.Breakpoint, 2L, 3001L), (exit.Reason, exit.Instructions, exit.Steps));
        Assert.Equal(2, box.Processor.Instructions);
    }

    [Fact]
    public void AFaultInTheMiddleHasItsRoundsCounted()
    {
        using var box = new GuestBox();
        box.Load(a => a.rep.stosb());
        box[GeneralRegister.Rcx] = 8000;
        box[GeneralRegister.Rdi] = GuestBox.Data + (3 * Page.Size);
        var exit = box.Run();
        Assert.Equal((CpuExitReason.PageFault, 0L, 4096L), (exit.Reason, exit.Instructions, exit.Steps));
    }
}
