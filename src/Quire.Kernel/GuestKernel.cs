using Quire.Allocation;
using Quire.Hardware.Cpu;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Files.Terminals;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Kernel.Syscalls.Tracing;
using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>The kernel of one machine: what its processes share.</summary>
public sealed class GuestKernel
{
    // task_struct of Linux 6.1 on x86-64, rounded to its slab's size.
    private const int TaskBytes = 9_792;

    private readonly VirtualCpu[] _cpus;
    private readonly TimeProvider _host;
    private readonly RunLoop _loop;

    /// <param name="processors">One a virtual CPU; their MMUs are the memory's.</param>
    /// <param name="host">The host's clock: for guests that wait for the host, and for <see cref="TimeSource.Host"/>.</param>
    public GuestKernel(KernelOptions options, KernelMemory memory, IReadOnlyList<IProcessor> processors, TimeProvider host)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(processors.Count, options.CpuCount);
        Options = options;
        Memory = memory;
        Random = new KernelRandom(options.Seed);
        Pressure = new PressureAccounts(Clock, options.CpuCount);
        Scheduler = new Scheduler(Clock, Pressure);
        ControlGroups = new ControlGroupTree(memory.Groups, Pressure.System);
        if (options.Group is { } group)
        {
            ControlGroups.StartIn("program", group);
        }

        MemoryWaits = new MemoryWaits(this);
        TaskSlots = memory.Slabs.Cache("task_struct", TaskBytes);
        QueuedSignals = new QueuedSignals(memory);
        StackPages = memory.Slabs.Cache("thread_stack", Page.Size, KernelMemoryKind.KernelStacks);
        _cpus = [.. processors.Select((processor, index) => new VirtualCpu(index, processor, options.Costs))];
        _host = host;
        LoadControl = new LoadControl(this);
        _loop = new RunLoop(this, _cpus, host);
        memory.Now = () => Clock.Now;
        memory.Groups.Relieve = full => OutOfMemory.MakeRoom(Running, full);
        memory.ProgramTime = () => new VirtualTime((long)((Int128)Instructions * options.Costs.InstructionPicoseconds / 1_000));
        SyscallFamilies.Register(Syscalls);
    }

    public KernelOptions Options { get; }

    public KernelMemory Memory { get; }

    public KernelClock Clock { get; } = new();

    public Scheduler Scheduler { get; }

    public ProcessTable Processes { get; } = new();

    public FutexTable Futexes { get; } = new();

    public KernelRandom Random { get; }

    public SyscallTable Syscalls { get; } = new();

    /// <summary>What happened that the user should know of.</summary>
    public RunRemarks Remarks { get; } = new();

    public HostRequests Requests { get; } = new();

    /// <summary>The mounted tree; set before the first process starts.</summary>
    public FileSystem Files { get; set; } = null!;

    /// <summary>Where guests' reads from the host wait; null if nothing there can block.</summary>
    public IHostInput? HostInput
    {
        get;
        set
        {
            field = value;
            Requests.Input = value;
        }
    }

    /// <summary>Where each system call is written as it happens; null: nowhere.</summary>
    public TextWriter? TraceOutput
    {
        init => Trace = value is null ? null : new SyscallTrace(value);
    }

    /// <summary>How long the machine thrashed, how often and for how long load control suspended processes.</summary>
    public LoadSummary Load => new(LoadControl.Thrashing, LoadControl.Suspensions, LoadControl.Suspended, LoadControl.LastSuspension);

    /// <summary>Instructions retired on all CPUs.</summary>
    public long Instructions { get; internal set; }

    /// <summary>Instructions and further rounds of repeated string instructions: what takes time, and what the limit counts.</summary>
    internal long Steps { get; set; }

    public long SyscallCount { get; internal set; }

    /// <summary>What uname shows; sethostname changes it.</summary>
    public string HostName
    {
        get => field ?? Options.HostName;
        internal set;
    }

    public string DomainName { get; internal set; } = "(none)";

    /// <summary>kernel.core_pattern: what core files are called.</summary>
    internal string CorePattern { get; set; } = "core";

    /// <summary>kernel.core_uses_pid: names of core files end with the process' number where the pattern does not say it.</summary>
    internal bool CoresNameProcess { get; set; }

    /// <summary>fs.suid_dumpable: what PR_GET_DUMPABLE becomes when a program gains rights.</summary>
    internal int SetIdDumpable { get; set; }

    /// <summary>The control groups below the root, those that were removed too.</summary>
    public IEnumerable<ControlGroupRecord> ControlGroupRecords => ControlGroups.Records;

    /// <summary>Virtual time used by processes that have ended and were no one's children any more.</summary>
    public CpuUsage EndedUsage { get; private set; }

    /// <summary>Guest code has to be left for the run loop to look at what the host asks, or for the limit of instructions.</summary>
    internal bool MustStop => Requests.HasAny || Steps >= Options.MaximumInstructions;

    internal ISyscallTrace? Trace { get; init; }

    /// <summary>The thread that the kernel works for; null: for none.</summary>
    internal GuestThread? Running { get; set; }

    internal LoadControl LoadControl { get; }

    internal KernelObjectCache TaskSlots { get; }

    /// <summary>Of <see cref="KernelStack"/>s.</summary>
    internal KernelObjectCache StackPages { get; }

    internal ControlGroupTree ControlGroups { get; }

    internal MemoryWaits MemoryWaits { get; }

    /// <summary>What threads lose for want of memory, CPUs and devices.</summary>
    internal PressureAccounts Pressure { get; }

    /// <summary>The same of the whole machine, up to now.</summary>
    public PressureTotals PressureTotals
    {
        get
        {
            var all = Pressure.Look(Pressure.System);
            return new PressureTotals(
                new VirtualTime(all.Total(PressureState.MemorySome)),
                new VirtualTime(all.Total(PressureState.MemoryFull)),
                new VirtualTime(all.Total(PressureState.CpuSome)),
                new VirtualTime(all.Total(PressureState.IoSome)));
        }
    }

    private ExitStatus FirstStatus { get; set; }

    /// <summary>Starts the first program as process 1 and runs until all processes have ended.</summary>
    public RunOutcome Run(ProgramStart start)
    {
        // Kernel code awaits; its continuations must run here and now, whatever the caller's context is.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var error = FirstProcess.Start(this, start);
            if (error != Errno.None)
            {
                return new RunOutcome(RunEnd.NotStarted, default, error, "");
            }

            var end = _loop.Run();
            return new RunOutcome(end, FirstStatus, Errno.None, end == RunEnd.Deadlock ? _loop.DescribeWaiters() : "");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    internal QueuedSignals QueuedSignals { get; }

    internal bool TryTakeTaskSlot(out SlabSlot slot) => TaskSlots.TryTake(out slot);

    /// <summary>One user less of a space; no CPU takes it for its own afterwards.</summary>
    internal void ReleaseSpace(AddressSpace space)
    {
        foreach (var cpu in _cpus)
        {
            cpu.ForgetSpace(space);
        }

        space.Release();
    }

    internal void OnProcessEnd(GuestProcess process)
    {
        if (process.ProcessId == 1)
        {
            FirstStatus = process.ExitStatus;
        }

        var usage = EndedUsage;
        usage.Add(process.EndedThreadsUsage);
        EndedUsage = usage;
    }

    /// <summary>
    /// Signals of the host go where a terminal would send them: to its foreground group, or without a terminal to the first program and all in its
    /// group. An end of the connection or of the program (SIGHUP, SIGTERM) is also for the first program when another one is in the foreground.
    /// SIGTERM ends whoever does not heed it, in whatever state it is, and with a first program that does not, all others.
    /// </summary>
    internal void DeliverHostSignals()
    {
        while (Requests.TryTake(out var signal))
        {
            var foreground = Processes.All.Select(process => process.Session.Terminal).OfType<HostTerminal>().FirstOrDefault()?.ForegroundGroup ?? 0;
            var isForFirst = foreground == 0 || signal is Signal.SIGHUP or Signal.SIGTERM;
            var receivers = Processes.All.Where(process => process.GroupId == foreground || isForFirst && process.GroupId == 1).ToList();
            var isForAll = receivers.Count == 0 || (signal == Signal.SIGTERM && !Processes.All.Any(process => process.ProcessId == 1 && Heeds(process, signal)));
            foreach (var process in isForAll ? [.. Processes.All] : receivers)
            {
                if (signal == Signal.SIGTERM && !Heeds(process, signal))
                {
                    process.End(ExitStatus.Killed(signal));
                    continue;
                }

                if (signal == Signal.SIGINT && !process.Handlers.IsIgnored(signal))
                {
                    Requests.InterruptWasHeeded();
                }

                process.Send(SignalInfo.FromKernel(signal));
            }
        }
    }

    // A handler, SIG_IGN, or a mask with somebody who takes what it keeps back.
    private static bool Heeds(GuestProcess process, Signal signal) =>
        process.Handlers.HasHandler(signal) || process.Handlers.IsIgnored(signal) || process.TakenByWaiting.Contains(signal)
        || process.Descriptors.Open().Any(descriptor => process.Descriptors.Get(descriptor) is SignalFile file && file.Mask.Contains(signal));
}

/// <param name="Thrashing">Time in which programs got little done because threads waited for pages that had been evicted.</param>
/// <param name="Suspended">Of all suspended processes together.</param>
public readonly record struct LoadSummary(VirtualTime Thrashing, long Suspensions, VirtualTime Suspended, VirtualTime LastSuspension);
