using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>An open generated file: what it read first it keeps until it is read from the start again, so that one pass sees one moment.</summary>
internal sealed class GeneratedOpenFile : OpenFile
{
    private const int LongestStore = 4096;

    private readonly GeneratedFile _file;
    private readonly FileOpener _opener;
    private byte[]? _text;
    private long _seen;

    public GeneratedOpenFile(FileLocation location, int flags, GeneratedFile file, FileOpener opener)
        : base(location, flags)
    {
        _file = file;
        _opener = opener;
    }

    public override bool IsSeekable => true;

    public override WaitQueue? ReadinessQueue => _file.Notice?.Waiters;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var position = offset ?? Position;
        if (_text is null || position == 0)
        {
            if (_file.CheckRead?.Invoke() is { } error and not Errno.None)
            {
                return new(error.ToResult());
            }

            _text = _file.Render();
            _seen = _file.Notice?.Version ?? 0;
            if (_text is null)
            {
                return new(_file.WhenGone.ToResult());
            }
        }

        if (position >= _text.Length || buffer.Remaining == 0)
        {
            return new(0);
        }

        var length = (int)Math.Min(buffer.Remaining, (ulong)(_text.Length - position));
        var done = buffer.CopyToGuest(_text.AsSpan((int)position, length));
        if (offset is null)
        {
            Position = position + done;
        }

        return new(done == 0 ? Errno.EFAULT.ToResult() : done);
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (!_file.IsWritable)
        {
            return new(Errno.EIO.ToResult());
        }

        if (buffer.Remaining > LongestStore && _file.WhenTooLong != Errno.None)
        {
            return new(_file.WhenTooLong.ToResult());
        }

        var bytes = new byte[(int)Math.Min(buffer.Remaining, LongestStore)];
        var length = buffer.CopyFromGuest(bytes);
        if (length < bytes.Length)
        {
            return new(Errno.EFAULT.ToResult());
        }

        var text = Encoding.Latin1.GetString(bytes).TrimEnd('\n', '\0');
        var error = length == 0 ? Errno.None : _file.StoreBy?.Invoke(thread, _opener, text) ?? _file.Store!(text);
        return new(error != Errno.None ? error.ToResult() : length);
    }

    // kernfs_generic_poll: what has changed since it was read last.
    public override PollEvents Poll() =>
        base.Poll() | (_file.Notice is { } notice && notice.Version != _seen ? PollEvents.Error | PollEvents.Priority : PollEvents.None);

    public override long Seek(long offset, int whence)
    {
        var target = whence switch
        {
            0 => offset,
            1 => Position + offset,
            2 => (_text?.Length ?? 0) + offset,
            _ => -1,
        };
        return target < 0 ? Errno.EINVAL.ToResult() : Position = target;
    }
}
