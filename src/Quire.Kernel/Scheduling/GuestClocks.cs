using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>clockid_t values.</summary>
public enum ClockId
{
    RealTime = 0,
    Monotonic = 1,
    ProcessCpu = 2,
    ThreadCpu = 3,
    MonotonicRaw = 4,
    RealTimeCoarse = 5,
    MonotonicCoarse = 6,
    BootTime = 7,
    RealTimeAlarm = 8,
    BootTimeAlarm = 9,
    International = 11,
}

/// <summary>
/// The clocks that guests read. All are the machine's time: CLOCK_MONOTONIC is that time, CLOCK_REALTIME adds the moment at which the
/// machine started. The machine cannot be suspended, is never stepped, and has no leap seconds: the raw, coarse, boot and alarm clocks
/// equal those two.
/// </summary>
public static class GuestClocks
{
    private const int CpuClockTypeMask = 3;
    private const int CpuClockOfThread = 4;

    /// <summary>False for a clock that does not exist.</summary>
    public static bool TryRead(GuestThread thread, ClockId clock, out VirtualTime time)
    {
        var kernel = thread.Kernel;
        time = kernel.Clock.Read();
        if (IsRealTime(clock))
        {
            time += kernel.Options.Epoch;
            return true;
        }

        if (IsMonotonic(clock))
        {
            return true;
        }

        if (!TryFindCpuClock(thread, clock, out var process, out var single))
        {
            return false;
        }

        var usage = single?.Usage ?? process.Usage();
        time = clock < 0 && ((int)clock & CpuClockTypeMask) == 1 ? usage.User : usage.User + usage.System;
        return true;
    }

    public static bool IsRealTime(ClockId clock) =>
        clock is ClockId.RealTime or ClockId.RealTimeCoarse or ClockId.RealTimeAlarm or ClockId.International;

    public static bool IsMonotonic(ClockId clock) =>
        clock is ClockId.Monotonic or ClockId.MonotonicRaw or ClockId.MonotonicCoarse or ClockId.BootTime or ClockId.BootTimeAlarm;

    /// <summary>The moment of machine time at which a real-time or monotonic clock shows <paramref name="reading"/>.</summary>
    public static VirtualTime ToMachineTime(GuestKernel kernel, ClockId clock, VirtualTime reading) =>
        IsRealTime(clock) ? reading - kernel.Options.Epoch : reading;

    /// <summary>
    /// A moment <paramref name="span"/> from now; Never when that is beyond what can be counted.
    /// </summary>
    public static VirtualTime After(GuestKernel kernel, VirtualTime span)
    {
        var now = kernel.Clock.Now;
        return span.Nanoseconds > long.MaxValue - now.Nanoseconds ? VirtualTime.Never : now + span;
    }

    /// <summary>CPU-time clocks: of the caller, or of a process or thread by the id that a negative clock number carries (~id shifted left by 3).</summary>
    public static bool TryFindCpuClock(GuestThread caller, ClockId clock, out GuestProcess process, out GuestThread? thread)
    {
        process = caller.Process;
        thread = clock == ClockId.ThreadCpu ? caller : null;
        if (clock is ClockId.ThreadCpu or ClockId.ProcessCpu)
        {
            return true;
        }

        var number = (int)clock;
        if (number >= 0 || (number & CpuClockTypeMask) == 3)
        {
            return false;
        }

        var id = ~(number >> 3);
        if ((number & CpuClockOfThread) != 0)
        {
            thread = id == 0 ? caller : caller.Kernel.Processes.FindThread(id);
            return thread?.Process == process;
        }

        var found = id == 0 ? process : caller.Kernel.Processes.Find(id);
        process = found ?? process;
        return found is not null;
    }
}
