using Quire.Allocation;
using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>A thread group: one address space, one descriptor table, one process id.</summary>
public sealed class GuestProcess : IPressureWatcher
{
    // Anonymous memory, private and shared, ELF headers and private huge pages.
    private const uint StandardCoreFilter = 0x33;

    private readonly List<GuestThread> _threads = [];
    private readonly List<GuestProcess> _children = [];

    /// <summary>Used by threads that have ended; add the living ones' for the whole.</summary>
    public CpuUsage EndedThreadsUsage;

    /// <summary>Used by children that were waited for, and theirs.</summary>
    public CpuUsage ChildrenUsage;

    public GuestProcess(GuestKernel kernel, int processId, AddressSpace space, Session session)
    {
        Kernel = kernel;
        ProcessId = processId;
        GroupId = processId;
        Space = space;
        Session = session;
        ControlGroup = kernel.ControlGroups.Root;
        ControlGroupRoot = ControlGroup;
        Timers = new ProcessTimers(this);
    }

    public GuestKernel Kernel { get; }

    public int ProcessId { get; }

    /// <summary>A zombie has released its space: ask <see cref="IsZombie"/> before looking at it.</summary>
    public AddressSpace Space { get; internal set; }

    /// <summary>Null for the first process and for those whose parent is gone.</summary>
    public GuestProcess? Parent { get; internal set; }

    /// <summary>Orphans belong to process 1 as getppid shows it, but the kernel waits for them itself.</summary>
    public int ParentId => Parent?.ProcessId ?? (ProcessId == 1 ? 0 : 1);

    public int GroupId { get; internal set; }

    public Session Session { get; internal set; }

    /// <summary>Living threads, the oldest first; empty for a zombie.</summary>
    public IReadOnlyList<GuestThread> Threads => _threads;

    /// <summary>Children that have not been waited for.</summary>
    public IReadOnlyList<GuestProcess> Children => _children;

    public Credentials Credentials { get; set; } = new();

    /// <summary>Set before the first thread runs.</summary>
    public FileSystemContext FileContext { get; set; } = null!;

    public DescriptorTable Descriptors { get; set; } = new();

    public ResourceLimits Limits { get; init; } = new(ramFrames: 0);

    public SignalHandlers Handlers { get; internal set; } = new();

    /// <summary>Signals sent to the process as a whole; any thread may take them.</summary>
    public PendingSignals Pending { get; } = new();

    /// <summary>Woken when a signal was put into a queue, blocked or not: signalfd waits here.</summary>
    public WaitQueue SignalArrived { get; } = new();

    /// <summary>Signals that some thread has waited for by name (rt_sigtimedwait).</summary>
    internal SignalSet TakenByWaiting { get; set; } = SignalSet.Empty;

    /// <summary>Interval and POSIX timers.</summary>
    public ProcessTimers Timers { get; }

    /// <summary>Absolute path of the program file inside the guest, as /proc/PID/exe shows it.</summary>
    public string ExecutablePath { get; internal set; } = "";

    public IReadOnlyList<string> Arguments { get; internal set; } = [];

    public VirtualTime StartTime { get; internal init; }

    public int Niceness { get; internal set; }

    /// <summary>The program was replaced since the fork: setpgid by the parent is refused.</summary>
    public bool HasExecuted { get; internal set; }

    public bool IsZombie { get; internal set; }

    public bool IsStopped => StoppedBy != Signal.None;

    /// <summary>None of its threads runs on: stopped by a signal, or suspended by load control.</summary>
    internal bool IsHeld => IsStopped || Load.IsSuspended;

    /// <summary>/proc/PID/oom_score_adj: -1000, never killed for want of memory, to 1000, killed first.</summary>
    public int OutOfMemoryAdjustment { get; internal set; }

    /// <summary>The least adjustment that a user without privileges may set: what a privileged one set last.</summary>
    internal int LeastOutOfMemoryAdjustment { get; set; }

    long IPressureWatcher.Pages => IsZombie ? 0 : Space.Counters.Resident + Space.Counters.Swapped;

    VirtualTime IPressureWatcher.MakesRoomUntil { get; set; }

    internal ControlGroup ControlGroup { get; set; }

    /// <summary>The control group that is the root for the process (cgroup_namespaces(7)).</summary>
    internal ControlGroup ControlGroupRoot { get; set; }

    public ExitStatus ExitStatus { get; internal set; }

    internal ProcessLoad Load { get; } = new();

    /// <summary>Woken when a child ends, stops or continues.</summary>
    public WaitQueue ChildChanged { get; } = new();

    /// <summary>Woken when the process has ended, whoever its parent is.</summary>
    public WaitQueue Ended { get; } = new();

    /// <summary>PR_SET_CHILD_SUBREAPER: orphaned descendants become this process' children.</summary>
    internal bool AdoptsOrphans { get; set; }

    /// <summary>PR_GET_DUMPABLE: 0 leaves no core file, 1 one of its user, 2 one of root.</summary>
    internal int Dumpable { get; set; } = 1;

    /// <summary>How its programs are laid out and what uname tells them.</summary>
    internal Personality Personality { get; set; }

    /// <summary>/proc/PID/coredump_filter: which kinds of regions go into a core file.</summary>
    internal uint CoreFilter { get; set; } = StandardCoreFilter;

    /// <summary>The signal for the parent when the process ends; SIGCHLD unless clone asked for another.</summary>
    internal Signal ExitSignal { get; set; } = Signal.SIGCHLD;

    /// <summary>Set once exit_group or a fatal signal has decided: all threads end.</summary>
    internal ExitStatus? EndsWith { get; set; }

    /// <summary>The signal that stopped the process; None while it runs.</summary>
    internal Signal StoppedBy { get; set; }

    /// <summary>A stop or continuation that the parent has not been told about by wait.</summary>
    internal ChildReport UnreportedChange { get; set; }

    /// <summary>Woken when this process ends or replaces its program: the parent of a vfork waits here.</summary>
    internal WaitQueue SpaceGivenBack { get; } = new();

    /// <summary>A vfork child that still borrows its parent's space.</summary>
    internal bool BorrowsSpace { get; set; }

    /// <summary>Woken when a thread of the process has ended: execve waits here for its siblings.</summary>
    internal WaitQueue ThreadEnded { get; } = new();

    /// <summary>What charges the process to kernel memory.</summary>
    internal SlabSlot Slot { get; init; }

    internal List<GuestThread> MutableThreads => _threads;

    internal List<GuestProcess> MutableChildren => _children;

    /// <summary>The largest resident size of the space being given up counts for the process from now on (ru_maxrss).</summary>
    internal void NotePeakResident() =>
        EndedThreadsUsage.PeakResidentBytes = Math.Max(EndedThreadsUsage.PeakResidentBytes, (ulong)Space.Counters.PeakResident << Page.Shift);

    /// <summary>Of all threads, living and ended.</summary>
    public CpuUsage Usage()
    {
        var usage = EndedThreadsUsage;
        foreach (var thread in _threads)
        {
            usage.Add(thread.Usage);
        }

        if (!IsZombie)
        {
            usage.PeakResidentBytes = Math.Max(usage.PeakResidentBytes, (ulong)Space.Counters.PeakResident << Page.Shift);
        }

        return usage;
    }
}

/// <summary>What waitid can tell about a child that has not ended.</summary>
internal enum ChildReport
{
    None,
    Stopped,
    Continued,
}
