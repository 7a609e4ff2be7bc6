using System.Text;

namespace Quire.Allocation.Tests;

public class FormatTests
{
    private static readonly HeapEvent[] s_calls =
    [
        new(HeapEventKind.Allocate, 0, 100), new(HeapEventKind.Allocate, 1, 50), new(HeapEventKind.Reallocate, 0, 200),
        new(HeapEventKind.Free, 1, 0), new(HeapEventKind.Allocate, 2, 16), new(HeapEventKind.Free, 0, 0),
    ];

    [Fact]
    public void RepTracesHaveFourHeaderNumbers() =>
        Assert.Equal(s_calls, Read("x.rep", "20000\n3\n6\n1\na 0 100\na 1 50\nr 0 200\nf 1\na 2 16\nf 0\n").Events);

    [Fact]
    public void CsvMayHaveAHeaderAndThreads()
    {
        var trace = Read("x.csv", "op,id,size,thread\nmalloc,0,100,7\nmalloc,1,50\nrealloc,0,200\nfree,1\nm,2,16\nf,0\n");
        Assert.Equal(s_calls.Select(call => call with { Thread = 0 }), trace.Events.Select(call => call with { Thread = 0 }));
        Assert.Equal(7u, trace.Events[0].Thread);
    }

    [Fact]
    public void MtraceAddressesBecomeNumbersAndAreUsedAgain()
    {
        const string Text = """
            = Start
            @ ./prog:(main+0x1d)[0x401136] + 0x1000 0x64
            @ ./my prog:[0x401136] + 0x2000 0x32
            @ ./prog:[0x401136] < 0x1000
            @ ./prog:[0x401136] > 0x3000 0xc8
            @ ./prog:[0x401136] - 0x2000
            @ ./prog:[0x401136] + 0x1000 0x10
            @ ./prog:[0x401136] - 0x3000
            @ ./prog:[0x401136] - 0x9999
            = End
            """;
        var trace = Read("mtrace.log", Text);
        Assert.Equal(s_calls, trace.Events);
        Assert.Equal(1, trace.UnknownFrees);
    }

    [Fact]
    public void HeaptrackRawIsHexadecimalWithTheAddressLast()
    {
        var trace = Read("heaptrack.raw", "v 10400 3\nX ./prog\nI 1000 1a2b\nt 401136 0\n+ 64 1 1000\nc 10\n+ 32 1 2000\n- 1000\n+ c8 1 3000\n- 2000\n- 77\n");
        Assert.Equal([100, 50, 0, 200, 0], trace.Events.Select(call => call.Size));
        Assert.Equal(1, trace.UnknownFrees);
    }

    [Fact]
    public void RecordingsComeBackAsTheyWereWritten()
    {
        using var stream = new MemoryStream();
        RecordingFormat.Write(stream, new HeapTrace(s_calls, 0));
        Assert.Equal((1 + s_calls.Length + 1) * RecordingFormat.RecordBytes, stream.Length);
        stream.Position = 0;
        Assert.Equal(s_calls, WorkloadFormats.Read(stream, "x").Events);
    }

    [Theory]
    [InlineData("x.rep", "1\n1\n1\n1\na 0 10\nq 3\n", 6)]
    [InlineData("x.rep", "1\n1\n1\n1\na 0 ten\n", 5)]
    [InlineData("x.rep", "1\n1\n1\n1\na 0 -5\n", 5)]
    [InlineData("x.rep", "1\n1\n1\n1\na 0 10\nf 1\n", 6)]
    [InlineData("x.rep", "1\n1\n1\n1\na 0 10\na 0 10\n", 6)]
    [InlineData("x.csv", "malloc,0,10\nfree\n", 2)]
    [InlineData("x.csv", "malloc,0,10\nfly,0\n", 2)]
    [InlineData("x.csv", "malloc,0,10\nfree,0\nfree,0\n", 3)]
    [InlineData("x", "= Start\n@ a:[0x1] + 0x10 zz\n", 2)]
    [InlineData("x", "= Start\nnonsense\n", 2)]
    [InlineData("x", "v 1\n+ 10 20\n", 2)]
    public void MalformedFilesNameTheirLine(string name, string text, int line)
    {
        var error = Assert.Throws<WorkloadFormatException>(() => Read(name, text));
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"{name}:{line}:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello world\n")]
    [InlineData("QUIREHP1")]
    [InlineData("QUIREHP1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0abc")]
    [InlineData("QUIREHP1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0aaaaaaaaaaaaaaaaaaaaaaaa")]
    public void WhatIsNoWorkloadIsRefused(string text) => Assert.Throws<WorkloadFormatException>(() => Read("x", text));

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    public void ARepFileWithoutALineIsRefused(string text) => Assert.Throws<WorkloadFormatException>(() => Read("x.rep", text));

    [Fact]
    public void AHeaderWithoutCallsIsAWorkload() => Assert.Empty(Read("x.rep", "0\n0\n0\n1\n").Events);

    [Theory]
    [InlineData("plateau,count=0")]
    [InlineData("plateau,min=100,max=10")]
    [InlineData("plateau,colour=red")]
    [InlineData("plateau,seed")]
    [InlineData("plateaux")]
    [InlineData("plateau,sizes=odd")]
    [InlineData("plateau,lives=odd")]
    public void SyntheticNonsenseIsRefused(string text) => Assert.Throws<FormatException>(() => SyntheticWorkloads.Create(SyntheticOptions.Parse(text)));

    private static HeapTrace Read(string name, string text) => WorkloadFormats.Read(new MemoryStream(Encoding.Latin1.GetBytes(text)), name);
}
