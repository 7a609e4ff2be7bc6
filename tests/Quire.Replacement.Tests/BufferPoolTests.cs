using System.Buffers.Binary;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>A buffer pool gives each page the bytes that were last written to it, whatever the policy, and counts what it does.</summary>
public sealed class BufferPoolTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public static TheoryData<string> Policies => [.. PolicyRegistry.FixedSpace.Where(policy => policy.Source != InformationSource.Future).Select(policy => policy.Name)];

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(Policies))]
    public void EachPageHasTheBytesLastWrittenToIt(string policy)
    {
        const int pages = 60;
        var random = new Random(3);
        var model = new long[pages];
        using (var pool = BufferPool.Open(_path, 9, policy, 512))
        {
            for (var step = 1; step <= 4000; step++)
            {
                var number = random.Next(3) == 0 ? random.Next(pages) : random.Next(10);
                using var held = pool.Pin(random.Next(pages));
                using var page = random.Next(20) == 0 ? pool.PinNew(number) : pool.Pin(number);
                if (page.Bytes.IndexOfAnyExcept((byte)0) < 0)
                {
                    model[number] = 0;
                }

                Assert.Equal(model[number], BinaryPrimitives.ReadInt64LittleEndian(page.Bytes[^8..]));
                if (random.Next(3) == 0)
                {
                    model[number] = step;
                    BinaryPrimitives.WriteInt64LittleEndian(page.Bytes[^8..], step);
                    page.MarkDirty();
                }

                if (step % 500 == 0)
                {
                    pool.Flush();
                    Assert.Equal(0, pool.Dirty);
                }

                Assert.InRange(pool.Resident, 1, 9);
            }

            Assert.Equal(8000, pool.Counts.Hits + pool.Counts.Misses);
            Assert.InRange(pool.Counts.Writes, 9, 4000);
        }

        var file = File.ReadAllBytes(_path);
        for (var page = 0; page < file.Length / 512; page++)
        {
            Assert.Equal(model[page], BitConverter.ToInt64(file, (page * 512) + 504));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void MissesAsReplayDoes(string policy)
    {
        // Nothing is written: the pool writes neighbours along, and some policies look which pages are clean.
        var references = Traces.Tests.RandomStrings.Create(7).Select(reference => reference & ~1).ToArray();
        using var pool = BufferPool.Create(new Recording(4096), 8, PolicyRegistry.Parse(policy));
        foreach (var reference in references)
        {
            pool.Pin(reference >> 1).Dispose();
        }

        Assert.Equal(Traces.Tests.RandomStrings.Step(policy, 8, references).Misses, pool.Counts.Misses);
        Assert.Equal(references.Length, pool.Counts.Hits + pool.Counts.Misses);
        Assert.Equal(pool.Counts.Misses, pool.Counts.Reads);
    }

    [Fact]
    public void ChangedPagesAreWrittenInTheOrderOfTheirNumbersBehindTheLog()
    {
        var file = new Recording(4096);
        using var pool = new BufferPool<Lru>(file, 8);
        var announced = new List<long>();
        pool.BeforeWrite = announced.Add;
        foreach (var number in new long[] { 5, 3, 9, 4, 100, 8 })
        {
            using var page = pool.Pin(number);
            if (number != 9)
            {
                page.MarkDirty();
            }
        }

        pool.Flush();

        Assert.Equal([3, 4, 5, 8, 100], file.Written);
        Assert.Equal(file.Written, announced);
        Assert.Equal(1, file.Synchronized);
        pool.Flush();
        Assert.Equal(5, pool.Counts.Writes);
    }

    [Fact]
    public void AChangedPageThatLeavesTakesItsChangedNeighboursAlong()
    {
        var file = new Recording(4096);
        using var pool = new BufferPool<Fifo>(file, 5);
        foreach (var number in new long[] { 5, 7, 4, 9, 6 })
        {
            using var page = pool.Pin(number);
            page.MarkDirty();
        }

        using var pinned = pool.Pin(7);
        pool.Pin(20).Dispose();

        Assert.Equal([4, 5, 6], file.Written);
        Assert.Equal(2, pool.Dirty);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void APinnedPageStaysAndAFullPoolSaysSo(string policy)
    {
        using var pool = BufferPool.Create(new Recording(4096), 3, PolicyRegistry.Parse(policy));
        using var first = pool.Pin(0);
        using var second = pool.Pin(1);
        first.Bytes[0] = 77;
        for (var number = 2; number < 40; number++)
        {
            pool.Pin(number).Dispose();
            Assert.Equal(77, first.Bytes[0]);
        }

        using (pool.Pin(50))
        {
            Assert.Throws<BufferPoolFullException>(() => pool.Pin(51));
        }

        pool.Pin(51).Dispose();
        Assert.Throws<InvalidOperationException>(() => pool.Discard(0));
    }

    [Fact]
    public void APageThatCannotBeWrittenIsKept()
    {
        var file = new Recording(4096);
        using var pool = new BufferPool<Lru>(file, 1);
        using (var page = pool.Pin(3))
        {
            page.Bytes[9] = 9;
            page.MarkDirty();
        }

        file.Fails = true;
        Assert.Throws<IOException>(() => pool.Pin(4));
        Assert.Throws<IOException>(pool.Flush);
        file.Fails = false;

        using (var page = pool.Pin(3))
        {
            Assert.Equal(9, page.Bytes[9]);
        }

        pool.Pin(4).Dispose();
        Assert.Equal([3], file.Written);
    }

    [Fact]
    public void ADiscardedPageIsNotWritten()
    {
        var file = new Recording(4096);
        using var pool = new BufferPool<Lru>(file, 4);
        pool.PinNew(3).Dispose();

        Assert.True(pool.Discard(3));
        Assert.False(pool.Discard(3));
        pool.Flush();

        Assert.Empty(file.Written);
        Assert.Equal(0, pool.Counts.Reads);
    }

    [Theory]
    [InlineData("opt")]
    [InlineData("vmin")]
    [InlineData("working-set")]
    public void APolicyThatCannotServeIsRefused(string policy) =>
        Assert.Contains("cannot serve", Assert.Throws<PolicyFormatException>(() => BufferPool.Open(_path, 4, policy)).Message);

    [Fact]
    public void UseBehindDisposeIsRefused()
    {
        var pool = new BufferPool<Lru>(new Recording(4096), 4);
        pool.Dispose();
        pool.Dispose();

        Assert.Throws<ObjectDisposedException>(() => pool.Pin(1));
        Assert.Throws<ObjectDisposedException>(pool.Flush);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(16384)]
    public void PastThePageCacheBytesAreTheSame(int pageSize)
    {
        // One byte more than a page: the second page ends in zeros.
        File.WriteAllBytes(_path, [.. Enumerable.Repeat((byte)7, pageSize + 1)]);
        using (var pool = new BufferPool<Arc>(PageFile.Open(_path, pageSize), 2))
        {
            using (var page = pool.Pin(1))
            {
                Assert.Equal(7, page.Bytes[0]);
                Assert.Equal(-1, page.Bytes[1..].IndexOfAnyExcept((byte)0));
                page.Bytes[^1] = 8;
                page.MarkDirty();
            }

            using var beyond = pool.Pin(9);
            Assert.Equal(-1, beyond.Bytes.IndexOfAnyExcept((byte)0));
        }

        var bytes = File.ReadAllBytes(_path);
        Assert.Equal(2 * pageSize, bytes.Length);
        Assert.Equal((7, 8), (bytes[pageSize], bytes[^1]));
    }

    [Fact]
    public void OnlyPagesOfWholeBlocksGoPastThePageCache()
    {
        using var small = PageFile.Open(_path, 512);
        using var cached = PageFile.Open(_path, 4096, PageAccess.Cached);
        Assert.False(small.IsDirect);
        Assert.False(cached.IsDirect);
        Assert.Throws<ArgumentOutOfRangeException>(() => PageFile.Open(_path, 1000));
    }

    /// <summary>Pages in memory, with the order in which they were written.</summary>
    private sealed class Recording(int pageSize) : IPageFile
    {
        private readonly Dictionary<long, byte[]> _pages = [];

        public List<long> Written { get; } = [];

        public int Synchronized { get; private set; }

        public bool Fails { get; set; }

        public int PageSize => pageSize;

        public void Read(long page, Span<byte> bytes)
        {
            if (_pages.TryGetValue(page, out var known))
            {
                known.CopyTo(bytes);
            }
            else
            {
                bytes.Clear();
            }
        }

        public void Write(long page, ReadOnlySpan<byte> bytes)
        {
            if (Fails)
            {
                throw new IOException("no space");
            }

            Written.Add(page);
            _pages[page] = bytes.ToArray();
        }

        public void Synchronize() => Synchronized++;

        public void Dispose()
        {
        }
    }
}
