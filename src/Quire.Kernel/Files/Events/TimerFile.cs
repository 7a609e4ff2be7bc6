using System.Buffers.Binary;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Events;

/// <summary>
/// A timer to read (timerfd_create(2)): a read gives how often it went off since the last one. Gone off once, a periodic timer rests until somebody asks for
/// it, who counts the periods that passed meanwhile (Linux: timerfd.c): an interval of a nanosecond that nobody reads costs nothing.
/// </summary>
public sealed class TimerFile : OpenFile
{
    private readonly KernelClock _clock;
    private ScheduledAction? _action;
    private VirtualTime _due = VirtualTime.Never;
    private VirtualTime _interval;
    private ulong _expirations;
    private bool _rests;

    public TimerFile(FileLocation location, int flags, KernelClock clock, ClockId clockId)
        : base(location, flags | OpenFlags.ReadWrite)
    {
        _clock = clock;
        ClockId = clockId;
    }

    public ClockId ClockId { get; }

    public override WaitQueue ReadinessQueue { get; } = new();

    /// <summary>What is left until it goes off; zero if it is not armed.</summary>
    public VirtualTime Left => _due == VirtualTime.Never ? VirtualTime.Zero : new VirtualTime(Math.Max(1, (_due - _clock.Now).Nanoseconds));

    public VirtualTime Interval => _interval;

    public override string Details =>
        $"clockid: {(int)ClockId}\nticks: {_expirations}\nsettime flags: 00\nit_value: ({Left.Nanoseconds / 1_000_000_000}, {Left.Nanoseconds % 1_000_000_000})\n"
        + $"it_interval: ({_interval.Nanoseconds / 1_000_000_000}, {_interval.Nanoseconds % 1_000_000_000})\n";

    /// <param name="due">A moment of machine time; Never disarms.</param>
    public void Arm(VirtualTime due, VirtualTime interval)
    {
        _action?.Cancel();
        _expirations = 0;
        _interval = interval;
        _rests = false;
        Schedule(due);
    }

    /// <summary>Counts the periods that passed while it rested and starts the one that is to come.</summary>
    public void CatchUp()
    {
        if (!_rests)
        {
            return;
        }

        _rests = false;
        var missed = Math.Max(0, (_clock.Now - _due).Nanoseconds / _interval.Nanoseconds);
        _expirations += (ulong)missed;
        Schedule(_due + new VirtualTime((missed + 1) * _interval.Nanoseconds));
    }

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (buffer.Remaining < sizeof(ulong))
        {
            return Errno.EINVAL.ToResult();
        }

        while (_expirations == 0)
        {
            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        CatchUp();
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, _expirations);
        _expirations = 0;
        return buffer.CopyToGuest(bytes) == bytes.Length ? bytes.Length : Errno.EFAULT.ToResult();
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    public override PollEvents Poll() => _expirations > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;

    protected override void OnLastClose() => _action?.Cancel();

    private void Schedule(VirtualTime due)
    {
        _due = due;
        _action = due == VirtualTime.Never ? null : _clock.At(due, GoOff);
    }

    private void GoOff()
    {
        _expirations++;
        if (_interval == VirtualTime.Zero)
        {
            Schedule(VirtualTime.Never);
        }
        else
        {
            _rests = true;
        }

        ReadinessQueue.WakeAll();
    }
}
