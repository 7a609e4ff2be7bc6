using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// Notices thrashing, and on request ends it. The machine thrashes while programs get little work done because threads wait for pages that were evicted before
/// (Denning, Thrashing: its causes and prevention, AFIPS 1968). Load control then suspends a whole process, the one that became active last, and swaps it
/// out; it resumes when the working sets of the active ones leave room for its own, when nobody else has work, or after waiting too long, when the one
/// that has been active longest takes its place (Denning, Working sets past and present, IEEE TSE 1980).
/// A process' demand is the pages it used in a window of its own CPU time, by their accessed bits, and those that it had to fetch again in it.
/// </summary>
internal sealed class LoadControl(GuestKernel kernel)
{
    private const double LeastWork = 0.7;
    private const double UsablePart = 0.9;
    private static readonly VirtualTime Window = VirtualTime.FromMilliseconds(20);
    private static readonly VirtualTime OwnWindow = VirtualTime.FromMilliseconds(5);
    private static readonly VirtualTime Settling = VirtualTime.FromMilliseconds(100);
    private static readonly VirtualTime LongestWait = VirtualTime.FromMilliseconds(3_000);

    // In the order in which they are to come back.
    private readonly List<GuestProcess> _suspended = [];
    private VirtualTime _windowStart = VirtualTime.Zero;
    private VirtualTime _worked = VirtualTime.Zero;
    private VirtualTime _waited = VirtualTime.Zero;
    private long _stolen;
    private bool _isJudgementDue;

    // Until then memory goes from one process to another, and what is seen says nothing.
    private VirtualTime _settledAt = VirtualTime.Zero;

    /// <summary>Part of the run in which the machine thrashed.</summary>
    public VirtualTime Thrashing { get; private set; } = VirtualTime.Zero;

    public long Suspensions { get; private set; }

    /// <summary>Time that processes were suspended, added up.</summary>
    public VirtualTime Suspended { get; private set; } = VirtualTime.Zero;

    private bool IsActing => kernel.Options.LoadControl == LoadControlMode.Suspend;

    /// <summary>A program got on with its own work.</summary>
    public void OnWork(VirtualTime time) => _worked += time;

    /// <summary>A thread has to wait for a page.</summary>
    public void OnPageWait(GuestProcess process, VirtualTime wait)
    {
        _waited += wait;
        process.Load.Fetched++;
        if (kernel.Clock.Now - _windowStart >= Window)
        {
            Judge();
        }
    }

    public void OnProcessEnd(GuestProcess process)
    {
        if (process.Load.IsSuspended)
        {
            Resume(process);
        }

        if (_suspended.Count > 0)
        {
            ResumeWhoFits();
        }
    }

    private void Judge()
    {
        var now = kernel.Clock.Now;
        var span = now - _windowStart;
        var stolen = kernel.Memory.Counters.Reclaim.Stolen;
        var candidates = kernel.Processes.All.Where(process => !process.IsZombie && !process.Load.IsSuspended && process.Load.Fetched > 0).ToList();
        var fetched = candidates.Sum(process => process.Load.Fetched - process.Load.FetchedBefore);
        var isThrashing = _worked.Nanoseconds < LeastWork * span.Nanoseconds * kernel.Options.CpuCount
            && _waited.Nanoseconds > (1 - LeastWork) * span.Nanoseconds
            && stolen - _stolen >= fetched / 2;
        foreach (var process in kernel.Processes.All.Where(process => !process.IsZombie))
        {
            process.Load.FetchedBefore = process.Load.Fetched;
            if (IsActing && !process.Load.IsSuspended)
            {
                Estimate(process);
            }
        }

        (_windowStart, _worked, _waited, _stolen) = (now, VirtualTime.Zero, VirtualTime.Zero, stolen);
        Thrashing += isThrashing ? span : VirtualTime.Zero;
        if (!IsActing || now < _settledAt)
        {
            return;
        }

        if (isThrashing && candidates.Count > 1)
        {
            Suspend(candidates.MaxBy(process => (process.Load.ActiveSince.Nanoseconds, process.ProcessId))!);
        }
        else if (_suspended.Count > 0)
        {
            ResumeWhoFits();
        }
    }

    private static void Estimate(GuestProcess process)
    {
        var load = process.Load;
        var usage = process.Usage();
        var cpu = usage.User + usage.System;
        if (cpu - load.EstimatedAt < OwnWindow)
        {
            return;
        }

        load.EstimatedAt = cpu;
        load.Demand = process.Space.TakeWorkingSet() + load.Fetched - load.FetchedAtEstimate;
        load.FetchedAtEstimate = load.Fetched;
    }

    private void Suspend(GuestProcess process)
    {
        process.Load.IsSuspended = true;
        process.Load.SuspendedSince = kernel.Clock.Now;
        process.Load.Suspensions++;

        // What is resident while everybody waits for pages is less than what is needed: who has to be suspended again gets twice as much the next time.
        var counters = process.Space.Counters;
        var size = counters.Resident + counters.Swapped;
        process.Load.Demand = Math.Min(size, Math.Max(process.Load.Demand, counters.Resident << Math.Min(process.Load.Suspensions, 16)));
        process.Space.PageOutAll();
        _suspended.Add(process);
        _settledAt = kernel.Clock.Now + Settling;
        Suspensions++;
        kernel.Memory.Note(MemoryEventKind.Suspend, process: process.ProcessId);
        JudgeLater();
    }

    private void Resume(GuestProcess process)
    {
        var now = kernel.Clock.Now;
        _suspended.Remove(process);
        process.Load.IsSuspended = false;
        process.Load.ActiveSince = now;
        _settledAt = now + Settling;
        Suspended += now - process.Load.SuspendedSince;
        kernel.Memory.Note(MemoryEventKind.Resume, process: process.ProcessId);
        foreach (var thread in process.Threads)
        {
            thread.Continue();
        }
    }

    // While somebody is suspended, time itself brings him back.
    private void JudgeLater()
    {
        if (_isJudgementDue)
        {
            return;
        }

        _isJudgementDue = true;
        kernel.Clock.At(kernel.Clock.Now + Window, () =>
        {
            _isJudgementDue = false;
            if (_suspended.Count > 0)
            {
                Judge();
                RotateOrResumeIdle();
                JudgeLater();
            }
        });
    }

    private void RotateOrResumeIdle()
    {
        if (_suspended.Count == 0)
        {
            return;
        }

        var first = _suspended[0];
        var atWork = kernel.Processes.All
            .Where(process => !process.IsZombie && !process.Load.IsSuspended && process.Threads.Any(thread => thread.State is RunState.Runnable or RunState.DiskSleep)).ToList();
        if (atWork.Count == 0)
        {
            Resume(first);
        }
        else if (kernel.Clock.Now - first.Load.SuspendedSince > LongestWait)
        {
            Resume(first);
            Suspend(atWork.MinBy(process => (process.Load.ActiveSince.Nanoseconds, process.ProcessId))!);
        }
    }

    private void ResumeWhoFits()
    {
        var memory = kernel.Memory;
        var usable = (long)(UsablePart * (memory.Pools.Count + memory.Frames.FreeFrames));
        var used = kernel.Processes.All.Where(process => !process.IsZombie && !process.Load.IsSuspended)
            .Sum(process => process.Load.Demand > 0 ? process.Load.Demand : process.Space.Counters.Resident);
        while (_suspended.Count > 0 && used + _suspended[0].Load.Demand <= usable)
        {
            used += _suspended[0].Load.Demand;
            Resume(_suspended[0]);
        }
    }
}

/// <summary>What load control knows of one process.</summary>
internal sealed class ProcessLoad
{
    public bool IsSuspended { get; set; }

    public VirtualTime SuspendedSince { get; set; }

    public int Suspensions { get; set; }

    public VirtualTime ActiveSince { get; set; }

    /// <summary>Pages that the process needs at once, as last estimated.</summary>
    public long Demand { get; set; }

    /// <summary>Pages that threads have waited for.</summary>
    public long Fetched { get; set; }

    public long FetchedBefore { get; set; }

    public long FetchedAtEstimate { get; set; }

    /// <summary>The process' CPU time at the last estimate.</summary>
    public VirtualTime EstimatedAt { get; set; } = VirtualTime.Zero;
}

/// <summary>What is done about thrashing.</summary>
public enum LoadControlMode
{
    /// <summary>It is measured.</summary>
    Watch,

    /// <summary>Whole processes are suspended until it ends.</summary>
    Suspend,
}
