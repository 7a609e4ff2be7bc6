using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Devices;

/// <summary>/dev/null, /dev/zero, /dev/full, /dev/random and /dev/urandom (mem(4), null(4), full(4), random(4)).</summary>
public sealed class MemoryDevice : OpenFile, IMappedFile
{
    private readonly MemoryDeviceKind _kind;

    public MemoryDevice(FileLocation location, int flags, MemoryDeviceKind kind)
        : base(location, flags) => _kind = kind;

    public override bool IsSeekable => true;

    /// <summary>Of these only the random devices can be polled.</summary>
    internal bool HasReadiness => _kind == MemoryDeviceKind.Random;

    bool IMappedFile.MapsFreshZeros => _kind == MemoryDeviceKind.Zero;

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
}

public enum MemoryDeviceKind
{
    Null,
    Zero,
    Full,
    Random,
}
