using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Abi;

/// <summary>struct timespec.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct GuestTimespec(long Seconds, long Nanoseconds)
{
    private const long PerSecond = 1_000_000_000;

    public bool IsValid => Seconds >= 0 && (ulong)Nanoseconds < (ulong)PerSecond;

    /// <summary>What does not fit becomes Never.</summary>
    public VirtualTime ToTime() =>
        Seconds > (long.MaxValue / PerSecond) - 1 ? VirtualTime.Never : new VirtualTime((Seconds * PerSecond) + Nanoseconds);

    public static GuestTimespec From(VirtualTime time)
    {
        var (seconds, rest) = Math.DivRem(time.Nanoseconds, PerSecond);
        return rest < 0 ? new GuestTimespec(seconds - 1, rest + PerSecond) : new GuestTimespec(seconds, rest);
    }
}

/// <summary>struct itimerspec.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct GuestTimerSpec(GuestTimespec Interval, GuestTimespec Value);

/// <summary>struct timeval.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct GuestTimeval(long Seconds, long Microseconds)
{
    private const long PerSecond = 1_000_000;

    public bool IsValid => Seconds >= 0 && (ulong)Microseconds < (ulong)PerSecond;

    public VirtualTime ToTime() => new GuestTimespec(Seconds, Microseconds * 1_000).ToTime();

    public static GuestTimeval From(VirtualTime time)
    {
        var exact = GuestTimespec.From(time);
        return new GuestTimeval(exact.Seconds, exact.Nanoseconds / 1_000);
    }

    /// <summary>Never zero for a time that is not: a timer that still runs must not look stopped.</summary>
    public static GuestTimeval RoundUp(VirtualTime time) => From(new VirtualTime(time.Nanoseconds == 0 ? 0 : time.Nanoseconds + 999));
}

/// <summary>struct itimerval.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct GuestIntervalTimer(GuestTimeval Interval, GuestTimeval Value);
