using Quire.Hardware.Cpu;
using Quire.Kernel.Scheduling;

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

    public GuestKernel Kernel { get; }

    public GuestProcess Process { get; }

    public int ThreadId { get; }

    public ThreadSleep Sleep { get; }

    /// <summary>A signal waits that the thread does not block: interruptible sleeps end.</summary>
    public bool HasDeliverableSignal => false;
}
