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
        Assert.Equal(expected, string.Join(' ', records.Select(record => (format == "twitter" ? "" : record.Address.ToString("x")) + "irwd"[(int)record.Kind])));
    }

    [Theory]
    [InlineData("string", "1,2,3,1\n", "1r 2r 3r 1r")]
    [InlineData("string", "1,2,3,4\n5,6w,7,8\n", "1r 2r 3r 4r 5r 6w 7r 8r")]
    [InlineData("string", "7 0 1 2", "7r 0r 1r 2r")]
    [InlineData("string", "# a remark, with 4 words\r\n\r\n1; 2; 3\r\n4 # and one behind", "1r 2r 3r 4r")]
    [InlineData("string", "0x10,0x2f", "10r 2fr")]
    [InlineData("arc", "10 1 0 1\n10 2 0 1\n", "ar ar")]
    [InlineData("string", "10 1 0 9\n10 2 0 1\n", "ar 1r 0r 9r ar 2r 0r 1r")]
    [InlineData("numbers", "\u00ef\u00bb\u00bf1\n2\n", "1r 2r")]
    [InlineData("csv", "\u00ef\u00bb\u00bfpage,op\n1,r\n", "1r")]
    [InlineData("numbers", "5\n*\n6\n * \n5\n", "5r 6r 5r")]
    [InlineData("access-gaps", "s 0x1000 1\nl 0x1ffe 6\nl 0x3000 0\n", "1000w 1ffer 3000r")]
    [InlineData("accesses", "read 0x10 100\nwrite 0x20 4\n", "10r 20w")]
    [InlineData("csv", "page\n17\n18\n", "11r 12r")]
    [InlineData("csv", "\n# made by hand\nlbn\n\n17\n  \n# in between\n18\n", "11r 12r")]
    [InlineData("csv", "time;lbn;op\r\n1;17;GET\r\n2;18;SET\r\n3;17;DELETE\r\n", "11r 12w 11d")]
    [InlineData("csv", "Time\tLogical Block\tRW\n1\t17\tR\n", "11r")]
    [InlineData("csv", "ts|obj_id|size\n1|17|5\n2|18|5\n", "11r 12r")]
    [InlineData("csv", "time object size\n1 17 5\n2  18 5\n", "11r 12r")]
    [InlineData("csv", "#time,obj-id,size\n1,17,5\n", "11r")]
    [InlineData("csv", "\"time\",\"objId\",\"note\",\"op_name\"\n1,17,\"a, \"\"b\"\"\",put\n", "11w")]
    [InlineData("csv", "id,op_count,op\n17,3,GET_LEASE\n18,0,get\n19,1,del\n", "11r 11r 11r 13d")]
    public void IsRecognisedAndReadHoweverItIsWritten(string format, string text, string expected)
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.Latin1.GetBytes(text))));

        Assert.Equal(format, reader.Format);
        Assert.Equal(expected, string.Join(' ', ReadAll(reader).Select(record => record.Address.ToString("x") + "irwd"[(int)record.Kind])));
    }

    [Theory]
    [InlineData("id=2,size=3,time=1,op=4", "1,17,5000000000,get\n2,18,7,delete\n", "objects 11/5000000000/1r 12/7/2d")]
    [InlineData("id=2,size=3", "when what big\n1 17 5\n2 18 7\n", "objects 11/5/1r 12/7/2r")]
    [InlineData("page=block no,op=how", "block no;how\n17;W\n", "pages 11/1/1w")]
    [InlineData("address=1", "0x1000\n4097\n", "addresses 1000/1/1r 1001/1/2r")]
    [InlineData("id=1,count=2", "17|2\n18|1\n", "objects 11/1/1r 11/1/1r 12/1/3r")]
    public void ColumnsOfATableCanBeNamed(string columns, string text, string expected)
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.ASCII.GetBytes(text))), new TraceReading { Columns = columns });

        var records = ReadAll(reader).Select(record => $"{record.Address:x}/{record.Size}/{record.Time}{"irwd"[(int)record.Kind]}");

        Assert.Equal(expected, $"{reader.Unit.ToString().ToLowerInvariant()} {string.Join(' ', records)}");
    }

    [Theory]
    [InlineData("size=1")]
    [InlineData("id")]
    [InlineData("id=0")]
    [InlineData("id=9")]
    [InlineData("id=1,page=2")]
    [InlineData("id=nothing")]
    [InlineData("colour=1")]
    public void ColumnsThatAreNotThereAreRefused(string columns)
    {
        var fault = Assert.Throws<TraceFormatException>(() => TraceFormats.Open(ByteSource.Of(new MemoryStream("1,17\n"u8.ToArray())), new TraceReading { Columns = columns }));

        Assert.Contains("--columns", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("page\n1\n-2\n", "line 3")]
    [InlineData("object;size\na;1\nb;-1\n", "line 3")]
    [InlineData("object;size\na;1\nb;99999999999999999999\n", "line 3")]
    [InlineData("object;op\na;get\nb;frobnicate\n", "line 3")]
    [InlineData("object;op_count\na;1\n\nb;1e9\n", "line 4")]
    [InlineData("time,page\n1,2\n-5,3\n", "line 3")]
    [InlineData("time,page\n1,2\n5\n", "line 3")]
    [InlineData("object,size\na,5\nb\n", "line 3: the line has too few columns")]
    [InlineData("1,2,3\n4,-5,6\n", "line 2: reference 5")]
    [InlineData("s 0x10 1\nl 0x20 0\nl zz 1\n", "not a trace format")]
    public void ABadCellIsNamedWithItsLine(string text, string where)
    {
        var fault = Assert.Throws<TraceFormatException>(() =>
        {
            using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.ASCII.GetBytes(text))));
            ReadAll(reader);
        });

        Assert.Contains(where, fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void VscsiRecordsOfBothVersionsAreBlocksWithSizes(int version)
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Vscsi(version, (8, 4096, 0x28), (16, 512, 0x2a), (8, 4096, 0x28)))));

        Assert.Equal("vscsi", reader.Format);
        Assert.Equal("8/4096r 16/512w 8/4096r", string.Join(' ', ReadAll(reader).Select(record => $"{record.Address}/{record.Size}{"irwd"[(int)record.Kind]}")));
    }

    [Fact]
    public void AVscsiRecordThatIsCutShortIsReportedBehindTheWholeOnes()
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Vscsi(2, (8, 4096, 0x28), (16, 512, 0x2a), (24, 512, 0x2a))[..^7])));
        var records = new TraceRecords();

        Assert.True(reader.Read(records));
        Assert.Equal(2, records.Length);
        Assert.Contains("offset 113", Assert.Throws<TraceFormatException>(() => reader.Read(records)).Message);
    }

    [Fact]
    public void AnUnknownNextUseIsNoReasonToRefuseOracleGeneral()
    {
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(OracleGeneral((1, 5, 3_000_000_000, -2), (1, 6, 1, -2), (2, 5, 7, long.MaxValue)))));

        Assert.Equal("oracleGeneral", reader.Format);
        Assert.Equal([3_000_000_000UL, 1, 7], ReadAll(reader).Select(record => record.Size));
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("bzip2")]
    public void WhatACommandCanUnpackIsUnpacked(string command)
    {
        using var packer = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(command, "-c") { RedirectStandardInput = true, UseShellExecute = false, RedirectStandardOutput = true })!;
        packer.StandardInput.Write(string.Concat(Enumerable.Range(0, 2000).Select(number => $"{number}\n")));
        packer.StandardInput.Close();
        using var packed = new MemoryStream();
        packer.StandardOutput.BaseStream.CopyTo(packed);
        packer.WaitForExit();
        var bytes = packed.ToArray();

        using (var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes))))
        {
            Assert.Equal(2000, ReadAll(reader).Count);
            Assert.Equal(command, reader.Source.Packing);
        }

        var fault = Assert.Throws<TraceFormatException>(() =>
        {
            using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes[..^20])), "numbers");
            ReadAll(reader);
        });
        Assert.Contains(command, fault.Message);
    }

    [Theory]
    [InlineData("PK\u0003\u0004....", "zip")]
    [InlineData("\u00ff\u00fe1\u0000\n\u0000", "UTF-16")]
    public void WhatIsNotReadIsRefusedByName(string text, string name) =>
        Assert.Contains(name, Assert.Throws<TraceFormatException>(() => TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.Latin1.GetBytes(text))))).Message);

    [Fact]
    public void OneLineCanBeLongerThanAnyBuffer()
    {
        var text = string.Join(',', Enumerable.Range(0, 400_000).Select(number => number % 1000));
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(Encoding.ASCII.GetBytes(text))));

        Assert.Equal(400_000, ReadAll(reader).Count);
    }

    private static byte[] Vscsi(int version, params (ulong Block, uint Length, ushort Command)[] requests)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var serial = 0u;
        foreach (var (block, length, command) in requests)
        {
            if (version == 2)
            {
                writer.Write(command);
                writer.Write((ushort)0x0200);
            }

            writer.Write(serial++);
            writer.Write(length);
            writer.Write(1u);
            if (version == 1)
            {
                writer.Write(command);
                writer.Write((ushort)0x0100);
            }

            writer.Write(block);
            writer.Write(1_000_000UL * serial);
            if (version == 2)
            {
                writer.Write(1000UL);
            }
        }

        return stream.ToArray();
    }

    [Fact]
    public void OracleGeneralRecordsAreObjectsWithSizes()
    {
        var bytes = OracleGeneral((10, 5, 100, 3), (11, 6, 200, -1), (12, 5, 100, -1));
        using var reader = TraceFormats.Open(ByteSource.Of(new MemoryStream(bytes)));

        var records = ReadAll(reader);

        Assert.Equal("oracleGeneral", reader.Format);
        Assert.Equal([5UL, 6UL, 5UL], records.Select(record => record.Address));
        Assert.Equal([100UL, 200UL, 100UL], records.Select(record => record.Size));
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

    internal static List<(ulong Address, ulong Size, ReferenceKind Kind, uint Process, long Time)> ReadAll(TraceReader reader)
    {
        var all = new List<(ulong, ulong, ReferenceKind, uint, long)>();
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
