using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Devices;

/// <summary>/dev/null, /dev/zero, /dev/full, /dev/random and /dev/urandom (mem(4), null(4), full(4), random(4)).</summary>
public sealed class MemoryDevice : OpenFile, IPageSource
{
    private readonly MemoryDeviceKind _kind;
    private PageCache? _pages;

    public MemoryDevice(FileLocation location, int flags, MemoryDeviceKind kind)
        : base(location, flags) => _kind = kind;

    public override bool IsSeekable => true;

    /// <summary>Mapping /dev/zero gives fresh zeros: pages of their own for each opening.</summary>
    public override PageCache? Pages => _kind == MemoryDeviceKind.Zero ? _pages ??= Location.Mount.Tree!.Memory.CreatePageCache(this, PageCache.MaximumLength) : null;

    string IPageSource.Name => "/dev/zero";

    bool IPageSource.IsBacked => false;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (_kind == MemoryDeviceKind.Null)
        {
            return new(0);
        }

        var chunk = new byte[(int)Math.Min(buffer.Remaining, 1 << 16)];
        var total = 0L;
        while (buffer.Remaining > 0)
        {
            var length = (int)Math.Min((ulong)chunk.Length, buffer.Remaining);
            if (_kind == MemoryDeviceKind.Random)
            {
                thread.Kernel.Random.Fill(chunk.AsSpan(0, length));
            }

            var done = buffer.CopyToGuest(chunk.AsSpan(0, length));
            total += done;
            if (done < length)
            {
                return new(total > 0 ? total : Errno.EFAULT.ToResult());
            }
        }

        return new(total);
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) =>
        new(_kind == MemoryDeviceKind.Full && buffer.Remaining > 0 ? Errno.ENOSPC.ToResult() : (long)buffer.Remaining);

    public override long Seek(long offset, int whence) => Position = 0;

    Errno IPageSource.ReadPage(ulong index, Span<byte> page)
    {
        page.Clear();
        return Errno.None;
    }

    Errno IPageSource.WritePage(ulong index, ReadOnlySpan<byte> bytes) => Errno.None;

    protected override void OnLastClose() => _pages?.Drop();
}

public enum MemoryDeviceKind
{
    Null,
    Zero,
    Full,
    Random,
}
