using System.IO.Compression;
using System.Text;
using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>Each format is told by its content and gives the references that its text says.</summary>
public class TraceFormatsByContent
{
    [Theory]
    [InlineData("numbers", "1\n2\n3 w\n", "1r 2r 3w")]
    [InlineData("numbers", "# pages\r\n0x1000\r\n0x2fff w\n\n0x3000 r", "1000r 2fffw 3000r")]
    [InlineData("numbers", "r 7\nw 8\r9 r\r\n", "7r 8w 9r")]
    [InlineData("numbers", "7fff\n10\nabc\n", "7fffr 10r abcr")]
    [InlineData("lackey", "==12== Lackey, an example Valgrind tool\nI  0401b770,1\n S 1fff0005b8,8\n L 1ffeffe7e,8\n M 0421c7cc,4\n", "401b770i 1fff0005b8w 1ffeffe7er 421c7ccw")]
    [InlineData("csv", "time,address,size,op\n1,4096,8,r\n2,0x2000,4,W\n", "1000r 2000w")]
    [InlineData("csv", "page,op\n17,read\n18,write\n", "11r 12w")]
    [InlineData("msr", "128166372003061629,hm,1,Read,2096128,512,6446\n128166372016382155,hm,1,Write,2048,4096,1\n", "1ffc00r 800w")]
    [InlineData("twitter", "0,q:q:1:8WTfjZU14ee,17,213,4,get,0\n0,yDqF:3q:1AJrrJ1nnCJKKrnGx1A,27,27,5,set,86400\n", "r w")]
    [InlineData("arc", "100 3 0 1\n7 1 0 2\n", "64r 7r")]
    [InlineData("accesses", "l 0x7fff1000 8\ns 0x7fff2000 4\n", "7fff1000r 7fff2000w")]
    [InlineData("accesses", "read 0x10 8\nwrite 0x20 4\n", "10r 20w")]
    [InlineData("accesses", "           2           1:     17 ifetch       3 byte(s) @ 0x00007f62e9c0a9f0 48 89 e7  mov\n           3           1:     17 write        8 byte(s) @ 0x00007ffd8d8d8d88 by PC 0x00007f62e9c0a9f3\n", "7f62e9c0a9f0i 7ffd8d8d8d88w")]
    public void IsRecognisedAndRead(string format, string text, string expected)
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.ASCII.GetBytes(text))));

        var records = ReadAll(reader);

        Assert.Equal(format, reader.Format);
        // The objects of the Twitter trace are hashes: only their kinds are compared.
        Assert.Equal(expected, string.Join(' ', records.Select(record => (format == "twitter" ? "" : record.Address.ToString("x")) + "irw"[(int)record.Kind])));
    }

    [Fact]
    public void OracleGeneralRecordsAreObjectsWithSizes()
    {
        var bytes = OracleGeneral((10, 5, 100, 3), (11, 6, 200, -1), (12, 5, 100, -1));
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes)));

        var records = ReadAll(reader);

        Assert.Equal("oracleGeneral", reader.Format);
        Assert.Equal([5UL, 6UL, 5UL], records.Select(record => record.Address));
        Assert.Equal([100u, 200u, 100u], records.Select(record => record.Size));
    }

    [Fact]
    public void GzipIsUnpackedWhateverTheName()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("1\n2\n1\n"u8);
        }

        packed.Position = 0;
        using var reader = TraceFormats.Open(ByteSource.Of(packed));

        Assert.Equal(3, ReadAll(reader).Count);
        Assert.Equal("gzip", reader.Source.Packing);
    }

    [Fact]
    public void WhatASmallCutGzipHoldsIsReadBeforeTheFault()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.ASCII.GetBytes(string.Join('\n', Enumerable.Range(1, 20_000))));
        }

        using var runs = new RecordRuns(TraceFormats.Open(ByteSource.Of(new MemoryStream(packed.ToArray()[..4000]))), 12);
        var batch = new RunBatch();

        Assert.True(runs.Next(batch));
        Assert.Equal(0UL, runs.Numbering.PageOf(0) - 1);
        var fault = Assert.Throws<TraceFormatException>(() =>
        {
            while (runs.Next(batch))
            {
            }
        });
        Assert.Contains("cut short", fault.Message);
        Assert.InRange(runs.References, 500, 19_999);
    }

    [Fact]
    public void AnEndlessTraceOfOnePageComesInPieces()
    {
        var million = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("7\n", 1_500_000)));
        using var runs = new RecordRuns(TraceFormats.Open(ByteSource.Of(new MemoryStream(million))), 12);
        var batch = new RunBatch();

        Assert.True(runs.Next(batch));
        Assert.InRange(batch.References, 1, 1_499_999);
        Assert.True(runs.Next(batch));
        Assert.Equal(1_500_000, runs.References);
    }

    [Fact]
    public void GzipCutShortIsReported()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var random = new Random(3);
            for (var line = 0; line < 60_000; line++)
            {
                gzip.Write(Encoding.ASCII.GetBytes($"{random.Next(100_000)}\n"));
            }
        }

        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(packed.ToArray()[..(int)(packed.Length / 2)])));

        var fault = Assert.Throws<TraceFormatException>(() => ReadAll(reader));
        Assert.Contains("cut short", fault.Message);
    }

    [Theory]
    [InlineData("1\n-2\n", "line 2")]
    [InlineData("1\n18446744073709551616\n", "line 2")]
    [InlineData("1\n2\nxyzzy\n", "line 3")]
    [InlineData(" L 1000,8\n L 10zz,8\n", "line 2")]
    public void ABadLineIsNamed(string text, string where)
    {
        var fault = Assert.Throws<TraceFormatException>(() =>
        {
            using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.ASCII.GetBytes(text))), text.StartsWith(' ') ? "lackey" : "numbers");
            ReadAll(reader);
        });

        Assert.Contains(where, fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public void GarbageIsNoTrace()
    {
        var bytes = new byte[1000];
        new Random(1).NextBytes(bytes);

        var fault = Assert.Throws<TraceFormatException>(() => TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes))));

        Assert.Contains("offset 0", fault.Message);
    }

    [Fact]
    public void AnEmptyTraceIsReported() => Assert.Throws<TraceFormatException>(() => TraceFormats.Open(ByteSource.Of(new MemoryStream())));

    [Theory]
    [InlineData(12, 3)]
    [InlineData(13, 2)]
    [InlineData(0, 13)]
    public void AReferenceAcrossAPageBorderIsTwo(int pageShift, long references)
    {
        using var runs = RunSource.Of(TraceFormats.Open(ByteSource.Of(new MemoryStream(" L 0ffc,8\n S 3000,5\n"u8.ToArray()))), pageShift);

        var result = new ReplayEngine([Simulation.Create(PolicyRegistry.Parse("lru"), 4)]).Run(runs).Results[0];

        Assert.Equal(references, result.References);
    }

    internal static byte[] OracleGeneral(params (uint Time, ulong Object, uint Size, long Next)[] records)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var (time, item, size, next) in records)
        {
            writer.Write(time);
            writer.Write(item);
            writer.Write(size);
            writer.Write(next);
        }

        return stream.ToArray();
    }

    internal static List<(ulong Address, uint Size, ReferenceKind Kind, uint Process, long Time)> ReadAll(TraceReader reader)
    {
        var all = new List<(ulong, uint, ReferenceKind, uint, long)>();
        var records = new TraceRecords(512);
        while (reader.Read(records))
        {
            for (var index = 0; index < records.Length; index++)
            {
                all.Add((records.Address[index], records.Size[index], records.Kind[index], records.Process[index], records.Time[index]));
            }
        }

        return all;
    }
}
