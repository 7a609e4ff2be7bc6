using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>The side of a pseudo-terminal that plays the person at the keyboard: what /dev/ptmx gives.</summary>
public sealed class PseudoTerminalMaster : OpenFile
{
    private readonly PseudoTerminalFileSystem _fileSystem;
    private readonly PseudoTerminal _terminal;

    public PseudoTerminalMaster(FileLocation location, int flags, PseudoTerminal terminal, PseudoTerminalFileSystem fileSystem)
        : base(location, flags)
    {
        _terminal = terminal;
        _fileSystem = fileSystem;
    }

    public override WaitQueue ReadinessQueue => _terminal.Readiness;

    public override AsyncListeners AsyncEvents => _terminal.MasterEvents;

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        while (_terminal.OutputBytes == 0 && buffer.Remaining > 0 && !(_terminal.IsInPacketMode && _terminal.PacketEvents != PacketEvents.None))
        {
            if (_terminal.IsSlaveGone)
            {
                return Errno.EIO.ToResult();
            }

            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await _terminal.Readiness.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        if (!_terminal.IsInPacketMode || buffer.Remaining == 0)
        {
            return _terminal.Show(buffer);
        }

        var happened = _terminal.TakePacketEvents();
        if (buffer.CopyToGuest([(byte)happened]) == 0)
        {
            return Errno.EFAULT.ToResult();
        }

        var shown = happened == PacketEvents.None ? _terminal.Show(buffer) : 0;
        return shown < 0 ? shown : shown + 1;
    }

    public override async ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var total = 0L;
        while (buffer.Remaining > 0)
        {
            if (_terminal.HasInputRoom)
            {
                var done = _terminal.Type(buffer);
                if (done < 0)
                {
                    return total > 0 ? total : done;
                }

                total += done;
                continue;
            }

            if (IsNonBlocking)
            {
                return total > 0 ? total : Errno.EAGAIN.ToResult();
            }

            if (await _terminal.Readiness.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return total > 0 ? total : SyscallRestart.IfHandlerAllows;
            }
        }

        return total;
    }

    public override PollEvents Poll()
    {
        var events = _terminal.HasInputRoom ? PollEvents.Out | PollEvents.WriteNormal : PollEvents.None;
        events |= _terminal.OutputBytes > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
        events |= _terminal.IsInPacketMode && _terminal.PacketEvents != PacketEvents.None ? PollEvents.In | PollEvents.ReadNormal | PollEvents.Priority : PollEvents.None;
        return _terminal.IsSlaveGone ? events | PollEvents.HangUp : events;
    }

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument) => new(ControlNow(thread, request, argument));

    protected override void OnLastClose()
    {
        _terminal.CloseMaster();
        _fileSystem.Remove(_terminal);
    }

    private long ControlNow(GuestThread thread, uint request, ulong argument)
    {
        var space = thread.Process.Space;
        var address = new VirtualAddress(argument);
        switch (request)
        {
            case IoctlRequest.LockPseudoTerminal:
                if (!space.TryRead<int>(address, out var isLocked))
                {
                    return Errno.EFAULT.ToResult();
                }

                _terminal.IsLocked = isLocked != 0;
                return 0;
            case IoctlRequest.GetPseudoTerminalLock:
                return space.TryWrite(address, _terminal.IsLocked ? 1 : 0) ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.OpenPseudoTerminalPeer:
                return OpenPeer(thread, (int)argument);
            case IoctlRequest.PacketMode:
                if (!space.TryRead<int>(address, out var isPacket))
                {
                    return Errno.EFAULT.ToResult();
                }

                _terminal.SetPacketMode(isPacket);
                return 0;
            case IoctlRequest.GetPacketMode:
                return space.TryWrite(address, _terminal.IsInPacketMode ? 1 : 0) ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.BytesReadable:
                return space.TryWrite(address, _terminal.OutputBytes) ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.GetForegroundGroup:
                return space.TryWrite(address, _terminal.ForegroundGroup) ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.GetSession:
                return _terminal.Session is not { } session ? Errno.ENOTTY.ToResult()
                    : space.TryWrite(address, session.SessionId) ? 0 : Errno.EFAULT.ToResult();
            default:
                return _terminal.ControlSettings(thread, request, argument);
        }
    }

    private long OpenPeer(GuestThread thread, int flags)
    {
        var error = _terminal.OpenSlave(new OpenRequest(thread, _fileSystem.LocationOf(_terminal), flags), out var file);
        return error != Errno.None
            ? error.ToResult()
            : Syscalls.Files.FileArguments.Install(thread, file!, Syscalls.Files.FileArguments.ModeOf(flags));
    }
}
