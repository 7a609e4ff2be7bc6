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
}
