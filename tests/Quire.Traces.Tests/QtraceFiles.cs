using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

public class QtraceFiles
{
    [Theory]
    [InlineData(1, TraceUnit.Addresses, 12)]
    [InlineData(2, TraceUnit.Addresses, 6)]
    [InlineData(3, TraceUnit.Pages, 0)]
    [InlineData(4, TraceUnit.Objects, 0)]
    public void ComesBackAsWritten(int seed, TraceUnit unit, int pageShift)
    {
        var written = Records(seed, 20_000, unit);

        using var reader = new QtraceReader(ByteSource.Of(new MemoryStream(Write(written, new QtraceHeader(unit, pageShift, QtraceDetail.EveryReference, HasTimes: true)))));

        Assert.Equal(written, TraceFormatsByContent.ReadAll(reader));
    }

    [Fact]
    public void RunsAreThoseOfTheRecords()
    {
        var bytes = Write(Records(5, 30_000, TraceUnit.Addresses), new QtraceHeader(TraceUnit.Addresses, 12, QtraceDetail.EveryReference, HasTimes: false));
        using var direct = RunSource.Of(new QtraceReader(ByteSource.Of(new MemoryStream(bytes))), 12);
        using var folded = new RecordRuns(new QtraceReader(ByteSource.Of(new MemoryStream(bytes))), 12);

        var fast = Replay(direct);
        var slow = Replay(folded);

        Assert.IsType<QtraceRuns>(direct);
        Assert.Equal(slow, fast);
    }

    [Fact]
    public void PagesAreNumberedInTheOrderOfTheirFirstReferences()
    {
        ulong[] pages = [7, 3, 9, 3, 1, 7, 8, 2];
        var records = pages.Select(page => (page, 1UL, ReferenceKind.Read, 0u, 0L)).ToList();
        using var runs = new QtraceRuns(new QtraceReader(ByteSource.Of(new MemoryStream(Write(records, new QtraceHeader(TraceUnit.Pages, 0, QtraceDetail.PagesOnly, HasTimes: false))))));

        Assert.True(runs.Next(new RunBatch()));

        Assert.Equal(pages.Distinct(), Enumerable.Range(0, runs.Numbering.Count).Select(runs.Numbering.PageOf));
    }

    [Fact]
    public void LongRunsKeepTheirCounts()
    {
        var records = Enumerable.Range(0, 5000).Select(index => ((ulong)(index / 1000), 1UL, ReferenceKind.Read, 0u, 0L)).ToList();
        var bytes = Write(records, new QtraceHeader(TraceUnit.Pages, 0, QtraceDetail.PagesOnly, HasTimes: false));
        using var runs = new QtraceRuns(new QtraceReader(ByteSource.Of(new MemoryStream(bytes))));

        var batch = new RunBatch();

        Assert.True(runs.Next(batch));
        Assert.Equal([1000, 1000, 1000, 1000, 1000], batch.Counts[..batch.Length]);
        Assert.True(bytes.Length < 200);
    }

    [Fact]
    public void EveryTruncationIsReportedWithWhatWasReadBefore()
    {
        var bytes = Write(Records(6, 500, TraceUnit.Addresses), new QtraceHeader(TraceUnit.Addresses, 12, QtraceDetail.EveryReference, HasTimes: false));
        for (var length = QtraceHeader.Magic.Length; length < bytes.Length; length += RandomStrings.IsFullLength ? 1 : 13)
        {
            var fault = Assert.Throws<TraceFormatException>(() => ReadBytes(bytes[..length]));
            Assert.Contains("offset", fault.Message);
            Assert.Contains("references read before it", fault.Message);
        }
    }

    [Fact]
    public void EveryFlippedByteIsNoticed()
    {
        var bytes = Write(Records(7, 300, TraceUnit.Addresses), new QtraceHeader(TraceUnit.Addresses, 12, QtraceDetail.EveryReference, HasTimes: false));
        for (var place = 0; place < bytes.Length; place += RandomStrings.IsFullLength ? 1 : 7)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[place] ^= 0x41;
            Assert.Throws<TraceFormatException>(() => ReadBytes(damaged));
        }
    }

    [Fact]
    public void WhatComesBeforeTheDamageIsReplayed()
    {
        var bytes = Write(Records(8, 200_000, TraceUnit.Addresses), new QtraceHeader(TraceUnit.Addresses, 12, QtraceDetail.PagesOnly, HasTimes: false));
        using var runs = RunSource.Of(new QtraceReader(ByteSource.Of(new MemoryStream(bytes[..(bytes.Length * 3 / 4)]))), 12);

        var report = new ReplayEngine([Simulation.Create(PolicyRegistry.Parse("lru"), 10), Simulation.Create(PolicyRegistry.Parse("opt"), 10)]).Run(runs);

        Assert.True(report.IsPartial);
        Assert.NotNull(report.Fault);
        Assert.True(report.Results[0].References > 65_000);
        Assert.Equal(report.Results[0].References, report.Results[1].References);
    }

    [Fact]
    public void SeekingFindsTheBlockOfAReference()
    {
        var written = Records(9, 300_000, TraceUnit.Pages);
        var bytes = Write(written, new QtraceHeader(TraceUnit.Pages, 0, QtraceDetail.EveryReference, HasTimes: false));
        using var reader = new QtraceReader(ByteSource.Of(new MemoryStream(bytes)));

        var first = reader.SeekTo(250_000);
        var rest = TraceFormatsByContent.ReadAll(reader);

        Assert.InRange(first, 2, 250_000);
        Assert.Equal(written[(int)first - 1].Address, rest[0].Address);
        Assert.Equal(written.Count - first + 1, rest.Count);
    }

    private static void ReadBytes(byte[] bytes)
    {
        using var reader = new QtraceReader(ByteSource.Of(new MemoryStream(bytes)));
        if (!QtraceReader.Recognises(bytes))
        {
            throw new TraceFormatException("not recognised");
        }

        TraceFormatsByContent.ReadAll(reader);
    }

    private static ReplayResult Replay(RunSource runs) => new ReplayEngine([Simulation.Create(PolicyRegistry.Parse("arc"), 16)]).Run(runs).Results[0];

    private static byte[] Write(List<(ulong Address, ulong Size, ReferenceKind Kind, uint Process, long Time)> records, QtraceHeader header)
    {
        var stream = new MemoryStream();
        using (var writer = new QtraceWriter(stream, header))
        {
            foreach (var (address, size, kind, process, time) in records)
            {
                writer.Add(address, size, kind, process, time);
            }
        }

        return stream.ToArray();
    }

    private static List<(ulong Address, ulong Size, ReferenceKind Kind, uint Process, long Time)> Records(int seed, int count, TraceUnit unit)
    {
        var random = new Random(seed);
        var records = new List<(ulong, ulong, ReferenceKind, uint, long)>();
        var time = 1000L;
        for (var index = 0; index < count; index++)
        {
            var address = unit switch
            {
                TraceUnit.Addresses => (ulong)random.NextInt64(1 << 20) + (random.Next(4) == 0 ? 0x7fff_0000_0000UL : 0),
                TraceUnit.Pages => (ulong)random.Next(3000),
                _ => (ulong)random.NextInt64(),
            };
            var size = unit switch
            {
                TraceUnit.Addresses => (ulong)(random.Next(20) == 0 ? random.Next(1, 9000) : 1 << random.Next(5)),
                TraceUnit.Pages => 1u,
                _ => random.Next(9) == 0 ? (ulong)random.NextInt64(1, 1L << 50) : (ulong)random.Next(1, 1 << 20),
            };
            records.Add((address, size, (ReferenceKind)random.Next(4), (uint)random.Next(unit == TraceUnit.Addresses ? 3 : 1), time += random.Next(3)));
        }

        return records;
    }
}
