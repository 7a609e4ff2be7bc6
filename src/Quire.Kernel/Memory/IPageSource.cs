using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Where the pages of a <see cref="PageCache"/> come from and go to.</summary>
public interface IPageSource
{
    /// <summary>The file's name in maps and events.</summary>
    string Name { get; }

    /// <summary>False: the pages exist in memory only (tmpfs, shared memory). Holes read as zero at no cost, nothing is written back, no page can be dropped.</summary>
    bool IsBacked { get; }

    /// <summary>Before a page of a memory-only file comes into being. False: the file system that it belongs to has no room (ENOSPC, SIGBUS).</summary>
    bool TryTakePage() => true;

    /// <summary>A page that was taken is gone.</summary>
    void ReturnPage()
    {
    }

    /// <summary>Fills the whole page, with zeroes beyond the end of the file.</summary>
    Errno ReadPage(ulong index, Span<byte> page);

    /// <param name="bytes">The page up to the end of the file: 1 to 4096 bytes.</param>
    Errno WritePage(ulong index, ReadOnlySpan<byte> bytes);
}
