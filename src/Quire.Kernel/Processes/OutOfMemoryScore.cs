using Quire.Kernel.Memory.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>How much is gained by killing a process (oom_badness of mm/oom_kill.c): what it has in RAM, in swap and as page tables, and what its owner asks for.</summary>
internal static class OutOfMemoryScore
{
    /// <summary>OOM_SCORE_ADJ_MIN: never to be killed. OOM_SCORE_ADJ_MAX.</summary>
    public const int LeastAdjustment = -1000;

    public const int MostAdjustment = 1000;

    /// <summary>Of a process that is not to be killed.</summary>
    public const long Never = long.MinValue;

    /// <param name="total">Pages that there could be in all; each thousandth of it is a point of the adjustment.</param>
    public static long Of(GuestProcess process, long total)
    {
        if (process.IsZombie || process.OutOfMemoryAdjustment == LeastAdjustment)
        {
            return Never;
        }

        var counters = process.Space.Counters;
        return counters.Resident + counters.Swapped + (long)process.Space.Tables.TableCount + (process.OutOfMemoryAdjustment * total / MostAdjustment);
    }

    /// <summary>/proc/PID/oom_score: 0 to 2000 for the whole machine, doubled and cut in three so that an adjustment of 0 comes to two thirds of its part of memory.</summary>
    public static long Shown(GuestProcess process)
    {
        var total = TotalPages(process.Kernel, within: null);
        var score = Of(process, total);
        return score == Never ? 0 : Math.Max(0, (MostAdjustment + (score * MostAdjustment / total)) * 2 / 3);
    }

    /// <summary>RAM and swap of the machine, or what a group may have of them.</summary>
    public static long TotalPages(GuestKernel kernel, MemoryGroup? within)
    {
        var machine = kernel.Memory.Physical.FrameCount + kernel.Memory.SwapPages;
        return within is null || within.Max == MemoryGroup.Unlimited ? machine : Math.Max(1, Math.Min(machine, within.Max >> Page.Shift));
    }
}
