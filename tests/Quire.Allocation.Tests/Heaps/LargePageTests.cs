namespace Quire.Allocation.Tests.Heaps;

/// <summary>Small blocks of the thread-caching heap come to lie in the host's large pages, once they fill them.</summary>
public class LargePageTests
{
    private const nint LargePage = NativeRegion.BaseAlignment;

    [Fact]
    public unsafe void EachLargePageThatSmallBlocksFilledIsAskedForOnce()
    {
        var host = new AskedMemory();
        using var region = new NativeRegion(64 << 20, host);
        using var heap = new ThreadCachingHeap(region);
        var blocks = new List<nint>();
        for (var i = 0; i < 40_000; i++)
        {
            blocks.Add((nint)heap.Allocate(256));
        }

        // 10 MB of blocks, freed and taken again: nothing is asked for twice.
        blocks.ForEach(block => heap.Free((void*)block));
        heap.Trim();
        for (var i = 0; i < 40_000; i++)
        {
            *(long*)heap.Allocate(256) = i;
        }

        Assert.Equal(Enumerable.Range(0, 4).Select(i => ((nint)region.Base + (i * LargePage), LargePage)), host.Asked);
    }

    [Fact]
    public unsafe void UntouchedLargeBlocksAreNotBackedByLargePages()
    {
        var host = new AskedMemory();
        using var heap = new ThreadCachingHeap(new NativeRegion(64 << 20, host));
        Assert.True(heap.Allocate(30 << 20) != null);
        Assert.True(heap.Allocate(100) != null);
        Assert.True(host.Asked.Sum(range => range.Bytes) <= LargePage);
    }

    private sealed class AskedMemory : IVirtualMemory
    {
        public List<(nint Address, nint Bytes)> Asked { get; } = [];

        public int PageSize => HostMemory.Current.PageSize;

        public nint Reserve(nint bytes) => HostMemory.Current.Reserve(bytes);

        public bool TryCommit(nint address, nint bytes) => HostMemory.Current.TryCommit(address, bytes);

        public void Decommit(nint address, nint bytes) => HostMemory.Current.Decommit(address, bytes);

        public void Discard(nint address, nint bytes) => HostMemory.Current.Discard(address, bytes);

        public void Release(nint address, nint bytes) => HostMemory.Current.Release(address, bytes);

        public void PreferLargePages(nint address, nint bytes)
        {
            Asked.Add((address, bytes));
            HostMemory.Current.PreferLargePages(address, bytes);
        }
    }
}
