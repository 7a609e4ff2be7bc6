using System.Globalization;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/oom_score, oom_score_adj and oom_adj (fs/proc/base.c of Linux).</summary>
internal static class OutOfMemoryFiles
{
    // OOM_DISABLE, OOM_ADJUST_MIN and OOM_ADJUST_MAX.
    private const int OldNever = -17;
    private const int OldLeast = -16;
    private const int OldMost = 15;

    public static string Score(GuestProcess process) => Line(OutOfMemoryScore.Shown(process));

    public static string Adjustment(GuestProcess process) => Line(process.OutOfMemoryAdjustment);

    public static string OldAdjustment(GuestProcess process) =>
        Line(process.OutOfMemoryAdjustment == OutOfMemoryScore.MostAdjustment
            ? OldMost : process.OutOfMemoryAdjustment * -OldNever / OutOfMemoryScore.MostAdjustment);

    public static Errno StoreAdjustment(GuestProcess process, GuestThread writer, string text)
    {
        var error = ControlValue.ReadNumber(text, out int adjustment);
        if (error != Errno.None || adjustment is < OutOfMemoryScore.LeastAdjustment or > OutOfMemoryScore.MostAdjustment)
        {
            return error != Errno.None ? error : Errno.EINVAL;
        }

        if (!writer.Process.Credentials.Has(Capability.Resources))
        {
            if (adjustment < process.LeastOutOfMemoryAdjustment)
            {
                return Errno.EACCES;
            }
        }
        else
        {
            process.LeastOutOfMemoryAdjustment = adjustment;
        }

        Set(process, adjustment);
        return Errno.None;
    }

    public static Errno StoreOldAdjustment(GuestProcess process, GuestThread writer, string text)
    {
        var error = ControlValue.ReadNumber(text, out int old);
        if (error != Errno.None || (old is < OldLeast or > OldMost && old != OldNever))
        {
            return error != Errno.None ? error : Errno.EINVAL;
        }

        var adjustment = old == OldMost ? OutOfMemoryScore.MostAdjustment : old * OutOfMemoryScore.MostAdjustment / -OldNever;
        if (adjustment < process.OutOfMemoryAdjustment && !writer.Process.Credentials.Has(Capability.Resources))
        {
            return Errno.EACCES;
        }

        Set(process, adjustment);
        return Errno.None;
    }

    // Processes that share an address space would all lose it: they share the adjustment.
    private static void Set(GuestProcess process, int adjustment)
    {
        foreach (var sharing in process.Kernel.Processes.All)
        {
            if (sharing == process || (!sharing.IsZombie && !sharing.BorrowsSpace && !process.BorrowsSpace && sharing.Space == process.Space))
            {
                sharing.OutOfMemoryAdjustment = adjustment;
            }
        }
    }

    private static string Line(long value) => value.ToString(CultureInfo.InvariantCulture) + "\n";
}
