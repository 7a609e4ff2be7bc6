namespace Quire.Primitives.Tests;

public class ByteSizeTests
{
    [Theory]
    [InlineData("4096", 4096UL)]
    [InlineData("64K", 65536UL)]
    [InlineData("64k", 65536UL)]
    [InlineData("64KiB", 65536UL)]
    [InlineData("1.5G", 1610612736UL)]
    [InlineData("0.5K", 512UL)]
    [InlineData("8E", 0UL)]
    [InlineData("7T", 7696581394432UL)]
    public void ReadsBinaryUnits(string text, ulong bytes)
    {
        Assert.Equal(bytes != 0, ByteSize.TryParse(text, out var size));
        Assert.Equal(bytes, size.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1M")]
    [InlineData("64 M")]
    [InlineData("M")]
    [InlineData("1.0001K")]
    [InlineData("99999999999999T")]
    [InlineData("0x100")]
    [InlineData("1..5M")]
    [InlineData("64MB")]
    public void RefusesNonsense(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0UL, "0")]
    [InlineData(1023UL, "1023")]
    [InlineData(65536UL, "64K")]
    [InlineData(1610612736UL, "1.5G")]
    public void PrintsTheShortestForm(ulong bytes, string text) => Assert.Equal(text, new ByteSize(bytes).ToString());
}
