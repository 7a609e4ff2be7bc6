using Quire.Hardware.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Memory;

public sealed class LatencyTableTests
{
    [Fact]
    public void NamedLevelsChangeAndOthersKeepTheirDefault()
    {
        Assert.True(LatencyTable.TryParse("ram=80ns,ssd=16us,hdd=4.5ms,register=0.25", out var table, out _));
        Assert.Equal(80_000, table[StorageLevel.Ram]);
        Assert.Equal(16_000_000, table[StorageLevel.SolidStateDisk]);
        Assert.Equal(4_500_000_000, table[StorageLevel.HardDisk]);
        Assert.Equal(250, table[StorageLevel.Register]);
        Assert.Equal(LatencyTable.Default[StorageLevel.L2Cache], table[StorageLevel.L2Cache]);
    }

    [Fact]
    public void CostsAddUpBelowTheNanosecondAndDoNotOverflow()
    {
        Assert.Equal(new VirtualTime(300), LatencyTable.Default.Cost(StorageLevel.Register, 1_000));
        Assert.Equal(new VirtualTime(0), LatencyTable.Default.Cost(StorageLevel.Register, 3));
        Assert.Equal(new VirtualTime(1_000_000_000_000_000_000), LatencyTable.Default.Cost(StorageLevel.HardDisk, 100_000_000_000));
    }

    [Fact]
    public void TextRoundTrips()
    {
        Assert.True(LatencyTable.TryParse("l1=2ns,l2=7.125ns,hdd=10s", out var table, out _));
        Assert.True(LatencyTable.TryParse(table.ToString(), out var again, out _));
        Assert.Equal(table, again);
        Assert.NotEqual(LatencyTable.Default, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ram")]
    [InlineData("l3=1ns")]
    [InlineData("ram=")]
    [InlineData("ram=-1ns")]
    [InlineData("ram=1 ns")]
    [InlineData("ram=0.0001ns")]
    [InlineData("ram=11s")]
    [InlineData("ram=1h")]
    [InlineData("ram=99999999999999999999999999999999s")]
    public void WrongTextIsRefused(string text)
    {
        Assert.False(LatencyTable.TryParse(text, out var table, out var error));
        Assert.Equal(LatencyTable.Default, table);
        Assert.NotEmpty(error);
    }
}
