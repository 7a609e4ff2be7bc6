using System.Runtime.InteropServices;

namespace Quire.Allocation.Bench;

/// <summary>CPU time of the calling thread: other processes on the machine do not count.</summary>
internal static unsafe partial class Clock
{
    private const int ThreadCpuTime = 3;

    public static double Nanoseconds()
    {
        var time = stackalloc long[2];
        _ = GetTime(ThreadCpuTime, time);
        return (time[0] * 1e9) + time[1];
    }

    /// <summary>Median of the rounds, per operation, after a round to warm up.</summary>
    public static double Median(int rounds, long operations, Action<long> run)
    {
        run(operations / 4);
        Thread.Sleep(200);
        run(operations / 4);
        var results = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            var start = Nanoseconds();
            run(operations);
            results[i] = (Nanoseconds() - start) / operations;
        }

        Array.Sort(results);
        return results[rounds / 2];
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);
}
