using Quire.Hardware.Translation;
using Xunit;

namespace Quire.Hardware.Tests.Translation;

public sealed class TlbOptionsTests
{
    [Fact]
    public void DefaultIsTheMachinesUsualShape()
    {
        var options = TlbOptions.Default;
        Assert.Equal(new TlbLevelOptions(64, 4, TlbReplacement.Lru), options.Data);
        Assert.Equal(new TlbLevelOptions(128, 8, TlbReplacement.Lru), options.Code);
        Assert.Equal(512, options.Second!.Value.Entries);
        Assert.True(options.IsModelled);
    }

    [Fact]
    public void UnnamedLevelsKeepTheirShapeAndTakeTheCommonPolicy()
    {
        Assert.True(TlbOptions.TryParse("l1d=32x2:fifo,replace=plru,pwc=16,tags=off", out var options, out _));
        Assert.Equal(new TlbLevelOptions(32, 2, TlbReplacement.Fifo), options.Data);
        Assert.Equal(new TlbLevelOptions(128, 8, TlbReplacement.TreePlru), options.Code);
        Assert.Equal(TlbReplacement.TreePlru, options.Second!.Value.Replacement);
        Assert.Equal(new PagingStructureCacheOptions(16, 2, 1), options.PagingStructures);
        Assert.Equal(TlbTagging.FlushOnSwitch, options.Tagging);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("l1d=64x4:lru,l1i=128x8:lru,l2=512x4:lru,pwc=32/4/2,tags=on")]
    [InlineData("l1d=16x16:random,l1i=24x3:fifo,l2=off,pwc=off,tags=off")]
    public void TextRoundTrips(string text)
    {
        Assert.True(TlbOptions.TryParse(text, out var options, out _));
        Assert.Equal(text, options.ToString());
    }

    [Theory]
    [InlineData("", "NAME=VALUE")]
    [InlineData("on", "NAME=VALUE")]
    [InlineData("l3=64x4", "'l3' is not known")]
    [InlineData("l1d=64", "ENTRIESxWAYS")]
    [InlineData("l1d=64x-4", "ENTRIESxWAYS")]
    [InlineData("l1d=64x4x2", "ENTRIESxWAYS")]
    [InlineData("l1d=0x1", "1 to 65536")]
    [InlineData("l1d=99999999999x1", "ENTRIESxWAYS")]
    [InlineData("l1d=131072x4", "1 to 65536")]
    [InlineData("l1d=64x0", "power of two")]
    [InlineData("l1d=4x8", "power of two")]
    [InlineData("l1d=48x4", "power of two")]
    [InlineData("l1d=64x4:lfu", "lru, fifo, random, plru")]
    [InlineData("l1d=off", "ENTRIESxWAYS")]
    [InlineData("l2=1x1,l2=2x1", "given twice")]
    [InlineData("l1i=24x3,replace=plru", "power of two of ways")]
    [InlineData("l1i=128x128:plru", "at most 64")]
    [InlineData("pwc=2000", "0 to 1024")]
    [InlineData("pwc=1/2", "PDE/PDPTE/PML4E")]
    [InlineData("tags=maybe", "on or off")]
    [InlineData("l1d=64x4,", "NAME=VALUE")]
    public void WrongTextIsRefusedWithWhatIsAllowed(string text, string because)
    {
        Assert.False(TlbOptions.TryParse(text, out _, out var error));
        Assert.Contains(because, error, StringComparison.Ordinal);
    }
}
