using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>
/// A terminal whose line ends in a program (pty(7)): the master writes what is typed and reads what is shown. This object is the slave side;
/// the master is a <see cref="PseudoTerminalMaster"/>.
/// </summary>
public sealed class PseudoTerminal : Terminal
{
    private const int OutputLimit = 1 << 16;
    private const uint SlaveMajor = 136;

    private readonly GuestKernel _kernel;
    private readonly List<byte> _output = [];
    private readonly LineDiscipline _discipline;
    private readonly WaitQueue _readiness = new();
    private readonly byte[] _windowSize = new byte[8];
    private int _slaves;

    public PseudoTerminal(GuestKernel kernel, int number)
    {
        _kernel = kernel;
        Number = number;
        _discipline = new LineDiscipline(_output);
    }

    public int Number { get; }

    /// <summary>The master's open file, if it wants signals.</summary>
    public AsyncListeners MasterEvents { get; } = new();

    /// <summary>TIOCPKT: what the master reads begins with a byte that says what it is.</summary>
    public bool IsInPacketMode { get; private set; }

    /// <summary>TIOCPKT_*: what happened to the other side since the master read last.</summary>
    public PacketEvents PacketEvents { get; private set; }

    /// <summary>TIOCSPTLCK: the slave cannot be opened yet.</summary>
    public bool IsLocked { get; set; } = true;

    public bool IsMasterClosed { get; private set; }

    public override int DeviceNumber => (int)Files.DeviceNumber.Of(SlaveMajor, (uint)Number);

    public override WaitQueue Readiness => _readiness;

    /// <summary>What the master can read.</summary>
    public int OutputBytes => _discipline.IsStopped ? 0 : _output.Count;

    /// <summary>The slave was open once and is not any more: the master reads EIO.</summary>
    public bool IsSlaveGone => WasSlaveOpen && _slaves == 0;

    public bool HasInputRoom => _discipline.HasRoom;

    protected override bool StopsBackgroundOutput => _discipline.Settings.HasLocal(TerminalSettings.StopBackgroundOutput);

    private bool WasSlaveOpen { get; set; }

    public Errno OpenSlave(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        if (IsLocked || IsMasterClosed)
        {
            return Errno.EIO;
        }

        _slaves++;
        WasSlaveOpen = true;
        file = new TerminalFile(request.Location, request.Flags, this);
        OnOpened(request.Caller, request.Flags);
        return Errno.None;
    }

    /// <summary>TIOCPKT: turning it on forgets what happened before.</summary>
    public void SetPacketMode(int on)
    {
        PacketEvents = on != 0 && !IsInPacketMode ? PacketEvents.None : PacketEvents;
        IsInPacketMode = on != 0;
    }

    /// <summary>Gives what happened and forgets it.</summary>
    public PacketEvents TakePacketEvents()
    {
        var events = PacketEvents;
        PacketEvents = PacketEvents.None;
        return events;
    }

    private void Note(PacketEvents happened, PacketEvents instead)
    {
        if (IsInPacketMode)
        {
            PacketEvents = (PacketEvents & ~instead) | happened;
            _readiness.WakeAll();
            MasterEvents.Tell(AsyncReason.Input);
        }
    }

    public void RemoveSlave(TerminalFile file)
    {
        if (--_slaves == 0)
        {
            _readiness.WakeAll();
        }
    }

    public void CloseMaster()
    {
        IsMasterClosed = true;
        HangUp(_kernel);
        _readiness.WakeAll();
    }

    public override long TryRead(UserBuffer buffer)
    {
        var bytes = _discipline.Take((int)Math.Min(buffer.Remaining, int.MaxValue));
        if (bytes is null)
        {
            return IsMasterClosed ? 0 : Errno.EAGAIN.ToResult();
        }

        _readiness.WakeAll();
        var done = buffer.CopyToGuest(bytes);
        return done == 0 && bytes.Length > 0 ? Errno.EFAULT.ToResult() : done;
    }

    public override long TryWrite(UserBuffer buffer)
    {
        if (IsMasterClosed)
        {
            return Errno.EIO.ToResult();
        }

        var chunk = new byte[Math.Min(buffer.Remaining, 4096)];
        if (_discipline.IsStopped || _output.Count + (2 * chunk.Length) > OutputLimit)
        {
            return Errno.EAGAIN.ToResult();
        }

        var done = buffer.CopyFromGuest(chunk);
        foreach (var value in chunk.AsSpan(0, done))
        {
            _discipline.Send(value);
        }

        _readiness.WakeAll();
        MasterEvents.Tell(AsyncReason.Input);
        return done == 0 ? Errno.EFAULT.ToResult() : done;
    }

    public override PollEvents Poll()
    {
        var events = _output.Count < OutputLimit / 2 ? PollEvents.Out | PollEvents.WriteNormal : PollEvents.None;
        events |= _discipline.HasInput ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
        return IsMasterClosed ? events | PollEvents.HangUp | PollEvents.Error | PollEvents.In | PollEvents.ReadNormal : events;
    }

    /// <summary>The master typed something.</summary>
    public long Type(UserBuffer buffer)
    {
        var chunk = new byte[Math.Min(buffer.Remaining, 1024)];
        var done = buffer.CopyFromGuest(chunk);
        foreach (var value in chunk.AsSpan(0, done))
        {
            var wasStopped = _discipline.IsStopped;
            var signal = _discipline.Receive(value);
            if (_discipline.IsStopped != wasStopped)
            {
                Note(wasStopped ? PacketEvents.Start : PacketEvents.Stop, wasStopped ? PacketEvents.Stop : PacketEvents.Start);
            }

            if (signal != Signal.None && ForegroundGroup > 0)
            {
                _kernel.SendToGroup(ForegroundGroup, SignalInfo.FromKernel(signal));
            }
        }

        _readiness.WakeAll();
        if (_discipline.HasInput)
        {
            AsyncEvents.Tell(AsyncReason.Input);
        }

        return done == 0 ? Errno.EFAULT.ToResult() : done;
    }

    /// <summary>The master reads what the screen would show.</summary>
    public long Show(UserBuffer buffer)
    {
        var count = (int)Math.Min((ulong)OutputBytes, buffer.Remaining);
        var done = buffer.CopyToGuest(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_output)[..count]);
        _output.RemoveRange(0, done);
        _readiness.WakeAll();
        return done == 0 && count > 0 ? Errno.EFAULT.ToResult() : done;
    }

    /// <summary>Requests on the settings; the master's go here too.</summary>
    public long ControlSettings(GuestThread thread, uint request, ulong argument) => ControlDevice(thread, request, argument);

    protected override long ControlDevice(GuestThread thread, uint request, ulong argument)
    {
        var space = thread.Process.Space;
        var address = new VirtualAddress(argument);
        switch (request)
        {
            case IoctlRequest.GetTermios or IoctlRequest.GetTermios2:
                var bytes = _discipline.Settings.Bytes[..(request == IoctlRequest.GetTermios ? TerminalSettings.Size : TerminalSettings.ExtendedSize)];
                return space.CopyToGuest(address, bytes) == bytes.Length ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.SetTermios or IoctlRequest.SetTermiosAfterDrain or IoctlRequest.SetTermiosAfterFlush:
                return SetSettings(thread, address, TerminalSettings.Size, request);
            case IoctlRequest.SetTermios2 or IoctlRequest.SetTermios2AfterDrain or IoctlRequest.SetTermios2AfterFlush:
                return SetSettings(thread, address, TerminalSettings.ExtendedSize, request);
            case IoctlRequest.GetWindowSize:
                return space.CopyToGuest(address, _windowSize) == _windowSize.Length ? 0 : Errno.EFAULT.ToResult();
            case IoctlRequest.SetWindowSize:
                return SetWindowSize(thread, address);
            case IoctlRequest.BytesReadable:
                return Put(thread, argument, _discipline.HasInput ? _discipline.ReadyBytes : 0);
            case IoctlRequest.BytesToSend:
                return Put(thread, argument, _output.Count);
            case IoctlRequest.Flush:
                if (argument is 0 or 2)
                {
                    _discipline.FlushInput();
                    Note(PacketEvents.FlushRead, PacketEvents.None);
                }

                if (argument is 1 or 2)
                {
                    _output.Clear();
                    Note(PacketEvents.FlushWrite, PacketEvents.None);
                }

                return argument <= 2 ? 0 : Errno.EINVAL.ToResult();
            case IoctlRequest.FlowControl when argument is 0 or 1:
                // TCOOFF and TCOON.
                _discipline.IsStopped = argument == 0;
                Note(argument == 0 ? PacketEvents.Stop : PacketEvents.Start, argument == 0 ? PacketEvents.Start : PacketEvents.Stop);
                _readiness.WakeAll();
                return 0;
            case IoctlRequest.FlowControl when argument is 2 or 3:
                // TCIOFF and TCION ask the other side to stop and to go on.
                SendCharacter(_discipline.Settings.Character(argument == 2 ? TerminalSettings.Stop : TerminalSettings.Start));
                return 0;
            case IoctlRequest.FlowControl:
                return Errno.EINVAL.ToResult();
            case IoctlRequest.SendBreak or IoctlRequest.Exclusive or IoctlRequest.NotExclusive:
                return 0;
            case IoctlRequest.GetPseudoTerminalNumber:
                return Put(thread, argument, Number);
            default:
                return Errno.ENOTTY.ToResult();
        }
    }

    private long SetSettings(GuestThread thread, VirtualAddress address, int size, uint request)
    {
        var bytes = new byte[size];
        if (thread.Process.Space.CopyFromGuest(address, bytes) < size)
        {
            return Errno.EFAULT.ToResult();
        }

        var stoppedByKeys = _discipline.Settings.StopsByKeys;
        var isProcessedOutside = _discipline.Settings.HasLocal(TerminalSettings.ProcessedOutside);
        _discipline.Settings.Assign(bytes);
        if (isProcessedOutside || _discipline.Settings.HasLocal(TerminalSettings.ProcessedOutside))
        {
            Note(PacketEvents.Settings, PacketEvents.None);
        }

        if (_discipline.Settings.StopsByKeys != stoppedByKeys)
        {
            Note(stoppedByKeys ? PacketEvents.NoStop : PacketEvents.DoStop, stoppedByKeys ? PacketEvents.DoStop : PacketEvents.NoStop);
        }

        if (request is IoctlRequest.SetTermiosAfterFlush or IoctlRequest.SetTermios2AfterFlush)
        {
            _discipline.FlushInput();
        }

        _discipline.OnModeChanged();
        _readiness.WakeAll();
        return 0;
    }

    private void SendCharacter(byte character)
    {
        if (character != 0 && !IsMasterClosed)
        {
            _output.Add(character);
            _readiness.WakeAll();
            MasterEvents.Tell(AsyncReason.Input);
        }
    }

    private long SetWindowSize(GuestThread thread, VirtualAddress address)
    {
        var size = new byte[8];
        if (thread.Process.Space.CopyFromGuest(address, size) < size.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        if (!size.AsSpan().SequenceEqual(_windowSize))
        {
            size.CopyTo(_windowSize, 0);
            if (ForegroundGroup > 0)
            {
                _kernel.SendToGroup(ForegroundGroup, SignalInfo.FromKernel(Signal.SIGWINCH));
            }
        }

        return 0;
    }
}

/// <summary>TIOCPKT_* of ioctl_tty(2).</summary>
[Flags]
public enum PacketEvents : byte
{
    None = 0,
    FlushRead = 1,
    FlushWrite = 2,
    Stop = 4,
    Start = 8,
    NoStop = 16,
    DoStop = 32,
    Settings = 64,
}
