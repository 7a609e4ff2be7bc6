using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>Decoded code stays within its limit however long a processor is not left.</summary>
public sealed class CodeCacheLimitTests
{
    [Fact]
    public void StoresIntoTheirOwnPageDoNotFillTheCacheWithinOneRun()
    {
        const int Stores = 1000;
        const int Rounds = 200;
        using var box = new GuestBox();
        box.Put(GuestBox.Code, [.. Enumerable.Repeat<byte[]>([0xC6, 0x07, 0x05], Stores).SelectMany(store => store), 0xFF, 0xC9, 0x0F, 0x85, .. BitConverter.GetBytes(-(3 * Stores) - 8), 0xCC]);
        box[GeneralRegister.Rdi] = GuestBox.Code + 4000;
        box[GeneralRegister.Rcx] = Rounds;
        var exit = box.Run();
        Assert.Equal((CpuExitReason.Breakpoint, (Rounds * (Stores + 2L)) + 1), (exit.Reason, exit.Instructions));
        Assert.InRange(box.Blocks.Bytes, 0, (64 + 2) << 20);
        Assert.InRange(box.Blocks.BlocksBuilt, 1, Rounds * Stores * 2);
    }

    // Each round drops the block of the instruction on two pages: where it is looked for no dropped ones may pile up.
    [Fact]
    public void DroppedBlocksOnTwoPagesDoNotStayInTheirBucket()
    {
        const int Rounds = 1000;
        const ulong Edge = GuestBox.Code + 0x1000;
        using var box = new GuestBox();
        box.Put(Edge - 1, 0x83, 0xC0, 0x01, 0xC6, 0x07, 0x05, 0xBA, 0x40, 0x00, 0x00, 0x00, 0xFF, 0xCA, 0x75, 0xFC, 0xFF, 0xC9, 0x75, 0xED, 0xCC); // add eax,1; mov byte [rdi],5; mov edx,64; 1: dec edx; jnz 1b; dec ecx; jnz
        box.Processor.Registers.Rip = Edge - 1;
        box[GeneralRegister.Rdi] = Edge + 2000;
        box[GeneralRegister.Rcx] = Rounds;
        var exit = box.Run(long.MaxValue);
        Assert.Equal((CpuExitReason.Breakpoint, (ulong)Rounds), (exit.Reason, box[GeneralRegister.Rax]));
        Assert.InRange(box.Blocks.FramesDropped, Rounds / 2, Rounds + 1);
        Assert.InRange(box.Blocks.BlocksLookedAt(Edge - 1), 0, 10);
    }
}
