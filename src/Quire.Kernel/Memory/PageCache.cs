using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>The cached pages of one file.</summary>
public sealed class PageCache
{
    private PageCache()
    {
    }

    public IPageSource Source => throw new InvalidOperationException();

    /// <summary>The file's size in bytes.</summary>
    public ulong Length => throw new InvalidOperationException();

    public int MappedRegionCount => throw new InvalidOperationException();

    public ulong ResidentPages => throw new InvalidOperationException();

    public ulong DirtyPages => throw new InvalidOperationException();

    /// <summary>Truncates or extends. Pages beyond the end are dropped and unmapped everywhere; touching their mappings is SIGBUS from then on.</summary>
    public void SetLength(ulong bytes) => throw new InvalidOperationException();

    /// <summary>Bytes read, 0 at the end of the file, or a negative errno if none could be.</summary>
    public long Read(ulong offset, UserBuffer to) => throw new InvalidOperationException();

    /// <summary>Bytes written, extending the file, or a negative errno if none could be.</summary>
    public long Write(ulong offset, UserBuffer from) => throw new InvalidOperationException();

    /// <summary>Kernel-internal read; bytes or a negative errno.</summary>
    public long ReadBytes(ulong offset, Span<byte> to) => throw new InvalidOperationException();

    /// <summary>Kernel-internal write; bytes or a negative errno.</summary>
    public long WriteBytes(ulong offset, ReadOnlySpan<byte> from) => throw new InvalidOperationException();

    /// <summary>Zeroes a range inside the file and drops its whole pages (fallocate's hole punching).</summary>
    public void PunchHole(ulong offset, ulong length) => throw new InvalidOperationException();

    /// <summary>Writes all dirty pages back. Also reports an earlier failed write-back, once.</summary>
    public Errno Sync() => throw new InvalidOperationException();

    public Errno SyncRange(ulong offset, ulong length) => throw new InvalidOperationException();

    /// <summary>Drops every page, dirty ones unwritten: the file is gone.</summary>
    public void Drop() => throw new InvalidOperationException();

    /// <summary>Drops the clean, unmapped pages of a range (POSIX_FADV_DONTNEED).</summary>
    public void DropClean(ulong offset, ulong length) => throw new InvalidOperationException();

    public void Advise(ReadaheadHint hint) => throw new InvalidOperationException();

    /// <summary>Reads a range in (readahead, POSIX_FADV_WILLNEED).</summary>
    public void ReadAhead(ulong offset, ulong length) => throw new InvalidOperationException();
}
