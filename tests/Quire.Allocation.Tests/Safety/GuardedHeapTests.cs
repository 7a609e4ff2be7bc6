namespace Quire.Allocation.Tests;

public unsafe class GuardedHeapTests
{
    // The kernel reads the buffer in write(2), and answers EFAULT where a load would kill the process.
    private static bool IsReadable(void* address)
    {
        var path = Path.GetTempFileName();
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        try
        {
            RandomAccess.Write(file, new ReadOnlySpan<byte>(address, 1), 0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(4096)]
    [InlineData(10_000)]
    public void ABlockEndsAtAnUnmappedPage(int size)
    {
        using var heap = new GuardedHeap(1 << 20);
        var block = (byte*)heap.Allocate(size);
        Assert.True(IsReadable(block) && IsReadable(block + size - 1));
        Assert.False(IsReadable(block + ((size + 15) & -16)));
        heap.Free(block);
        Assert.False(IsReadable(block));
    }

    [Fact]
    public void AWriteIntoTheSlackBeforeTheGuardPageIsFoundAtFree()
    {
        using var heap = new GuardedHeap(1 << 20);
        var block = (byte*)heap.Allocate(13);
        block[13] = 0;
        Assert.Equal(HeapMisuse.RedZoneOverwritten, Assert.Throws<HeapMisuseException>(() => heap.Free(block)).Kind);
    }

    [Fact]
    public void LeaksAreReportedWithWhereTheyWereAllocated()
    {
        IReadOnlyList<Leak> leaks = [];
        using (var heap = AllocatorKinds.Create(AllocatorKinds.All[0], new AllocatorOptions { Safety = SafetyLevel.Guarded, OnLeaks = found => leaks = found }))
        {
            heap.Free(heap.Allocate(10));
            heap.Allocate(123);
        }

        var leak = Assert.Single(leaks);
        Assert.Equal(123, leak.Size);
        Assert.Contains(nameof(LeaksAreReportedWithWhereTheyWereAllocated), leak.AllocatedAt, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomCallsAgreeWithTheModel()
    {
        using var heap = new GuardedHeap(64 << 20, quarantine: 1 << 20);
        new HeapModel(heap, Promises.None, 3).Run(Lengths.Of(3000, 100_000));
        Assert.Empty(heap.Leaks());
    }

    [Fact]
    public void MoreBlocksThanTheHostHasMappingsForGiveNull()
    {
        var mappings = new HostMappings(10);
        Assert.True(mappings.Has(10));
        mappings.Take(8);
        Assert.False(mappings.Has(3));
        mappings.Return(8);
        Assert.True(mappings.Has(3));
        if (!File.Exists("/proc/sys/vm/max_map_count"))
        {
            return;
        }

        // Two to a block; what the process itself needs is left, or it would die here.
        var most = int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), System.Globalization.CultureInfo.InvariantCulture);
        if (most > 200_000)
        {
            return;
        }

        using var heap = new GuardedHeap((nint)1 << 40, quarantine: 1 << 20);
        var blocks = 0;
        while (heap.Allocate(16) != null)
        {
            Assert.True(++blocks < most / 2);
        }

        Assert.True(blocks > 0);
    }
}
