using Quire.Primitives;

namespace Quire.Kernel.Memory.Caching;

/// <summary>The nameless memory-only file behind a MAP_SHARED | MAP_ANONYMOUS mapping. It goes when the last region that maps it does.</summary>
internal sealed class SharedAnonymousMemory : IMappedFile, IPageSource
{
    private readonly KernelMemory _memory;
    private readonly PageCache _pages;
    private readonly long _committedPages;
    private int _references = 1;

    /// <param name="committedPages">What of it counts towards Committed_AS.</param>
    public SharedAnonymousMemory(KernelMemory memory, ulong length, long committedPages)
    {
        _memory = memory;
        _pages = memory.CreatePageCache(this, length);
        _committedPages = committedPages;
        memory.Counters.Committed += committedPages;
    }

    public PageCache Pages => _pages;

    public string Path => "/dev/zero (deleted)";

    public string Name => Path;

    /// <summary>As Linux's internal tmpfs mount shows: device 0:1.</summary>
    public ulong DeviceNumber => 1;

    public ulong InodeNumber => _pages.Number;

    public bool IsReadable => true;

    public bool IsWritable => true;

    public bool IsBacked => false;

    public void AddReference() => _references++;

    public void Release()
    {
        if (--_references == 0)
        {
            _memory.Counters.Committed -= _committedPages;
            _pages.Drop();
        }
    }

    public Errno ReadPage(ulong index, Span<byte> page)
    {
        page.Clear();
        return Errno.None;
    }

    public Errno WritePage(ulong index, ReadOnlySpan<byte> bytes) => Errno.None;
}
