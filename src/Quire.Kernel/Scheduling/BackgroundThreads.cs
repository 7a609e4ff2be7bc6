using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// Runs the kernel's own work in virtual time: on an idle CPU if there is one, else on the last one, whose threads then run later. It is never what keeps
/// a machine alive: when no program can run any more, it stops, too. It is asked each round, hence a list that is gone through without an enumerator object.
/// </summary>
internal sealed class BackgroundThreads(List<BackgroundWork> works, VirtualCpu[] cpus)
{
    private const long PicosecondsPerNanosecond = 1_000;

    /// <summary>CPU time of all background work.</summary>
    public VirtualTime Used { get; private set; }

    /// <summary>The next moment at which any of it is due; Never if all of it rests.</summary>
    public VirtualTime Due
    {
        get
        {
            var due = VirtualTime.Never;
            foreach (var work in works)
            {
                due = work.Due < due ? work.Due : due;
            }

            return due;
        }
    }

    public void RunDue(VirtualTime now)
    {
        foreach (var work in works)
        {
            if (work.Due > now)
            {
                continue;
            }

            var used = work.Run(now);
            Used += used;
            var cpu = Array.Find(cpus, candidate => candidate.Current is null) ?? cpus[^1];
            cpu.Progress += used.Nanoseconds * PicosecondsPerNanosecond;
        }
    }

    public void OnProgramsRan()
    {
        foreach (var work in works)
        {
            work.OnProgramsRan();
        }
    }
}
