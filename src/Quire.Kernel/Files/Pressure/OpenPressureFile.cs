using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Pressure;

/// <summary>An open pressure file, with its trigger if one was written; poll reports events of that as POLLPRI.</summary>
internal sealed class OpenPressureFile(FileLocation location, int flags, PressureFile file) : OpenFile(location, flags)
{
    private const int LongestWrite = 4096;

    private byte[]? _text;
    private PressureTrigger? _trigger;

    public override bool IsSeekable => true;

    public override WaitQueue? ReadinessQueue => _trigger?.Waiters;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var position = offset ?? Position;
        if (file.Source.Group() is not { } group)
        {
            return new(Errno.ENODEV.ToResult());
        }

        if (_text is null || position == 0)
        {
            _text = Encoding.ASCII.GetBytes(PressureText.Render(file.Kernel.Pressure.Look(group), file.Resource));
        }

        if (position >= _text.Length || buffer.Remaining == 0)
        {
            return new(0);
        }

        var done = buffer.CopyToGuest(_text.AsSpan((int)position, (int)Math.Min(buffer.Remaining, (ulong)(_text.Length - position))));
        Position = offset is null ? position + done : Position;
        return new(done == 0 ? Errno.EFAULT.ToResult() : done);
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var length = buffer.Remaining;
        if (file.Source.Group() is not { } group)
        {
            return new(Errno.ENODEV.ToResult());
        }

        if (length > LongestWrite && file.Source.LongestWrite is null)
        {
            return new(Errno.E2BIG.ToResult());
        }

        var bytes = new byte[(int)Math.Min(length, (ulong)(file.Source.LongestWrite ?? LongestWrite))];
        if (buffer.CopyFromGuest(bytes) < bytes.Length)
        {
            return new(Errno.EFAULT.ToResult());
        }

        var text = Encoding.Latin1.GetString(bytes.AsSpan(0, bytes.Length - (file.Source.LongestWrite is not null && bytes.Length > 0 ? 1 : 0)));
        var error = SetTrigger(group, text, thread.Process);
        return new(error == Errno.None ? (long)length : error.ToResult());
    }

    // Without a trigger there is nothing to wait for: psi_trigger_poll.
    public override PollEvents Poll()
    {
        if (_trigger is null || file.Source.Group() is not { } group)
        {
            return base.Poll() | PollEvents.Error | PollEvents.Priority;
        }

        file.Kernel.Pressure.Look(group);
        _trigger.Look();
        return base.Poll() | (_trigger.TakeEvent() ? PollEvents.Priority : PollEvents.None);
    }

    public override long Seek(long offset, int whence)
    {
        var target = whence switch
        {
            0 => offset,
            1 => Position + offset,
            _ => -1,
        };
        return target < 0 ? Errno.EINVAL.ToResult() : Position = target;
    }

    protected override void OnLastClose() => _trigger?.End();

    private Errno SetTrigger(PressureGroup group, string text, IPressureWatcher watcher)
    {
        // One a descriptor.
        if (_trigger is not null)
        {
            return Errno.EBUSY;
        }

        var error = PressureText.Read(text, file.Resource, out var state, out var threshold, out var window);
        if (error == Errno.None)
        {
            _trigger = new PressureTrigger(file.Kernel.Pressure.Look(group), state, threshold, window, file.Kernel.Pressure, watcher);
        }

        return error;
    }
}
