using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// Notices thrashing, and on request ends it. The machine thrashes while programs get little work done because threads wait for pages that were evicted before
/// (Denning, Thrashing: its causes and prevention, AFIPS 1968): less CPU time passes between two such waits than one of them takes, the L = S criterion
/// (Denning, Kahn, Leroudier, Potier, Suri, Optimal multiprogramming, Acta Informatica 1976), and the CPUs are idle for a good part.
/// Load control then suspends whole processes, those that became active last, until what the others need fits: at first all that they have, later the pages seen in
/// use in a window of their own CPU time, by accessed bits, and those fetched again in it. That has a price, pages written and read again as a whole; it is paid
/// when waiting has cost as much, so that the two together are at most twice what either had to be.
/// A suspended process comes back, its pages before it, when the needs of the active ones leave room for its own, when nobody else has work, or after waiting so
/// long that loading its pages is a small part of its turn; then the one that has been active longest takes its place (Denning, Working sets past and present,
/// IEEE TSE 1980).
/// Nothing is done to memory before somebody is suspended: a machine that does not thrash runs as without load control.
/// </summary>
internal sealed class LoadControl(GuestKernel kernel)
{
    private const double LeastWork = 0.8;
    private const double UsablePart = 0.95;

    // Fewer say nothing.
    private const long LeastRefaults = 8;

    // Of loading a suspended process again, if each page is waited for alone.
    private const int TurnsOfLoading = 20;

    private static readonly VirtualTime Window = VirtualTime.FromMilliseconds(4);
    private static readonly VirtualTime OwnWindow = VirtualTime.FromMilliseconds(5);
    private static readonly VirtualTime ShortestTurn = VirtualTime.FromMilliseconds(3_000);

    // In the order in which they are to come back.
    private readonly List<GuestProcess> _suspended = [];
    private VirtualTime _windowStart = VirtualTime.Zero;
    private VirtualTime _worked = VirtualTime.Zero;
    private VirtualTime _waited = VirtualTime.Zero;
    private VirtualTime _lost = VirtualTime.Zero;
    private long _waits;
    private long _refaultWaits;
    private long _lastRefault;
    private long _stolen;
    private bool _isJudgementDue;

    // Processes whose pages are on their way.
    private int _loading;

    /// <summary>Part of the run in which the machine thrashed.</summary>
    public VirtualTime Thrashing { get; private set; } = VirtualTime.Zero;

    public long Suspensions { get; private set; }

    /// <summary>When a process was last suspended for thrashing, not to take its turn.</summary>
    public VirtualTime LastSuspension { get; private set; } = VirtualTime.Zero;

    /// <summary>Time that processes were suspended, added up.</summary>
    public VirtualTime Suspended { get; private set; } = VirtualTime.Zero;

    private bool IsActing => kernel.Options.LoadControl == LoadControlMode.Suspend;

    /// <summary>A program got on with its own work.</summary>
    public void OnWork(VirtualTime time) => _worked += time;

    /// <summary>A thread has to wait for a page.</summary>
    public void OnPageWait(GuestProcess process, VirtualTime wait)
    {
        _waited += wait;
        _waits++;
        var refault = kernel.Memory.Refaults.Count;
        _refaultWaits += refault != _lastRefault ? 1 : 0;
        _lastRefault = refault;
        process.Load.Fetched++;
        if (kernel.Clock.Now - _windowStart >= Window)
        {
            Judge();
        }
    }

    public void OnProcessEnd(GuestProcess process)
    {
        if (_suspended.Remove(process))
        {
            Suspended += kernel.Clock.Now - process.Load.SuspendedSince;
            kernel.Memory.Note(MemoryEventKind.Resume, process: process.ProcessId);
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

        // Without evictions pages only come back, because memory has become free.
        var isShort = _refaultWaits >= Math.Max(LeastRefaults, _waits / 2)
            && stolen - _stolen >= _refaultWaits / 2
            && _waited.Nanoseconds > (1 - LeastWork) * span.Nanoseconds;
        var isThrashing = isShort && _worked < _waited && _worked.Nanoseconds < LeastWork * span.Nanoseconds * kernel.Options.CpuCount;
        _lost = isShort ? _lost + _waited : VirtualTime.Zero;
        (_windowStart, _worked, _waited, _waits, _refaultWaits, _stolen) = (now, VirtualTime.Zero, VirtualTime.Zero, 0, 0, stolen);
        Thrashing += isThrashing ? span : VirtualTime.Zero;
        if (!IsActing)
        {
            return;
        }

        if (_suspended.Count > 0)
        {
            Estimate();
        }

        if (isShort)
        {
            SuspendUntilOthersFit();
        }
        else if (_suspended.Count > 0)
        {
            ResumeWhoFits();
        }
    }

    // By accessed bits, which are taken: only while somebody is suspended.
    private void Estimate()
    {
        foreach (var process in kernel.Processes.All)
        {
            var load = process.Load;
            if (process.IsZombie || load.IsSuspended)
            {
                continue;
            }

            var usage = process.Usage();
            var cpu = usage.User + usage.System;
            if (cpu - load.EstimatedAt < OwnWindow)
            {
                continue;
            }

            load.EstimatedAt = cpu;
            load.Demand = process.Space.TakeWorkingSet() + load.Fetched - load.FetchedAtEstimate;
            load.FetchedAtEstimate = load.Fetched;
        }
    }

    private void SuspendUntilOthersFit()
    {
        var active = kernel.Processes.All.Where(process => !process.IsZombie && !process.Load.IsSuspended && process.Load.Fetched > 0)
            .OrderBy(process => process.Load.ActiveSince.Nanoseconds).ThenBy(process => process.ProcessId).ToList();
        if (active.Count < 2 || _lost < PriceOf(active[^1]))
        {
            return;
        }

        _lost = VirtualTime.Zero;
        var needed = active.Sum(NeedOf);
        do
        {
            var last = active[^1];
            active.RemoveAt(active.Count - 1);
            needed -= NeedOf(last);

            // Who has to be suspended again needs more than was seen.
            last.Load.Demand = last.Load.Suspensions > 0 ? SizeOf(last) : NeedOf(last);
            Suspend(last);
            LastSuspension = kernel.Clock.Now;
        }
        while (active.Count > 1 && needed > Usable);

        foreach (var process in active)
        {
            Load(process, process.Space.SwappedPages());
        }
    }

    // What has been seen in use; all that it has, before anything has been seen.
    private static long NeedOf(GuestProcess process) => process.Load.Demand > 0 ? process.Load.Demand : SizeOf(process);

    private static long SizeOf(GuestProcess process) => process.Space.Counters.ResidentAnonymous + process.Space.Counters.Swapped;

    private void Suspend(GuestProcess process)
    {
        process.Load.IsSuspended = true;
        process.Load.SuspendedSince = kernel.Clock.Now;
        process.Load.Suspensions++;
        kernel.Memory.Apart(() => process.Load.Resident = process.Space.PageOutAll());
        _suspended.Add(process);
        Suspensions++;
        kernel.Memory.Note(MemoryEventKind.Suspend, process: process.ProcessId);
        JudgeLater();
    }

    private void Resume(GuestProcess process)
    {
        var now = kernel.Clock.Now;
        _suspended.Remove(process);
        process.Load.ActiveSince = now;
        Suspended += now - process.Load.SuspendedSince;
        kernel.Memory.Note(MemoryEventKind.Resume, process: process.ProcessId);
        Load(process, process.Load.Resident);
        process.Load.Resident = [];
    }

    // The process waits for its pages as a whole, not for one after the other.
    private void Load(GuestProcess process, IReadOnlyList<ulong> pages)
    {
        var loading = kernel.Memory.Apart(() => process.Space.BringBack(pages));
        process.Load.IsSuspended = true;
        _loading++;
        kernel.Clock.At(kernel.Clock.Now + loading, () =>
        {
            _loading--;
            process.Load.IsSuspended = false;
            foreach (var thread in process.Threads)
            {
                thread.Continue();
            }
        });
    }

    // Once out and once in, in long requests.
    private VirtualTime PriceOf(GuestProcess process)
    {
        var device = kernel.Memory.Options.Device;
        var bytes = (ulong)process.Space.Counters.Resident << Page.Shift;
        return device.Latency + device.Latency + device.TransferTimeOf(bytes) + device.TransferTimeOf(bytes);
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
        if (_loading > 0)
        {
            return;
        }

        if (atWork.Count == 0)
        {
            Resume(first);
        }
        else if (kernel.Clock.Now - first.Load.SuspendedSince > TurnFor(first))
        {
            Suspend(atWork.MinBy(process => (process.Load.ActiveSince.Nanoseconds, process.ProcessId))!);
            Resume(first);
        }
    }

    private VirtualTime TurnFor(GuestProcess process)
    {
        var loading = new VirtualTime(process.Load.Demand * TurnsOfLoading * kernel.Memory.Options.Device.Latency.Nanoseconds);
        return loading > ShortestTurn ? loading : ShortestTurn;
    }

    private void ResumeWhoFits()
    {
        var needed = kernel.Processes.All.Where(process => !process.IsZombie && !_suspended.Contains(process)).Sum(NeedOf);
        while (_suspended.Count > 0 && needed + _suspended[0].Load.Demand <= Usable)
        {
            needed += _suspended[0].Load.Demand;
            Resume(_suspended[0]);
        }
    }

    // For anonymous pages, beside the pages of files that programs map.
    private long Usable => (long)(UsablePart * (kernel.Memory.Pools.Count + kernel.Memory.Frames.FreeFrames - kernel.Memory.Counters.MappedFilePages));
}

/// <summary>What load control knows of one process.</summary>
internal sealed class ProcessLoad
{
    public bool IsSuspended { get; set; }

    public VirtualTime SuspendedSince { get; set; }

    /// <summary>What was in memory when it was suspended: addresses of pages.</summary>
    public IReadOnlyList<ulong> Resident { get; set; } = [];

    public int Suspensions { get; set; }

    public VirtualTime ActiveSince { get; set; }

    /// <summary>Pages that the process needs at once, as last estimated.</summary>
    public long Demand { get; set; }

    /// <summary>Pages that threads have waited for.</summary>
    public long Fetched { get; set; }

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
