using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class DeviceQueueTests
{
    // A page takes 1 microsecond to transfer.
    private const long PageAMicrosecond = 4_096_000_000;

    [Fact]
    public void WaitsOverlapAndTransfersDoNot()
    {
        var queue = new DeviceQueue(new DeviceModel(At(100), PageAMicrosecond, 4));
        Assert.Equal([101, 102, 103, 104], Enumerable.Range(0, 4).Select(_ => EndOf(queue.Submit(default, Page.Size))));
    }

    [Fact]
    public void AFullQueueMakesTheNextRequestWait()
    {
        var queue = new DeviceQueue(new DeviceModel(At(100), PageAMicrosecond, 2));
        queue.Submit(default, Page.Size);
        queue.Submit(default, Page.Size);
        var third = queue.Submit(default, Page.Size);
        Assert.Equal((At(101), At(202)), (third.Accepted, third.Ended));
    }

    [Fact]
    public void ADiskWithOneHeadServesOneRequestAfterTheOther()
    {
        var queue = new DeviceQueue(new DeviceModel(At(10), PageAMicrosecond, 1));
        Assert.Equal([11, 22, 33], Enumerable.Range(0, 3).Select(_ => EndOf(queue.Submit(default, Page.Size))));
    }

    [Fact]
    public void ARequestThatGoesOnWhereTheLastOneEndsIsMergedWithIt()
    {
        var queue = new DeviceQueue(new DeviceModel(At(10), PageAMicrosecond, 1));
        Assert.Equal(11, EndOf(queue.Submit(default, Page.Size, 0)));
        Assert.Equal(12, EndOf(queue.Submit(default, Page.Size, Page.Size)));
        Assert.Equal(23, EndOf(queue.Submit(default, Page.Size, 10 * Page.Size)));

        // Too late: the last one is over.
        Assert.Equal(41, EndOf(queue.Submit(At(30), Page.Size, 11 * Page.Size)));
    }

    [Theory]
    [InlineData("nvme", 80_000, 3_000_000_000, 32)]
    [InlineData("hdd", 12_700_000, 180_000_000, 1)]
    [InlineData("1.5ms,100M,4", 1_500_000, 104_857_600, 4)]
    [InlineData("0ns,4K,1024", 0, 4096, 1024)]
    public void ModelsAreRead(string text, long latency, long rate, int depth)
    {
        Assert.True(DeviceModel.TryParse(text, out var model, out _));
        Assert.Equal((latency, rate, depth), (model.Latency.Nanoseconds, model.BytesPerSecond, model.QueueDepth));
    }

    [Theory]
    [InlineData("")]
    [InlineData("floppy")]
    [InlineData("80us,3G")]
    [InlineData("80,3G,4")]
    [InlineData("-1us,3G,4")]
    [InlineData("61s,3G,4")]
    [InlineData("NaNs,3G,4")]
    [InlineData("80us,0,4")]
    [InlineData("80us,3G,0")]
    [InlineData("80us,3G,1025")]
    [InlineData("80us,3G,4,5")]
    public void NonsenseIsNoModel(string text)
    {
        Assert.False(DeviceModel.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    private static VirtualTime At(long microseconds) => VirtualTime.FromMicroseconds(microseconds);

    private static long EndOf(DeviceTimes times) => times.Ended.Nanoseconds / 1000;
}
