using Quire.Hardware.Cpu;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>One thread of a guest program: registers, signal state and the system call it may be inside of.</summary>
public sealed class GuestThread
{
    public GuestThread(GuestKernel kernel, GuestProcess process, int threadId)
    {
        Kernel = kernel;
        Process = process;
        ThreadId = threadId;
        Sleep = new ThreadSleep(this);
    }

    /// <summary>The saved registers while the thread is not on a CPU.</summary>
    public CpuRegisters Registers = CpuRegisters.Initial();

    /// <summary>What the thread itself used.</summary>
    public CpuUsage Usage;

    public GuestKernel Kernel { get; }

    public GuestProcess Process { get; }

    public int ThreadId { get; }

    public ThreadSleep Sleep { get; }

    /// <summary>comm: at most 15 bytes.</summary>
    public string Name { get; set; } = "";

    public SignalSet SignalMask { get; internal set; }

    /// <summary>Signals sent to this thread alone.</summary>
    public PendingSignals Pending { get; } = new();

    /// <summary>How the scheduler sees the thread.</summary>
    public ThreadState State { get; internal set; }

    /// <summary>A signal waits that the thread does not block: interruptible sleeps end.</summary>
    public bool HasDeliverableSignal => !((Pending.Set | Process.Pending.Set) & ~SignalMask).IsEmpty;
}

/// <summary>The letters are those of /proc/PID/stat.</summary>
public enum ThreadState
{
    Runnable = 'R',
    Sleeping = 'S',
    DiskSleep = 'D',
    Stopped = 'T',
    Ended = 'Z',
}
