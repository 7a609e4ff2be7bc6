using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>Times in nanoseconds, from any start.</summary>
public interface IHeapClock
{
    long WallNanoseconds { get; }

    /// <summary>Processor time of the calling thread.</summary>
    long ProcessorNanoseconds { get; }
}

/// <summary>The host's clocks.</summary>
public sealed unsafe partial class HostClock : IHeapClock
{
    private static readonly int s_threadTime = OperatingSystem.IsMacOS() ? 16 : 3;
    private static readonly double s_nanosecondsOfTick = 1e9 / Stopwatch.Frequency;

    public long WallNanoseconds => (long)(Stopwatch.GetTimestamp() * s_nanosecondsOfTick);

    // Differs on Windows: wall time, as a thread's own is counted there in pieces of 15 ms.
    public long ProcessorNanoseconds
    {
        get
        {
            if (OperatingSystem.IsWindows())
            {
                return WallNanoseconds;
            }

            var time = stackalloc long[2];
            _ = GetTime(s_threadTime, time);
            return (time[0] * 1_000_000_000) + time[1];
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);
}
