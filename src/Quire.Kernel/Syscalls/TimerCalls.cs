using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>alarm, interval timers and POSIX timers.</summary>
internal static class TimerCalls
{
    private const uint AbsoluteTime = 1;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(36, "getitimer", "int,ptr", GetInterval);
        table.AddImmediate(37, "alarm", "uint", Alarm);
        table.AddImmediate(38, "setitimer", "int,ptr,ptr", SetInterval);
        table.AddImmediate(222, "timer_create", "clock,ptr,ptr", Create);
        table.AddImmediate(223, "timer_settime", "int,hex,ptr,ptr", Set);
        table.AddImmediate(224, "timer_gettime", "int,ptr", Get);
        table.AddImmediate(225, "timer_getoverrun", "int", (thread, a) => thread.Process.Timers.Find((int)a.A0)?.LastOverrun ?? Errno.EINVAL.ToResult());
        table.AddImmediate(226, "timer_delete", "int", Delete);
    }

    private static long Alarm(GuestThread thread, SyscallArguments a)
    {
        var timers = thread.Process.Timers;
        var (left, _) = timers.Get(IntervalTimerKind.Real);
        timers.Set(IntervalTimerKind.Real, new GuestTimespec((uint)a.A0, 0).ToTime(), VirtualTime.Zero);

        // What is left is rounded to seconds, but never to none.
        var old = GuestTimeval.RoundUp(left);
        return old.Seconds + ((old.Seconds == 0 && old.Microseconds != 0) || old.Microseconds >= 500_000 ? 1 : 0);
    }

    private static long GetInterval(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A0 > (uint)IntervalTimerKind.Profiling)
        {
            return Errno.EINVAL.ToResult();
        }

        return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), Encode(thread.Process.Timers.Get((IntervalTimerKind)(uint)a.A0)))
            ? 0
            : Errno.EFAULT.ToResult();
    }

    private static long SetInterval(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        GuestIntervalTimer wanted = default;
        if (a.A1 != 0 && !space.TryRead(new VirtualAddress(a.A1), out wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        if ((uint)a.A0 > (uint)IntervalTimerKind.Profiling || !wanted.Value.IsValid || !wanted.Interval.IsValid)
        {
            return Errno.EINVAL.ToResult();
        }

        var kind = (IntervalTimerKind)(uint)a.A0;
        var old = Encode(thread.Process.Timers.Get(kind));
        thread.Process.Timers.Set(kind, wanted.Value.ToTime(), wanted.Interval.ToTime());
        return a.A2 == 0 || space.TryWrite(new VirtualAddress(a.A2), old) ? 0 : Errno.EFAULT.ToResult();
    }

    private static GuestIntervalTimer Encode((VirtualTime Left, VirtualTime Interval) timer) =>
        new(GuestTimeval.From(timer.Interval), GuestTimeval.RoundUp(timer.Left));

    // struct sigevent: value (8), signal (4), kind (4), thread id (4).
    private static long Create(GuestThread thread, SyscallArguments a)
    {
        var clock = (ClockId)(int)a.A0;
        var space = thread.Process.Space;
        Span<byte> given = stackalloc byte[64];
        if (a.A1 != 0 && space.CopyFromGuest(new VirtualAddress(a.A1), given) < given.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        if (!GuestClocks.TryRead(thread, clock, out _))
        {
            return Errno.EINVAL.ToResult();
        }

        if (clock is ClockId.MonotonicRaw or ClockId.RealTimeCoarse or ClockId.MonotonicCoarse)
        {
            return Errno.ENOTSUP.ToResult();
        }

        ulong? value = null;
        var notification = new TimerNotification(TimerNotificationKind.Signal, Signal.SIGALRM, 0, 0);
        if (a.A1 != 0)
        {
            var at = new VirtualAddress(a.A1);
            if (!space.TryRead(at, out ulong givenValue) || !space.TryRead(at + 8, out int signal) || !space.TryRead(at + 12, out int kind)
                || !space.TryRead(at + 16, out int threadId))
            {
                return Errno.EFAULT.ToResult();
            }

            value = givenValue;
            notification = new TimerNotification((TimerNotificationKind)kind, (Signal)signal, givenValue, threadId);
            if (!IsValid(thread, notification))
            {
                return Errno.EINVAL.ToResult();
            }
        }

        if (thread.Process.Timers.Create(thread, clock, notification, value) is not { } timer)
        {
            return Errno.EAGAIN.ToResult();
        }

        if (!space.TryWrite(new VirtualAddress(a.A2), timer.Id))
        {
            thread.Process.Timers.Delete(timer);
            return Errno.EFAULT.ToResult();
        }

        return 0;
    }

    private static bool IsValid(GuestThread thread, in TimerNotification notification) => notification.Kind switch
    {
        TimerNotificationKind.None => true,
        TimerNotificationKind.Signal or TimerNotificationKind.Thread => notification.Signal is > Signal.None and <= Signal.Last,
        TimerNotificationKind.ThreadSignal => notification.Signal is > Signal.None and <= Signal.Last
            && thread.Kernel.Processes.FindThread(notification.ThreadId)?.Process == thread.Process,
        _ => false,
    };

    private static long Set(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        if (a.A2 == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!space.TryRead(new VirtualAddress(a.A2), out GuestTimerSpec wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        if (!wanted.Value.IsValid || !wanted.Interval.IsValid || thread.Process.Timers.Find((int)a.A0) is not { } timer)
        {
            return Errno.EINVAL.ToResult();
        }

        var old = new GuestTimerSpec(GuestTimespec.From(timer.Interval), GuestTimespec.From(timer.Left));
        var due = VirtualTime.Never;
        if (wanted.Value != default)
        {
            due = ((uint)a.A1 & AbsoluteTime) != 0
                ? GuestClocks.ToMachineTime(thread.Kernel, timer.Clock, wanted.Value.ToTime())
                : ProcessTimers.After(timer.Now, wanted.Value.ToTime());
        }

        timer.Arm(due, wanted.Interval.ToTime());
        thread.Process.Timers.NoteCpuTimers();
        return a.A3 == 0 || space.TryWrite(new VirtualAddress(a.A3), old) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Get(GuestThread thread, SyscallArguments a)
    {
        if (thread.Process.Timers.Find((int)a.A0) is not { } timer)
        {
            return Errno.EINVAL.ToResult();
        }

        var spec = new GuestTimerSpec(GuestTimespec.From(timer.Interval), GuestTimespec.From(timer.Left));
        return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), spec) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Delete(GuestThread thread, SyscallArguments a)
    {
        if (thread.Process.Timers.Find((int)a.A0) is not { } timer)
        {
            return Errno.EINVAL.ToResult();
        }

        thread.Process.Timers.Delete(timer);
        return 0;
    }
}
