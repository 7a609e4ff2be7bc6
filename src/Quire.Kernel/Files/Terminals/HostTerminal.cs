using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>
/// The terminal that this program was started on. Settings and sizes are the real ones; job control is the guests' own. The settings found at
/// the start are put back at the end.
/// </summary>
public sealed class HostTerminal : Terminal, IDisposable
{
    // What the host's signal may take from the terminal to this program's handler. It does not come to a program that is no longer in the session's foreground.
    private static readonly TimeSpan SignalDelay = TimeSpan.FromSeconds(1);

    private readonly IHostStream _stream;
    private readonly HostRequests _requests;
    private byte[]? _settingsBefore;
    private bool _hasHungUp;

    /// <param name="stream">One of this program's standard streams.</param>
    /// <param name="requests">By which the host's signals come.</param>
    public HostTerminal(IHostStream stream, HostRequests requests)
    {
        _stream = stream;
        _requests = requests;
        DeviceNumber = (int)stream.Attributes.RepresentedDevice;
    }

    public override int DeviceNumber { get; }

    /// <summary>Counts reads of guests that gave bytes.</summary>
    public long ReadCount => _stream.ReadCount;

    public override WaitQueue Readiness => _stream.Arrived;

    protected override bool StopsBackgroundOutput
    {
        get
        {
            var settings = new byte[TerminalSettings.ExtendedSize];
            if (_stream.Control(IoctlRequest.GetTermios, settings) != Errno.None)
            {
                return false;
            }

            var parsed = new TerminalSettings();
            parsed.Assign(settings.AsSpan(0, TerminalSettings.Size));
            return parsed.HasLocal(TerminalSettings.StopBackgroundOutput);
        }
    }

    // Linux signals the session before its readers see the end; here the signal comes by another thread of the host.
    public override long TryRead(UserBuffer buffer)
    {
        var done = _stream.TryRead(buffer);
        if (done > 0 || done == Errno.EAGAIN.ToResult() || _hasHungUp || !_stream.Poll().HasFlag(PollEvents.HangUp))
        {
            return done;
        }

        _hasHungUp = true;
        _requests.WaitForHangUp(SignalDelay);
        return Errno.EAGAIN.ToResult();
    }

    public override long TryWrite(UserBuffer buffer) => _stream.TryWrite(buffer);

    public override PollEvents Poll() => _stream.Poll();

    /// <summary>Puts the settings back as they were before a guest changed them.</summary>
    public void Restore()
    {
        var settings = Interlocked.Exchange(ref _settingsBefore, null);
        if (settings is not null)
        {
            // At once: waiting for output that somebody has stopped (Ctrl-S) would never end.
            _stream.Control(IoctlRequest.SetTermios, settings);
        }
    }

    /// <summary>
    /// The interrupt key stands twice in what no guest has read, on a terminal that a guest told to send no signals for it. May be called by any
    /// host thread.
    /// </summary>
    public bool IsInterruptKeptFromGuests()
    {
        if (_settingsBefore is null)
        {
            return false;
        }

        var settings = new byte[TerminalSettings.ExtendedSize];
        if (_stream.Control(IoctlRequest.GetTermios, settings) != Errno.None)
        {
            return false;
        }

        var parsed = new TerminalSettings();
        parsed.Assign(settings);
        return !parsed.HasLocal(TerminalSettings.Signals) && _stream.FindsTwiceUnread(parsed.Character(TerminalSettings.Interrupt));
    }

    public void Dispose() => Restore();

    protected override long ControlDevice(GuestThread thread, uint request, ulong argument)
    {
        var space = thread.Process.Space;
        var address = new VirtualAddress(argument);
        switch (request)
        {
            case IoctlRequest.GetTermios:
                return Fetch(space, address, request, TerminalSettings.Size);
            case IoctlRequest.GetTermios2:
                return Fetch(space, address, request, TerminalSettings.ExtendedSize);
            case IoctlRequest.SetTermios or IoctlRequest.SetTermiosAfterDrain or IoctlRequest.SetTermiosAfterFlush:
                KeepSettings();
                return Apply(space, address, request, TerminalSettings.Size);
            case IoctlRequest.SetTermios2 or IoctlRequest.SetTermios2AfterDrain or IoctlRequest.SetTermios2AfterFlush:
                KeepSettings();
                return Apply(space, address, request, TerminalSettings.ExtendedSize);
            case IoctlRequest.GetWindowSize:
                return Fetch(space, address, request, 8);
            case IoctlRequest.SetWindowSize:
                return Apply(space, address, request, 8);
            case IoctlRequest.BytesReadable or IoctlRequest.BytesToSend:
                return Fetch(space, address, request, 4);
            case IoctlRequest.Flush or IoctlRequest.FlowControl or IoctlRequest.SendBreak:
                return _stream.Control(request, argument).ToResult();
            case IoctlRequest.Exclusive or IoctlRequest.NotExclusive:
                return 0;
            case IoctlRequest.InjectInput:
                return Errno.EPERM.ToResult();
            default:
                return Errno.ENOTTY.ToResult();
        }
    }

    private void KeepSettings()
    {
        if (_settingsBefore is null)
        {
            var settings = new byte[TerminalSettings.ExtendedSize];
            if (_stream.Control(IoctlRequest.GetTermios, settings) == Errno.None)
            {
                _settingsBefore = settings;
            }
        }
    }

    private long Fetch(AddressSpace space, VirtualAddress address, uint request, int size)
    {
        var bytes = new byte[TerminalSettings.ExtendedSize];
        var error = _stream.Control(request, bytes);
        return error != Errno.None ? error.ToResult() : space.CopyToGuest(address, bytes.AsSpan(0, size)) == size ? 0 : Errno.EFAULT.ToResult();
    }

    private long Apply(AddressSpace space, VirtualAddress address, uint request, int size)
    {
        var bytes = new byte[TerminalSettings.ExtendedSize];
        return space.CopyFromGuest(address, bytes.AsSpan(0, size)) < size ? Errno.EFAULT.ToResult() : _stream.Control(request, bytes).ToResult();
    }
}
