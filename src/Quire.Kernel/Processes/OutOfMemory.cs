namespace Quire.Kernel.Processes;

/// <summary>No frame is left for a fault: the process with the largest resident memory dies (Linux: mm/oom_kill.c, without adjustment scores).</summary>
internal static class OutOfMemory
{
    public static void Relieve(GuestKernel kernel, GuestThread thread)
    {
        GuestProcess? victim = null;
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

            if (victim is null || process.Space.Counters.Resident > victim.Space.Counters.Resident)
            {
                victim = process;
            }
        }

        kernel.Remarks.CountOutOfMemoryKill(victim!);
        victim!.End(ExitStatus.Killed(Signal.SIGKILL));
        thread.GivesUpSlice = true;
    }
}
