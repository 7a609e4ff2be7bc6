using Quire.Allocation;
using Quire.Hardware.Cpu;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>One thread of a guest program: registers, signal state and the system call it may be inside of.</summary>
public sealed class GuestThread
{
    private CpuRegisters _savedRegisters = CpuRegisters.Initial();

    /// <summary>What the thread itself used.</summary>
    public CpuUsage Usage;

    public GuestThread(GuestKernel kernel, GuestProcess process, int threadId)
    {
        Kernel = kernel;
        Process = process;
        ThreadId = threadId;
        Sleep = new ThreadSleep(this);
        Call = new CallInProgress(this);
        Restarting = new RestartingInstruction(kernel.Memory);
        Affinity = CpuSet.First(kernel.Options.CpuCount);
        BecomeRunnable = () => kernel.Scheduler.MakeRunnable(this);
    }

    /// <summary>The thread's registers, wherever they are: in the CPU that ran it last, or saved here.</summary>
    public ref CpuRegisters Registers => ref Cpu is null ? ref _savedRegisters : ref Cpu.Processor.Registers;

    public GuestKernel Kernel { get; }

    public GuestProcess Process { get; }

    /// <summary>Changes only when a thread that is not the first one calls execve: it becomes the first.</summary>
    public int ThreadId { get; internal set; }

    public ThreadSleep Sleep { get; }

    /// <summary>comm: at most 15 bytes.</summary>
    public string Name { get; set; } = "";

    public SignalSet SignalMask { get; internal set; }

    /// <summary>Signals sent to this thread alone.</summary>
    public PendingSignals Pending { get; } = new();

    /// <summary>What the thread waits for in rt_sigtimedwait, blocked or not.</summary>
    internal SignalSet AwaitedSignals { get; set; }

    /// <summary>How the scheduler sees the thread.</summary>
    public RunState State { get; internal set; } = RunState.Runnable;

    public CpuSet Affinity { get; internal set; }

    /// <summary>What the clock does at the end of a wait.</summary>
    internal Action BecomeRunnable { get; }

    /// <summary>The virtual CPU that ran the thread last.</summary>
    public int LastCpu { get; internal set; }

    /// <summary>Something waits to be done before the thread goes on: a signal to take, a stop or an end. Interruptible sleeps end.</summary>
    public bool HasDeliverableSignal =>
        IsDoomed || IsHeld || !((Pending.Set | Process.Pending.Set) & ~SignalMask).IsEmpty;

    /// <summary>There is something to do before guest code runs on: a signal, or a call that a signal interrupted.</summary>
    internal bool NeedsAttention => Call.Restart != 0 || MaskToRestore is not null || HasDeliverableSignal;

    /// <summary>The thread will not run guest code again: its process ends or another thread replaces the program.</summary>
    public bool IsDoomed => IsAbandoned || Process.EndsWith is not null;

    /// <summary>Does not run on: its process is stopped or suspended, or its control group is frozen.</summary>
    internal bool IsHeld => Process.IsHeld || ControlGroup.IsFrozen;

    /// <summary>Stands still where a frozen group wants it to: held, or waiting for a child that has its memory.</summary>
    internal bool IsFrozen { get; private set; }

    internal void EnterFrozen()
    {
        if (!IsFrozen)
        {
            IsFrozen = true;
            ControlGroup.NoteState();
        }
    }

    internal void LeaveFrozen()
    {
        if (IsFrozen)
        {
            IsFrozen = false;
            ControlGroup.NoteState();
        }
    }

    internal ControlGroup ControlGroup => OwnGroup ?? Process.ControlGroup;

    /// <summary>The threaded group that the thread was moved to alone; null: it is where its process is.</summary>
    internal ControlGroup? OwnGroup { get; set; }

    /// <summary>What the thread had used when it came into its group.</summary>
    internal CpuTimes TimesBeforeGroup { get; set; }

    /// <summary>Where signal handlers with SA_ONSTACK run.</summary>
    public AlternateStack AlternateStack { get; internal set; } = AlternateStack.None;

    /// <summary>Set by set_tid_address and CLONE_CHILD_CLEARTID: zeroed, and its futex woken, when the thread ends. 0 for none.</summary>
    internal VirtualAddress ClearThreadIdAt { get; set; }

    /// <summary>Head of the list of robust futexes; 0 for none.</summary>
    internal VirtualAddress RobustListHead { get; set; }

    /// <summary>The mask that a call such as ppoll or sigsuspend replaced for its duration.</summary>
    internal SignalSet? MaskToRestore { get; set; }

    /// <summary>The system call that the thread is inside of, or was last.</summary>
    internal CallInProgress Call { get; }

    /// <summary>What the thread's last fault tells its signal handler.</summary>
    internal FaultState LastFault { get; set; }

    /// <summary>The CPU whose registers are this thread's; null while they are saved.</summary>
    internal VirtualCpu? Cpu { get; private set; }

    internal RestartingInstruction Restarting { get; }

    internal bool IsQueued { get; set; }

    /// <summary>What the thread has to wait for before it runs on.</summary>
    internal WaitDebt Debt { get; set; }

    /// <summary>What it does, and the group it is counted in: <see cref="PressureAccounts.Set"/>.</summary>
    internal ThreadPressure Pressure { get; set; }

    internal PressureGroup? PressureGroup { get; set; }

    /// <summary>Blocked until memory appears: <see cref="MemoryWaits"/>.</summary>
    internal bool AwaitsMemory { get; set; }

    /// <summary>The end of a sleep for being above memory.high, which whoever is killed does not wait for (schedule_timeout_killable); null: it does not sleep for that.</summary>
    internal ScheduledAction? Penalty { get; set; }

    internal VirtualTime RunnableSince { get; set; }

    /// <summary>sched_yield was called: the rest of the time slice goes to the next thread.</summary>
    internal bool GivesUpSlice { get; set; }

    /// <summary>The thread called exit, or an execve of a sibling ends it.</summary>
    internal bool IsAbandoned { get; set; }

    /// <summary>What it gave exit.</summary>
    internal int ExitCode { get; set; }

    internal Signal ParentDeathSignal { get; set; }

    /// <summary>
    /// Other rights from now on (commit_creds of kernel/cred.c): who gained some may not be looked into by whom it was like before, nor killed with it.
    /// </summary>
    internal void Become(Credentials credentials)
    {
        var old = Process.Credentials;
        if (credentials.EffectiveUserId != old.EffectiveUserId || credentials.EffectiveGroupId != old.EffectiveGroupId
            || credentials.FileUserId != old.FileUserId || credentials.FileGroupId != old.FileGroupId || !credentials.Permitted.IsWithin(old.Permitted))
        {
            Process.Dumpable = Kernel.SetIdDumpable;
            ParentDeathSignal = Signal.None;
        }

        Process.Credentials = credentials;
        Process.Space.Limits = Process.Limits.ForMemory(credentials);
    }

    /// <summary>Replaces the signal mask until the system call is over or its signal handler returns (ppoll, pselect, epoll_pwait, sigsuspend).</summary>
    public void BlockTemporarily(SignalSet mask)
    {
        MaskToRestore = SignalMask;
        SignalMask = mask & ~SignalSet.Unblockable;
    }

    /// <summary>What charges the thread to kernel memory; a process holds its first thread's.</summary>
    internal SlabSlot? Slot { get; set; }

    /// <summary>Null: the thread has none, as one that a test made.</summary>
    internal KernelStack? KernelStack { get; set; }

    internal void ReturnSlot()
    {
        KernelStack?.Return();
        if (Slot is { } slot)
        {
            Kernel.TaskSlots.Return(slot);
            Slot = null;
        }
    }

    internal void MoveRegistersTo(VirtualCpu cpu)
    {
        SaveRegisters();
        cpu.Processor.Registers = _savedRegisters;
        Cpu = cpu;
    }

    internal void SaveRegisters()
    {
        if (Cpu is not null)
        {
            _savedRegisters = Cpu.Processor.Registers;
            Cpu.Unload(this);
            Cpu = null;
        }
    }
}

/// <summary>The letters are those of /proc/PID/stat.</summary>
public enum RunState
{
    Runnable = 'R',
    Sleeping = 'S',
    DiskSleep = 'D',
    Stopped = 'T',
    Ended = 'Z',
}

/// <summary>What sigcontext carries of the last exception: trap number, error code and CR2.</summary>
internal readonly record struct FaultState(ulong Trap, ulong Error, VirtualAddress Address)
{
    public const ulong Divide = 0;
    public const ulong Debug = 1;
    public const ulong Breakpoint = 3;
    public const ulong InvalidOpcode = 6;
    public const ulong Overflow = 4;
    public const ulong StackSegment = 12;
    public const ulong Protection = 13;
    public const ulong Page = 14;
    public const ulong X87 = 16;
    public const ulong Simd = 19;
}
