using Quire.Observation.Sizing;
using Quire.Primitives;
using Xunit;

namespace Quire.Observation.Tests.Sizing;

public sealed class LimitSearchTests
{
    [Theory]
    [InlineData(1, 27, 200)]
    [InlineData(27, 27, 200)]
    [InlineData(150, 27, 200)]
    [InlineData(3, 3, 12)]
    [InlineData(200, 1, 200)]
    public void TheSmallestLimitIsFoundToASixteenthFromWhereverOneStarts(ulong start, ulong needed, ulong largest)
    {
        var tried = new List<ByteSize>();
        var found = LimitSearch.Smallest(ByteSize.FromMiB(start), ByteSize.FromMiB(largest), limit =>
        {
            tried.Add(limit);
            return limit >= ByteSize.FromMiB(needed);
        })!.Value;

        Assert.InRange(found.Bytes >> 20, needed, needed + (needed / 15));
        Assert.Contains(found, tried);
        Assert.Equal(tried.Count, tried.Distinct().Count());
    }

    [Fact]
    public void WhatLivesUnderNoLimitGetsNone() => Assert.Null(LimitSearch.Smallest(ByteSize.FromMiB(4), ByteSize.FromMiB(100), _ => false));

    [Fact]
    public void TheHeadroomIsAQuarter() => Assert.Equal(ByteSize.FromMiB(34), LimitSearch.WithHeadroom(ByteSize.FromMiB(27)));
}
