namespace Quire.Primitives.Tests;

public class AddressTests
{
    [Fact]
    public void PageNumberAndOffsetSplitAnAddress()
    {
        var address = new VirtualAddress(0x7FFF_1234_5678);

        Assert.Equal((0x7_FFF1_2345UL, 0x678UL, 0x7FFF_1234_5000UL), (address.PageNumber, address.PageOffset, address.PageStart.Value));
    }

    [Theory]
    [InlineData(0x1000, 0x2000, 0x2000, 0x3000, false)]
    [InlineData(0x1000, 0x2001, 0x2000, 0x3000, true)]
    [InlineData(0x1000, 0x9000, 0x2000, 0x3000, true)]
    public void RangesThatOnlyTouchDoNotOverlap(ulong start, ulong end, ulong otherStart, ulong otherEnd, bool overlap)
    {
        var range = new VirtualRange(new VirtualAddress(start), new VirtualAddress(end));
        var other = new VirtualRange(new VirtualAddress(otherStart), new VirtualAddress(otherEnd));

        Assert.Equal((overlap, overlap), (range.Overlaps(other), other.Overlaps(range)));
    }

    [Fact]
    public void EndOfARangeIsOutside()
    {
        var range = VirtualRange.FromLength(new VirtualAddress(0x1000), 0x1000);

        Assert.True(range.Contains(new VirtualAddress(0x1FFF)));
        Assert.False(range.Contains(new VirtualAddress(0x2000)));
        Assert.False(range.Contains(new VirtualAddress(0xFFF)));
    }
}
