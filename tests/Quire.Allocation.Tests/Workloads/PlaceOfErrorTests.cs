using System.Text;

namespace Quire.Allocation.Tests;

/// <summary>What is wrong in a workload file is said with file and line.</summary>
public class PlaceOfErrorTests
{
    [Theory]
    [InlineData("a.csv", "malloc,1,100\nmalloc,2,100,5000000000\n", 2, "5000000000")]
    [InlineData("a.csv", "malloc,1,-100\n", 1, "-100")]
    [InlineData("a.csv", "malloc,1,99999999999999999999\n", 1, "99999999999999999999")]
    [InlineData("a.csv", "malloc,99999999999999999999,1\n", 1, "99999999999999999999")]
    [InlineData("a.csv", "malloc,1,1\n\nfree,2\n", 3, "2")]
    [InlineData("a.csv", "malloc,1\n", 1, "fields")]
    [InlineData("m.txt", "= Start\n@ ./a:[0x1] + 0x10 0xffffffffffffffff\n", 2, "0xffffffffffffffff")]
    [InlineData("m.txt", "= Start\n@ ./a:[0x1] + 0xzz 0x10\n", 2, "0xzz")]
    [InlineData("m.txt", "= Start\n@ ./a:[0x1] < 0x10\n@ ./a:[0x1] > 0x20 0x8000000000000000\n", 3, "0x8000000000000000")]
    [InlineData("h.raw", "v 10400 3\n+ ffffffffffffffff 1 10\n", 2, "ffffffffffffffff")]
    [InlineData("h.raw", "v 10400 3\n- 1ffffffffffffffff\n", 2, "1ffffffffffffffff")]
    [InlineData("h.raw", "v 10400 3\n? 1\n", 2, "?")]
    [InlineData("t.rep", "1\n1\n1\n1\na 0 -5\n", 5, "-5")]
    [InlineData("t.rep", "1\n1\n1\n1\na 0 5\nx 0\n", 6, "x 0")]
    public void LinesHavePlaces(string name, string text, int line, string what)
    {
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(text));
        var error = Assert.Throws<WorkloadFormatException>(() => WorkloadFormats.Read(stream, name));
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"{name}:{line}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomlyDamagedFilesAreReadOrRefusedWithAPlace()
    {
        string[] good = ["malloc,1,100,0\nrealloc,1,200\nfree,1\n", "= Start\n@ ./a:[0x1] + 0x10 0x20\n@ ./a:[0x1] - 0x10\n", "v 10400 3\n+ 20 1 10\n- 10\n", "1\n1\n1\n1\na 0 5\nf 0\n"];
        string[] names = ["a.csv", "m.txt", "h.raw", "t.rep"];
        var random = new Random(1);
        for (var i = 0; i < Lengths.Of(4_000, 100_000); i++)
        {
            var which = random.Next(good.Length);
            var bytes = Encoding.ASCII.GetBytes(good[which]);
            for (var damage = 0; damage < 1 + random.Next(3); damage++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var stream = new MemoryStream(bytes);
            try
            {
                Assert.All(WorkloadFormats.Read(stream, names[which]).Events, call => Assert.True(call.Size >= 0));
            }
            catch (WorkloadFormatException)
            {
                // Refused, with file and line: the one exception that is allowed.
            }
        }
    }
}
