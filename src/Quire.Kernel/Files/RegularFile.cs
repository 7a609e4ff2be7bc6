using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>An open regular file: reads and writes go through its page cache.</summary>
public sealed class RegularFile : OpenFile
{
    private const int SeekSet = 0;
    private const int SeekCurrent = 1;
    private const int SeekEnd = 2;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    private readonly IRegularContent _content;

    public RegularFile(FileLocation location, int flags)
        : base(location, flags) => _content = (IRegularContent)location.Inode;

    public override bool IsSeekable => true;

    public override PageCache Pages => _content.Content;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var position = offset ?? Position;
        var length = _content.Content.Length;
        var done = (ulong)position >= length || buffer.Remaining == 0 ? 0 : _content.Content.Read((ulong)position, buffer);
        if (done > 0 && offset is null)
        {
            Position += done;
        }

        return new(done);
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (buffer.Remaining == 0)
        {
            return new(0);
        }

        // O_APPEND wins over pwrite's offset too, as on Linux (pwrite(2), BUGS).
        var position = (StatusFlags & OpenFlags.Append) != 0 ? (long)_content.Content.Length : offset ?? Position;
        var limit = Math.Min(thread.Process.Limits[Resource.FileSize].Soft, long.MaxValue);
        if ((ulong)position >= limit)
        {
            if (limit < long.MaxValue)
            {
                thread.Send(SignalInfo.FromKernel(Signal.SIGXFSZ));
            }

            return new(Errno.EFBIG.ToResult());
        }

        var room = limit - (ulong)position;
        var error = _content.PrepareWrite((ulong)position, Math.Min(buffer.Remaining, room));
        if (error != Errno.None)
        {
            return new(error.ToResult());
        }

        var done = _content.Content.Write((ulong)position, buffer.Remaining > room ? buffer.Take(room) : buffer);
        if (done > 0)
        {
            _content.WasWritten(thread.Process.Credentials.Has(Capability.KeepSetId) ? PrivilegeBits.Keep : PrivilegeBits.Clear);
            if (offset is null)
            {
                Position = position + done;
            }

            if ((StatusFlags & OpenFlags.DataSync) != 0)
            {
                error = _content.Content.SyncRange((ulong)position, (ulong)done);
                done = error == Errno.None ? done : error.ToResult();
            }
        }

        return new(done);
    }

    public override long Seek(long offset, int whence)
    {
        var length = (long)_content.Content.Length;
        if (whence is SeekData or SeekHole)
        {
            if (offset < 0 || offset >= length)
            {
                return Errno.ENXIO.ToResult();
            }

            var found = (long)(whence == SeekData ? _content.NextData((ulong)offset) : _content.NextHole((ulong)offset));
            return whence == SeekData && found == length ? Errno.ENXIO.ToResult() : Position = found;
        }

        var origin = whence switch
        {
            SeekSet => 0,
            SeekCurrent => Position,
            SeekEnd => length,
            _ => -1,
        };
        if (origin < 0 || offset > 0 && origin > long.MaxValue - offset)
        {
            return (origin < 0 ? Errno.EINVAL : Errno.EOVERFLOW).ToResult();
        }

        return origin + offset < 0 ? Errno.EINVAL.ToResult() : Position = origin + offset;
    }

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument)
    {
        if (request != IoctlRequest.BytesReadable)
        {
            return new(Errno.ENOTTY.ToResult());
        }

        var left = (int)Math.Clamp((long)_content.Content.Length - Position, 0, int.MaxValue);
        return new(thread.Process.Space.TryWrite(new VirtualAddress(argument), left) ? 0 : Errno.EFAULT.ToResult());
    }
}
