using Quire.Hardware.Cpu;
using Quire.Kernel.Syscalls;

namespace Quire.Kernel.Processes;

/// <summary>The system call that a thread is inside of: its number, for restarting it, and the kernel code that has not completed.</summary>
internal sealed class CallInProgress(GuestThread thread)
{
    private ValueTask<long> _work;

    /// <summary>The number of a thread that came into the kernel otherwise: by a fault, an interrupt, as a new program.</summary>
    public const long None = -1;

    /// <summary>RAX at entry: what a debugger sees as the original RAX; or <see cref="None"/>.</summary>
    public long Number { get; set; } = None;

    public Syscall? Syscall { get; private set; }

    public SyscallArguments Arguments { get; private set; }

    /// <summary>Kernel code of the call sleeps.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>The <see cref="SyscallRestart"/> value that the call ended with; 0 once that is dealt with.</summary>
    public long Restart { get; set; }

    /// <summary>What restart_syscall goes on with.</summary>
    public Func<ValueTask<long>>? Remainder { get; set; }

    /// <summary>The text that a trace made of the arguments when the call began.</summary>
    public string? TracedArguments { get; set; }

    /// <summary>The call replaced the registers itself: sigreturn, execve.</summary>
    public bool KeepsRegisters { get; set; }

    public void Begin(ref CpuRegisters registers, Syscall? syscall)
    {
        Number = (long)registers[GeneralRegister.Rax];
        Syscall = syscall;
        Arguments = new SyscallArguments(
            registers[GeneralRegister.Rdi],
            registers[GeneralRegister.Rsi],
            registers[GeneralRegister.Rdx],
            registers[GeneralRegister.R10],
            registers[GeneralRegister.R8],
            registers[GeneralRegister.R9]);
        KeepsRegisters = false;
    }

    public void Wait(ValueTask<long> work)
    {
        _work = work;
        IsWaiting = true;
        thread.State = thread.IsQueued ? RunState.Runnable : RunState.Sleeping;
    }

    /// <summary>The result, if the waiting kernel code has come to its end.</summary>
    public bool TryComplete(out long result)
    {
        result = 0;
        if (!_work.IsCompleted)
        {
            thread.State = thread.IsQueued ? RunState.Runnable : RunState.Sleeping;
            return false;
        }

        IsWaiting = false;
        result = _work.GetAwaiter().GetResult();
        _work = default;
        return true;
    }
}
