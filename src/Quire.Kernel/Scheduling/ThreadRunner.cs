using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>Runs one thread on one CPU: guest code, and the kernel code that its exits ask for, until it blocks, ends or its time is up.</summary>
internal sealed class ThreadRunner
{
    private const long PicosecondsPerNanosecond = 1_000;

    private readonly GuestKernel _kernel;
    private readonly KernelClock _clock;
    private readonly CostModel _costs;
    private readonly long _maximumInstructions;
    private readonly ExceptionSignals _exceptions;
    private readonly ThrashingWatch _thrashing;
    private readonly long _faultsBetweenAudits;

    // The machine's faults up to here are on threads' accounts.
    private long _minorCounted;
    private long _majorCounted;
    private long _bytesReadCounted;
    private long _pagesDirtiedCounted;

    public ThreadRunner(GuestKernel kernel)
    {
        _kernel = kernel;
        _clock = kernel.Clock;
        _costs = kernel.Options.Costs;
        _maximumInstructions = kernel.Options.MaximumInstructions;
        _exceptions = new ExceptionSignals(kernel);
        _thrashing = new ThrashingWatch(kernel);
        _faultsBetweenAudits = kernel.Options.FaultsBetweenAudits;
    }

    /// <param name="end">Progress, in picoseconds, at which the CPU stops in this round.</param>
    public void Run(VirtualCpu cpu, long end)
    {
        var thread = cpu.Current!;
        var groups = _kernel.Memory.Groups;
        groups.Enter(thread.Process.ControlGroup.Memory);
        _kernel.Running = thread;
        _kernel.Memory.WorkFor(thread.Process.Space);
        _kernel.Memory.Frames.MayUseReserve = OutOfMemory.MakesRoom(thread);
        (_minorCounted, _majorCounted) = (_kernel.Memory.Counters.MinorFaults, _kernel.Memory.Counters.MajorFaults);
        (_bytesReadCounted, _pagesDirtiedCounted) = (_kernel.Memory.Device.Reads.Bytes, _kernel.Memory.Counters.Dirtied);
        RunThread(cpu, thread, end);
        CountFaults(thread);
        _kernel.Memory.Frames.MayUseReserve = false;
        _kernel.Memory.WorkFor(null);
        _kernel.Running = null;
        groups.Enter(groups.Root);
    }

    private void RunThread(VirtualCpu cpu, GuestThread thread, long end)
    {
        if (thread.Sleep.IsPending)
        {
            thread.Sleep.Resume();
        }

        if (thread.Call.IsWaiting)
        {
            if (!thread.Call.TryComplete(out var result))
            {
                Leave(cpu, thread, ThreadPressure.None);
                return;
            }

            Complete(thread, result);
        }

        do
        {
            CountFaults(thread);
            if (thread.NeedsAttention && !TakeSignals.PrepareToRun(thread))
            {
                cpu.Current = null;
                _kernel.Pressure.Set(thread, thread.IsQueued ? ThreadPressure.Runnable : ThreadPressure.None);
                return;
            }

            if (thread.Debt.All > VirtualTime.Zero)
            {
                ServeDebt(cpu, thread);
                return;
            }

            RunGuest(cpu, thread, end);
            TakeDebt(thread);
            if (_kernel.Memory.Groups.HasDues)
            {
                GroupLimits.Settle(thread);
            }

            if (thread.AwaitsMemory)
            {
                thread.State = RunState.DiskSleep;
                Leave(cpu, thread, ThreadPressure.LacksMemory);
                return;
            }

            if (thread.Call.IsWaiting)
            {
                Leave(cpu, thread, ThreadPressure.None);
                return;
            }
        }
        while (cpu.Progress < end && cpu.SliceLeft > 0 && !thread.GivesUpSlice && !_kernel.MustStop);
    }

    // Whether an instruction or a system call met them: both are the thread's.
    private void CountFaults(GuestThread thread)
    {
        var counters = _kernel.Memory.Counters;
        thread.Usage.MinorFaults += counters.MinorFaults - _minorCounted;
        thread.Usage.MajorFaults += counters.MajorFaults - _majorCounted;
        (_minorCounted, _majorCounted) = (counters.MinorFaults, counters.MajorFaults);

        // What it made the device read, and what it made dirty: whoever writes that back does not pay for it (task_io_account_read, task_io_account_write).
        var bytesRead = _kernel.Memory.Device.Reads.Bytes;
        thread.Usage.ReadBlocks += (bytesRead - _bytesReadCounted) / CpuUsage.BlockBytes;
        thread.Usage.WrittenBlocks += (counters.Dirtied - _pagesDirtiedCounted) * (Page.Size / CpuUsage.BlockBytes);
        (_bytesReadCounted, _pagesDirtiedCounted) = (bytesRead, counters.Dirtied);
    }

    private void Leave(VirtualCpu cpu, GuestThread thread, ThreadPressure state)
    {
        thread.Usage.VoluntarySwitches++;
        cpu.Current = null;

        // It may have been woken on its way to sleep.
        _kernel.Pressure.Set(thread, thread.IsQueued ? ThreadPressure.Runnable : state);
    }

    // Uninterruptible, as a disk wait is: for the end of a penalty, for what memory would have spared it, for the rest.
    private void ServeDebt(VirtualCpu cpu, GuestThread thread)
    {
        var debt = thread.Debt;
        thread.Debt = default;
        thread.State = RunState.DiskSleep;
        var until = _clock.Now;
        var first = ThreadPressure.None;
        Serve(thread, debt.Throttle, ThreadPressure.LacksMemory, ref until, ref first);
        Serve(thread, debt.Refault, ThreadPressure.LacksMemory | ThreadPressure.AwaitsDevice, ref until, ref first);
        Serve(thread, debt.Device - debt.Refault, ThreadPressure.AwaitsDevice, ref until, ref first);
        var end = _clock.At(until, thread.BecomeRunnable);
        thread.Penalty = debt.Throttle > VirtualTime.Zero ? end : null;
        Leave(cpu, thread, first);
    }

    private void Serve(GuestThread thread, VirtualTime span, ThreadPressure state, ref VirtualTime until, ref ThreadPressure first)
    {
        if (span <= VirtualTime.Zero)
        {
            return;
        }

        if (first == ThreadPressure.None)
        {
            first = state;
        }
        else
        {
            ChangeAt(until, thread, state);
        }

        until += span;
    }

    private void ChangeAt(VirtualTime moment, GuestThread thread, ThreadPressure state) => _clock.At(moment, () =>
    {
        if (thread.State == RunState.DiskSleep)
        {
            _kernel.Pressure.Set(thread, state);
        }
    });

    private VirtualTime TakeDebt(GuestThread thread)
    {
        var wait = _kernel.Memory.TakeDeviceDebt(out var refault);
        thread.Debt += new WaitDebt(wait, refault, VirtualTime.Zero);
        return wait;
    }

    private void RunGuest(VirtualCpu cpu, GuestThread thread, long end)
    {
        cpu.Load(thread);
        var processor = cpu.Processor;
        processor.TimeStamp = (ulong)_clock.Now.Nanoseconds;
        var exit = processor.Run(BudgetFor(cpu, end));
        _kernel.Instructions += exit.Instructions;
        _kernel.Steps += exit.Steps;
        if (exit.Steps > 0)
        {
            thread.Restarting.Complete();
        }

        if (exit.Steps > 0 && _kernel.Memory.HasFreshPages)
        {
            _kernel.Memory.SettleFreshPages();
        }

        var before = thread.Usage.User;
        Charge(cpu, cpu.CostOf(exit), ref thread.Usage.User);
        _kernel.LoadControl.OnWork(thread.Usage.User - before);
        if (thread.Process.Timers.CountCpuTime)
        {
            thread.Process.Timers.CheckCpuTimers();
        }

        switch (exit.Reason)
        {
            case CpuExitReason.BudgetUsed:
                thread.Call.Number = CallInProgress.None;
                break;
            case CpuExitReason.SystemCall:
                Charge(cpu, _costs.SystemCall.Nanoseconds * PicosecondsPerNanosecond, ref thread.Usage.System);
                EnterCall(thread);
                break;
            case CpuExitReason.PageFault:
                Charge(cpu, _costs.Fault.Nanoseconds * PicosecondsPerNanosecond, ref thread.Usage.System);
                HandleFault(thread, exit);
                break;
            default:
                _exceptions.Raise(thread, exit);
                break;
        }
    }

    private long BudgetFor(VirtualCpu cpu, long end)
    {
        if (_kernel.Memory.HasFreshPages)
        {
            _kernel.Memory.RestartFreshPages();
            return 1;
        }

        // A timer set since the round began may be due before its end.
        var due = _clock.NextDue;
        if (due != VirtualTime.Never)
        {
            end = Math.Min(end, (due - _clock.RoundStart).Nanoseconds * PicosecondsPerNanosecond);
        }

        var instructions = Math.Min(end - cpu.Progress, cpu.SliceLeft) / _costs.InstructionPicoseconds;
        return Math.Clamp(instructions, 1, Math.Max(1, _maximumInstructions - _kernel.Steps));
    }

    private void Charge(VirtualCpu cpu, long picoseconds, ref VirtualTime account)
    {
        var before = cpu.Progress / PicosecondsPerNanosecond;
        cpu.Progress += picoseconds;
        cpu.SliceLeft -= picoseconds;
        var after = cpu.Progress / PicosecondsPerNanosecond;
        account += new VirtualTime(after - before);
        _clock.SetCpuProgress(new VirtualTime(after));
    }

    private void EnterCall(GuestThread thread)
    {
        ref var registers = ref thread.Registers;
        var syscall = _kernel.Syscalls.Find(registers[GeneralRegister.Rax]);
        var call = thread.Call;
        CountFaults(thread);
        call.Begin(ref registers, syscall);
        _kernel.SyscallCount++;
        _kernel.Trace?.OnCallStart(thread);
        if (syscall is null)
        {
            _kernel.Remarks.CountSyscall((ulong)call.Number);
            Complete(thread, Errno.ENOSYS.ToResult());
        }
        else if (syscall.Immediate is { } immediate)
        {
            Complete(thread, immediate(thread, call.Arguments));
        }
        else
        {
            var work = syscall.Handler!(thread, call.Arguments);
            if (work.IsCompleted)
            {
                Complete(thread, work.GetAwaiter().GetResult());
            }
            else
            {
                call.Wait(work);
            }
        }
    }

    private void Complete(GuestThread thread, long result)
    {
        var call = thread.Call;
        _kernel.Trace?.OnCallEnd(thread, result);
        if (call.KeepsRegisters)
        {
            call.KeepsRegisters = false;
            call.Number = CallInProgress.None;
            return;
        }

        if (SyscallRestart.Is(result))
        {
            call.Restart = result;
            if (thread.MaskToRestore is not null && result != SyscallRestart.UnlessHandled)
            {
                TakeSignals.RestoreMask(thread);
            }

            return;
        }

        if (result < 0 && call.Syscall is { } syscall && Refusal.NameOf(syscall, call.Arguments, (Errno)(-result)) is { } refusal)
        {
            _kernel.Remarks.CountRefusal(refusal);
        }

        thread.Registers[GeneralRegister.Rax] = (ulong)result;
        if (thread.MaskToRestore is not null && result != Errno.EINTR.ToResult())
        {
            TakeSignals.RestoreMask(thread);
        }
    }

    private void HandleFault(GuestThread thread, in CpuExit exit)
    {
        _kernel.Memory.Groups.TakeRefusal();
        var result = thread.Process.Space.HandleFault(exit.Address, exit.Error);
        if (_faultsBetweenAudits > 0 && _kernel.Memory.Counters.Faults % _faultsBetweenAudits == 0)
        {
            _kernel.Memory.Audit();
        }

        if (result.IsMajor)
        {
            var wait = TakeDebt(thread);
            _kernel.LoadControl.OnPageWait(thread.Process, wait);
        }

        if (result.Outcome == FaultOutcome.OutOfMemory)
        {
            if (_kernel.Memory.Groups.TakeRefusal() is { } full)
            {
                GroupLimits.SettleRefusal(thread, full);
            }
            else
            {
                OutOfMemory.Relieve(thread, within: null, OutOfMemoryCause.NoFrame);
            }
        }
        else if (result.IsMajor && (result.Kind & FaultKind.Swap) == 0 && _thrashing.IsThrashing(out var within))
        {
            OutOfMemory.Relieve(thread, within, OutOfMemoryCause.Thrashing);
        }
        else if (!result.IsResolved)
        {
            _exceptions.RaiseFault(thread, exit, result.Outcome);
        }
        else
        {
            thread.Restarting.OnFault(thread.Process.Space, exit.Address.Value, thread.Registers);
            _kernel.Memory.OnFaultResolved(thread.Process.Space, exit.Address.Value, thread.Registers.Rip);
        }
    }
}
