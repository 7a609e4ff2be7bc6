using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Reading clocks and sleeping.</summary>
internal static class ClockCalls
{
    private const long CoarseResolution = 4_000_000;
    private const long TickNanoseconds = 10_000_000;
    private const uint AbsoluteTime = 1;

    public static void Register(SyscallTable table)
    {
        table.Add(35, "nanosleep", "timespec,ptr", SleepRelative);
        table.AddImmediate(96, "gettimeofday", "ptr,ptr", GetTimeOfDay);
        table.AddImmediate(100, "times", "ptr", Times);
        table.AddImmediate(159, "adjtimex", "ptr", (_, _) => Errno.EPERM.ToResult());
        table.AddImmediate(164, "settimeofday", "ptr,ptr", (_, _) => Errno.EPERM.ToResult());
        table.AddImmediate(201, "time", "ptr", Time);
        table.Add(219, "restart_syscall", "", Restart);
        table.AddImmediate(227, "clock_settime", "clock,timespec", SetTime);
        table.AddImmediate(228, "clock_gettime", "clock,ptr", GetTime);
        table.AddImmediate(229, "clock_getres", "clock,ptr", GetResolution);
        table.Add(230, "clock_nanosleep", "clock,hex,timespec,ptr", Sleep);
        table.AddImmediate(305, "clock_adjtime", "clock,ptr", (_, _) => Errno.EPERM.ToResult());
    }

    private static VirtualTime RealTime(GuestThread thread) => thread.Kernel.Clock.Read() + thread.Kernel.Options.Epoch;

    // The machine's clock is virtual time: it goes its own way.
    private static long SetTime(GuestThread thread, SyscallArguments a)
    {
        const int firstCpuClock = 0;
        var clock = (ClockId)(int)a.A0;
        if (clock != ClockId.RealTime && (int)clock >= firstCpuClock)
        {
            return Errno.EINVAL.ToResult();
        }

        return !thread.Process.Space.TryRead(new VirtualAddress(a.A1), out GuestTimespec time) ? Errno.EFAULT.ToResult()
            : (clock == ClockId.RealTime && time.IsValid ? Errno.EPERM : Errno.EINVAL).ToResult();
    }

    private static long GetTime(GuestThread thread, SyscallArguments a)
    {
        if (!GuestClocks.TryRead(thread, (ClockId)(int)a.A0, out var time))
        {
            return Errno.EINVAL.ToResult();
        }

        return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), GuestTimespec.From(time)) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long GetResolution(GuestThread thread, SyscallArguments a)
    {
        var clock = (ClockId)(int)a.A0;
        if (!GuestClocks.TryRead(thread, clock, out _))
        {
            return Errno.EINVAL.ToResult();
        }

        var resolution = new VirtualTime(clock is ClockId.RealTimeCoarse or ClockId.MonotonicCoarse ? CoarseResolution : 1);
        return a.A1 == 0 || thread.Process.Space.TryWrite(new VirtualAddress(a.A1), GuestTimespec.From(resolution)) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long GetTimeOfDay(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        if (a.A0 != 0 && !space.TryWrite(new VirtualAddress(a.A0), GuestTimeval.From(RealTime(thread))))
        {
            return Errno.EFAULT.ToResult();
        }

        // The kernel's own time zone: none.
        return a.A1 == 0 || space.TryWrite(new VirtualAddress(a.A1), 0UL) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Time(GuestThread thread, SyscallArguments a)
    {
        var seconds = GuestTimespec.From(RealTime(thread)).Seconds;
        return a.A0 == 0 || thread.Process.Space.TryWrite(new VirtualAddress(a.A0), seconds) ? seconds : Errno.EFAULT.ToResult();
    }

    // struct tms: user, system, children's user, children's system, in clock ticks. The result counts ticks since the machine started.
    private static long Times(GuestThread thread, SyscallArguments a)
    {
        var usage = thread.Process.Usage();
        var children = thread.Process.ChildrenUsage;
        if (a.A0 != 0)
        {
            ReadOnlySpan<long> ticks =
            [
                usage.User.Nanoseconds / TickNanoseconds, usage.System.Nanoseconds / TickNanoseconds,
                children.User.Nanoseconds / TickNanoseconds, children.System.Nanoseconds / TickNanoseconds,
            ];
            for (var index = 0; index < ticks.Length; index++)
            {
                if (!thread.Process.Space.TryWrite(new VirtualAddress(a.A0 + ((ulong)index * sizeof(long))), ticks[index]))
                {
                    return Errno.EFAULT.ToResult();
                }
            }
        }

        return thread.Kernel.Clock.Now.Nanoseconds / TickNanoseconds;
    }

    private static ValueTask<long> SleepRelative(GuestThread thread, SyscallArguments a)
    {
        if (!thread.Process.Space.TryRead(new VirtualAddress(a.A0), out GuestTimespec span))
        {
            return new(Errno.EFAULT.ToResult());
        }

        return span.IsValid
            ? SleepUntil(thread, GuestClocks.After(thread.Kernel, span.ToTime()), new VirtualAddress(a.A1))
            : new(Errno.EINVAL.ToResult());
    }

    private static ValueTask<long> Sleep(GuestThread thread, SyscallArguments a)
    {
        var clock = (ClockId)(int)a.A0;
        if (!GuestClocks.TryRead(thread, clock, out var reading) || clock == ClockId.ThreadCpu)
        {
            return new(Errno.EINVAL.ToResult());
        }

        // Nobody can sleep by these.
        if (clock is ClockId.MonotonicRaw or ClockId.RealTimeCoarse or ClockId.MonotonicCoarse)
        {
            return new(Errno.ENOTSUP.ToResult());
        }

        if (!thread.Process.Space.TryRead(new VirtualAddress(a.A2), out GuestTimespec time))
        {
            return new(Errno.EFAULT.ToResult());
        }

        if (!time.IsValid)
        {
            return new(Errno.EINVAL.ToResult());
        }

        if (!GuestClocks.IsRealTime(clock) && !GuestClocks.IsMonotonic(clock))
        {
            // Differs from Linux: sleeping on a clock of CPU time is not there.
            return new(Errno.ENOTSUP.ToResult());
        }

        return ((uint)a.A1 & AbsoluteTime) != 0
            ? SleepUntilMoment(thread, GuestClocks.ToMachineTime(thread.Kernel, clock, time.ToTime()))
            : SleepUntil(thread, GuestClocks.After(thread.Kernel, time.ToTime()), new VirtualAddress(a.A3));
    }

    private static async ValueTask<long> SleepUntilMoment(GuestThread thread, VirtualTime deadline)
    {
        if (deadline <= thread.Kernel.Clock.Now)
        {
            return 0;
        }

        thread.Sleep.Begin(deadline);
        return await thread.Sleep.Completion() == WakeReason.TimedOut ? 0 : SyscallRestart.UnlessHandled;
    }

    private static async ValueTask<long> SleepUntil(GuestThread thread, VirtualTime deadline, VirtualAddress remainderAt)
    {
        thread.Sleep.Begin(deadline);
        if (await thread.Sleep.Completion() == WakeReason.TimedOut)
        {
            return 0;
        }

        var left = deadline - thread.Kernel.Clock.Now;
        if (left <= VirtualTime.Zero)
        {
            return 0;
        }

        if (remainderAt != default && !thread.Process.Space.TryWrite(remainderAt, GuestTimespec.From(left)))
        {
            return Errno.EFAULT.ToResult();
        }

        thread.Call.Remainder = () => SleepUntil(thread, deadline, remainderAt);
        return SyscallRestart.Remainder;
    }

    private static ValueTask<long> Restart(GuestThread thread, SyscallArguments a)
    {
        var remainder = thread.Call.Remainder;
        thread.Call.Remainder = null;
        return remainder?.Invoke() ?? new(Errno.EINTR.ToResult());
    }
}
