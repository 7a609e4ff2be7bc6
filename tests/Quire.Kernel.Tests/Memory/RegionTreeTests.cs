using Quire.Allocation;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

public sealed class RegionTreeTests
{
    private const int Places = 300;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void LookupsAndRoomAgreeWithAPlainArray(int seed)
    {
        using var world = new MemoryWorld();
        var random = new Random(seed);
        var tree = new RegionTree();
        var places = new Region?[Places];
        for (var step = 0; step < 2000; step++)
        {
            Change(world, random, tree, places);
            var at = random.Next(Places);
            Assert.Equal(places[at], tree.FindContaining(Address(at)));
            Assert.Equal(places.Skip(at).FirstOrDefault(region => region is not null), tree.FindEndingAbove(Address(at)));
            CompareRoom(random, tree, places);
        }

        Assert.Equal(places.OfType<Region>().Distinct().Count(), tree.Count);
    }

    private static void Change(MemoryWorld world, Random random, RegionTree tree, Region?[] places)
    {
        var at = random.Next(Places - 8);
        if (places[at] is { } region)
        {
            if (random.Next(3) == 0)
            {
                // Moves the end, as brk does.
                region.End = Address(at + 1);
                tree.GapChanged(region.Next);
            }
            else
            {
                tree.Remove(region);
            }

            for (var i = 0; i < Places; i++)
            {
                places[i] = places[i] == region && !(region.Contains(Address(i)) && tree.FindContaining(Address(i)) == region) ? null : places[i];
            }

            return;
        }

        var length = random.Next(1, 8);
        if (places.AsSpan(at, length).IndexOfAnyExcept((Region?)null) < 0)
        {
            var flags = random.Next(20) == 0 ? RegionFlags.GrowsDown : RegionFlags.None;
            var added = new Region(world.Space, Address(at), Address(at + length), flags, SlabSlot.None);
            tree.Insert(added);
            places.AsSpan(at, length).Fill(added);
        }
    }

    private static void CompareRoom(Random random, RegionTree tree, Region?[] places)
    {
        var low = random.Next(Places / 2);
        var high = low + random.Next(Places / 2);
        var length = random.Next(1, 20);
        var isFound = tree.TryFindHighest(Address(low), Address(high), (ulong)length << Page.Shift, out var highest);
        var expected = Enumerable.Range(low, Math.Max(0, high - length - low + 1)).Where(start => IsRoom(places, start, length)).ToArray();
        Assert.Equal(expected.Length > 0, isFound);
        if (isFound)
        {
            Assert.Equal(Address(expected[^1]), highest);
            Assert.True(tree.TryFindLowest(Address(low), Address(high), (ulong)length << Page.Shift, out var lowest));
            Assert.Equal(Address(expected[0]), lowest);
        }
    }

    // Free, and not in the guard gap of a region that grows down above it.
    private static bool IsRoom(Region?[] places, int start, int length)
    {
        if (places.AsSpan(start, length).IndexOfAnyExcept((Region?)null) >= 0)
        {
            return false;
        }

        var next = Array.FindIndex(places, start, region => region is not null);
        return next < 0 || Address(start + length) <= places[next]!.GuardedStart;
    }

    private static ulong Address(int place) => 0x1000_0000UL + ((ulong)place << Page.Shift);
}
