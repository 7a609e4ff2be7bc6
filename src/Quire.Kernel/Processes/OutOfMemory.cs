namespace Quire.Kernel.Processes;

/// <summary>
/// No frame is left for a fault: the process with the largest resident memory dies (Linux: mm/oom_kill.c, without adjustment scores).
/// Differs from Linux: when even that one is small, memory went to many small ones or to what the kernel keeps for them, so the whole process group
/// with the largest sum dies; a fork bomb ends, where one by one it would grow as fast as it is killed.
/// </summary>
internal static class OutOfMemory
{
    private const long SmallPartOfRam = 16;

    public static void Relieve(GuestKernel kernel, GuestThread thread)
    {
        var living = new List<GuestProcess>();
        foreach (var process in kernel.Processes.All)
        {
            if (process.IsZombie)
            {
                continue;
            }

            // Somebody is dying already: wait for what that gives back.
            if (process.EndsWith is not null && process != thread.Process)
            {
                thread.GivesUpSlice = true;
                return;
            }

            living.Add(process);
        }

        var victim = living.MaxBy(Resident)!;
        if (Resident(victim) >= kernel.Memory.Physical.FrameCount / SmallPartOfRam)
        {
            Kill(kernel, victim);
        }
        else
        {
            foreach (var process in living.GroupBy(process => process.GroupId).MaxBy(group => group.Sum(Resident))!)
            {
                Kill(kernel, process);
            }
        }

        thread.GivesUpSlice = true;
    }

    private static long Resident(GuestProcess process) => process.Space.Counters.Resident;

    private static void Kill(GuestKernel kernel, GuestProcess victim)
    {
        kernel.Remarks.CountOutOfMemoryKill(victim);
        victim.End(ExitStatus.Killed(Signal.SIGKILL));
    }
}
