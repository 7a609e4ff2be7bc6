using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Pressure;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// No frame is left for a fault, or a control group is above its limit: the process dies whose end gives most (Linux: mm/oom_kill.c), of all or of those
/// in the group. Differs from Linux: when even that one is small and the machine is short, memory went to many small ones or to what the kernel keeps for them, so the
/// whole process group with the largest sum dies; a fork bomb ends, where one by one it would grow as fast as it is killed. And when nobody may be
/// killed, the thread waits, where Linux panics or tries for ever. Whoever polls a trigger of memory pressure is told before, and has a moment to give memory back.
/// </summary>
internal static class OutOfMemory
{
    private const long SmallPartOfRam = 16;

    // A group passes its maximum by no more than this for the sake of somebody who was told and has a moment to give memory back.
    private const long Grace = 32 * Page.Size;

    /// <summary>
    /// A charge does not fit into a group, perhaps in the middle of a system call: somebody in it dies, and what he had is taken at once. The caller goes
    /// without when it is to die itself, and when nobody may.
    /// </summary>
    /// <param name="thread">Whom the kernel works for; null: nobody.</param>
    public static ChargeRelief MakeRoom(GuestThread? thread, MemoryGroup full)
    {
        // Nobody: the first program is being loaded.
        if (thread is null || MakesRoom(thread))
        {
            return ChargeRelief.Granted;
        }

        if (thread.IsDoomed)
        {
            return ChargeRelief.Refused;
        }

        var kernel = thread.Kernel;
        if (thread.AwaitsMemory || (full.Usage < full.Max + Grace && IsGivenTime(thread, full)))
        {
            return ChargeRelief.Granted;
        }

        var dying = kernel.Processes.All.Where(process => process.EndsWith is not null && IsWithin(process, full)).ToList();
        if (dying.Any(process => TryTakePages(thread, process)))
        {
            return ChargeRelief.TryAgain;
        }

        full.Count(MemoryGroupEvent.OutOfMemory);
        if (kernel.Options.OutOfMemory == OutOfMemoryAction.Pause)
        {
            // A call cannot stand still in its middle: the thread waits at its end.
            Pause(thread, full);
            return ChargeRelief.Granted;
        }

        var candidates = Candidates(kernel, full);
        if (candidates.Count == 0)
        {
            return ChargeRelief.Refused;
        }

        foreach (var process in Victims(kernel, candidates, full))
        {
            Kill(process, full, OutOfMemoryCause.GroupLimit);
            TryTakePages(thread, process);
        }

        thread.GivesUpSlice = true;
        return thread.IsDoomed ? ChargeRelief.Refused : ChargeRelief.TryAgain;
    }

    /// <param name="within">The group that is above its limit; null: the machine is out of memory.</param>
    public static void Relieve(GuestThread thread, MemoryGroup? within, OutOfMemoryCause cause)
    {
        var kernel = thread.Kernel;
        if (within is not null && MakesRoom(thread))
        {
            return;
        }

        if (kernel.Pressure.WarnOfMemory(Stalled(thread, within)) is var wait && wait > VirtualTime.Zero)
        {
            // Somebody who watches for this may give memory back: the next attempt decides.
            thread.Debt += new WaitDebt(VirtualTime.Zero, VirtualTime.Zero, wait);
            return;
        }

        within?.Count(MemoryGroupEvent.OutOfMemory);
        if (kernel.Options.OutOfMemory == OutOfMemoryAction.Pause)
        {
            Pause(thread, within);
            return;
        }

        // Somebody is dying already: wait for what that gives back.
        if (kernel.Processes.All.Any(process => process.EndsWith is not null && process != thread.Process && IsWithin(process, within)))
        {
            thread.GivesUpSlice = true;
            return;
        }

        var candidates = Candidates(kernel, within);
        if (candidates.Count == 0)
        {
            Pause(thread, within);
            return;
        }

        foreach (var process in Victims(kernel, candidates, within))
        {
            Kill(process, within, cause);
        }

        thread.GivesUpSlice = true;
    }

    /// <summary>The thread's process was told of pressure, and others wait for what it does: it passes limits for that, and may take some of the last frames.</summary>
    public static bool MakesRoom(GuestThread thread) => ((IPressureWatcher)thread.Process).MakesRoomUntil > thread.Kernel.Clock.Now;

    private static bool IsWithin(GuestProcess process, MemoryGroup? within) =>
        !process.IsZombie && (within is null || within.Contains(process.ControlGroup.Memory));

    // Somebody who watches for this may give memory back until then.
    private static bool IsGivenTime(GuestThread thread, MemoryGroup full)
    {
        var wait = thread.Kernel.Pressure.WarnOfMemory(Stalled(thread, full));
        if (wait > thread.Debt.Throttle)
        {
            thread.Debt += new WaitDebt(VirtualTime.Zero, VirtualTime.Zero, wait - thread.Debt.Throttle);
        }

        return wait > VirtualTime.Zero;
    }

    private static List<(GuestProcess Process, long Score)> Candidates(GuestKernel kernel, MemoryGroup? within)
    {
        var total = OutOfMemoryScore.TotalPages(kernel, within);
        var candidates = new List<(GuestProcess Process, long Score)>();
        foreach (var process in kernel.Processes.All)
        {
            if (process.EndsWith is null && IsWithin(process, within) && OutOfMemoryScore.Of(process, total) is var score and not OutOfMemoryScore.Never)
            {
                candidates.Add((process, score));
            }
        }

        return candidates;
    }

    /// <summary>
    /// Takes the pages of somebody who is dying, where nothing is under way and nobody lives on in the same space. False: there is nothing more to be had
    /// from him.
    /// </summary>
    private static bool TryTakePages(GuestThread caller, GuestProcess dying)
    {
        var space = dying.Space;
        var memory = caller.Kernel.Memory;
        if (space.IsDoomed || space == caller.Process.Space || space == memory.Reached
            || caller.Kernel.Processes.All.Any(other => !other.IsZombie && other.Space == space && other.EndsWith is null))
        {
            return false;
        }

        // Locks that others wait for are noted in what is taken now.
        foreach (var thread in dying.Threads)
        {
            ThreadExit.LetGoOfSpace(thread);
        }

        space.GiveUpPages();
        return true;
    }

    // Whoever needs the memory loses time, in its group; whoever set a limit for others does not.
    private static PressureGroup Stalled(GuestThread thread, MemoryGroup? within) =>
        within is null || within.Contains(thread.Process.ControlGroup.Memory)
            ? thread.Process.ControlGroup.Pressure
            : thread.Kernel.ControlGroups.PressureOf(within);

    // Whoever set a limit for others does not wait for them.
    private static void Pause(GuestThread thread, MemoryGroup? within)
    {
        if (within is null || within.Contains(thread.Process.ControlGroup.Memory))
        {
            thread.Kernel.MemoryWaits.Begin(thread, within);
        }
    }

    private static List<GuestProcess> Victims(GuestKernel kernel, List<(GuestProcess Process, long Score)> candidates, MemoryGroup? within)
    {
        var victim = candidates.MaxBy(candidate => candidate.Score).Process;
        // mem_cgroup_get_oom_group: the highest that goes whole, up to the group whose limit was met.
        var top = within ?? kernel.Memory.Groups.Root;
        var whole = victim.ControlGroup.Memory.WithAncestors.Where(group => group.DiesWhole && top.Contains(group)).LastOrDefault();
        if (whole is not null)
        {
            whole.Count(MemoryGroupEvent.GroupKill);

            // oom_kill_process counts the one that it chose by itself, and again with all others.
            victim.ControlGroup.Memory.Count(MemoryGroupEvent.Kill);
            return kernel.Processes.All.Where(process => IsKillable(process) && whole.Contains(process.ControlGroup.Memory)).ToList();
        }

        if (within is not null || Resident(victim) >= kernel.Memory.Physical.FrameCount / SmallPartOfRam)
        {
            return [victim];
        }

        return [.. candidates.Select(candidate => candidate.Process).GroupBy(process => process.GroupId).MaxBy(group => group.Sum(Resident))!];
    }

    private static bool IsKillable(GuestProcess process) => !process.IsZombie && process.OutOfMemoryAdjustment != OutOfMemoryScore.LeastAdjustment;

    private static long Resident(GuestProcess process) => process.Space.Counters.Resident;

    private static void Kill(GuestProcess victim, MemoryGroup? within, OutOfMemoryCause cause)
    {
        var kernel = victim.Kernel;
        var space = victim.Space;
        kernel.Remarks.CountOutOfMemoryKill(new OutOfMemoryKill(
            victim.ProcessId,
            victim.Threads.Count > 0 ? victim.Threads[0].Name : "",
            cause,
            victim.ControlGroup.Path,
            within?.Path ?? "/",
            space.Counters.Resident,
            space.Counters.Swapped,
            (long)space.Tables.TableCount,
            victim.OutOfMemoryAdjustment));
        kernel.Memory.Counters.OutOfMemoryKills++;
        kernel.Memory.Note(
            MemoryEventKind.Kill, pages: Math.Max(1, space.Counters.Resident), process: victim.ProcessId, what: cause.ToString(), of: victim.ControlGroup.Path);
        victim.ControlGroup.Memory.Count(MemoryGroupEvent.Kill);
        victim.End(ExitStatus.Killed(Signal.SIGKILL));

        // Their memory is his: __oom_kill_process.
        foreach (var sharing in kernel.Processes.All.Where(process => !process.IsZombie && process.Space == space).ToList())
        {
            sharing.End(ExitStatus.Killed(Signal.SIGKILL));
        }
    }
}
