using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Signals: dispositions, masks, sending, waiting, returning from handlers.</summary>
internal static class SignalCalls
{
    private const ulong SetSize = 8;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(13, "rt_sigaction", "signal,sigaction,ptr,size", SetAction);
        table.AddImmediate(14, "rt_sigprocmask", "sighow,sigset,ptr,size", SetMask);
        table.AddImmediate(15, "rt_sigreturn", "", Return);
        table.Add(34, "pause", "", (thread, _) => SleepUntilHandled(thread));
        table.AddImmediate(62, "kill", "int,signal", Kill);
        table.AddImmediate(127, "rt_sigpending", "ptr,size", Pending);
        table.Add(128, "rt_sigtimedwait", "sigset,ptr,timespec,size", TimedWait);
        table.AddImmediate(129, "rt_sigqueueinfo", "int,signal,ptr", (thread, a) => QueueInfo(thread, (int)a.A0, threadId: null, a.A1, a.A2));
        table.Add(130, "rt_sigsuspend", "sigset,size", Suspend);
        table.AddImmediate(131, "sigaltstack", "ptr,ptr", SetStack);
        table.AddImmediate(200, "tkill", "int,signal", (thread, a) => KillThread(thread, processId: null, (int)a.A0, a.A1));
        table.AddImmediate(234, "tgkill", "int,int,signal", (thread, a) => KillThread(thread, (int)a.A0, (int)a.A1, a.A2));
        table.AddImmediate(297, "rt_tgsigqueueinfo", "int,int,signal,ptr", (thread, a) => QueueInfo(thread, (int)a.A0, (int)a.A1, a.A2, a.A3));
    }

    private static long SetAction(GuestThread thread, SyscallArguments a)
    {
        if (a.A3 != SetSize)
        {
            return Errno.EINVAL.ToResult();
        }

        var space = thread.Process.Space;
        KernelSigaction wanted = default;
        if (a.A1 != 0 && !space.TryRead(new VirtualAddress(a.A1), out wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        var signal = (Signal)(uint)a.A0;
        if (!IsSignal((uint)a.A0) || (a.A1 != 0 && SignalSet.Unblockable.Contains(signal)))
        {
            return Errno.EINVAL.ToResult();
        }

        var handlers = thread.Process.Handlers;
        var old = handlers[signal];
        if (a.A1 != 0)
        {
            handlers[signal] = new SignalAction(
                wanted.Handler, (SignalActionFlags)wanted.Flags, wanted.Restorer, new SignalSet(wanted.Mask) & ~SignalSet.Unblockable);
            if (handlers.IsIgnored(signal))
            {
                DiscardPending(thread.Process, signal);
            }
        }

        return a.A2 == 0 || space.TryWrite(new VirtualAddress(a.A2), new KernelSigaction(old.Handler, (ulong)old.Flags, old.Restorer, old.Mask.Bits))
            ? 0
            : Errno.EFAULT.ToResult();
    }

    private static void DiscardPending(GuestProcess process, Signal signal)
    {
        process.Pending.Discard(SignalSet.Of(signal));
        foreach (var thread in process.Threads)
        {
            thread.Pending.Discard(SignalSet.Of(signal));
        }
    }

    private static long SetMask(GuestThread thread, SyscallArguments a)
    {
        const int block = 0;
        const int unblock = 1;
        const int set = 2;
        if (a.A3 != SetSize)
        {
            return Errno.EINVAL.ToResult();
        }

        var space = thread.Process.Space;
        var old = thread.SignalMask;
        if (a.A1 != 0)
        {
            if (!space.TryRead(new VirtualAddress(a.A1), out ulong bits))
            {
                return Errno.EFAULT.ToResult();
            }

            var given = new SignalSet(bits) & ~SignalSet.Unblockable;
            switch ((int)a.A0)
            {
                case block:
                    thread.SignalMask = old | given;
                    break;
                case unblock:
                    thread.SignalMask = old & ~given;
                    break;
                case set:
                    thread.SignalMask = given;
                    break;
                default:
                    return Errno.EINVAL.ToResult();
            }
        }

        return a.A2 == 0 || space.TryWrite(new VirtualAddress(a.A2), old.Bits) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Return(GuestThread thread, SyscallArguments a)
    {
        thread.Call.KeepsRegisters = true;
        if (!SignalFrame.TryPop(thread))
        {
            thread.Force(SignalInfo.FromKernel(Signal.SIGSEGV));
        }

        return (long)thread.Registers[GeneralRegister.Rax];
    }

    private static long Pending(GuestThread thread, SyscallArguments a)
    {
        if (a.A1 > SetSize)
        {
            return Errno.EINVAL.ToResult();
        }

        var pending = (thread.Pending.Set | thread.Process.Pending.Set) & thread.SignalMask;
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, pending.Bits);
        return thread.Process.Space.CopyToGuest(new VirtualAddress(a.A0), bytes[..(int)a.A1]) == (int)a.A1 ? 0 : Errno.EFAULT.ToResult();
    }

    private static ValueTask<long> Suspend(GuestThread thread, SyscallArguments a)
    {
        if (a.A1 != SetSize)
        {
            return new(Errno.EINVAL.ToResult());
        }

        if (!thread.Process.Space.TryRead(new VirtualAddress(a.A0), out ulong bits))
        {
            return new(Errno.EFAULT.ToResult());
        }

        thread.BlockTemporarily(new SignalSet(bits));
        return SleepUntilHandled(thread);
    }

    private static async ValueTask<long> SleepUntilHandled(GuestThread thread)
    {
        thread.Sleep.Begin(VirtualTime.Never);
        await thread.Sleep.Completion();
        return SyscallRestart.UnlessHandled;
    }

    private static async ValueTask<long> TimedWait(GuestThread thread, SyscallArguments a)
    {
        if (a.A3 != SetSize)
        {
            return Errno.EINVAL.ToResult();
        }

        var space = thread.Process.Space;
        if (!space.TryRead(new VirtualAddress(a.A0), out ulong bits))
        {
            return Errno.EFAULT.ToResult();
        }

        var deadline = VirtualTime.Never;
        if (a.A2 != 0)
        {
            if (!space.TryRead(new VirtualAddress(a.A2), out GuestTimespec span))
            {
                return Errno.EFAULT.ToResult();
            }

            if (!span.IsValid)
            {
                return Errno.EINVAL.ToResult();
            }

            deadline = GuestClocks.After(thread.Kernel, span.ToTime());
        }

        var wanted = new SignalSet(bits) & ~SignalSet.Unblockable;
        while (true)
        {
            thread.Process.TakenByWaiting |= wanted;
            if (TakeSignals.TryTake(thread, wanted, out var info))
            {
                return WriteInfo(space, new VirtualAddress(a.A1), info) ? (long)info.Signal : Errno.EFAULT.ToResult();
            }

            if (deadline <= thread.Kernel.Clock.Now)
            {
                return Errno.EAGAIN.ToResult();
            }

            thread.AwaitedSignals = wanted;
            thread.Sleep.Begin(deadline);
            var reason = await thread.Sleep.Completion();
            thread.AwaitedSignals = SignalSet.Empty;
            if (reason == WakeReason.Interrupted)
            {
                // The wanted signal may have come together with another one.
                return TakeSignals.TryTake(thread, wanted, out var taken)
                    ? WriteInfo(space, new VirtualAddress(a.A1), taken) ? (long)taken.Signal : Errno.EFAULT.ToResult()
                    : Errno.EINTR.ToResult();
            }
        }
    }

    private static bool WriteInfo(AddressSpace space, VirtualAddress at, in SignalInfo info)
    {
        Span<byte> bytes = stackalloc byte[SignalInfo.Size];
        info.Encode(bytes);
        return at == default || space.CopyToGuest(at, bytes) == SignalInfo.Size;
    }

    private static long SetStack(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        var stackPointer = new VirtualAddress(thread.Registers[GeneralRegister.Rsp]);
        var old = thread.AlternateStack;
        Span<byte> bytes = stackalloc byte[AlternateStack.Size];
        if (a.A0 != 0)
        {
            if (space.CopyFromGuest(new VirtualAddress(a.A0), bytes) < AlternateStack.Size)
            {
                return Errno.EFAULT.ToResult();
            }

            if (old.Holds(stackPointer))
            {
                return Errno.EPERM.ToResult();
            }

            var wanted = SignalFrame.DecodeStack(bytes);
            var mode = wanted.Flags & ~AlternateStackFlags.AutoDisarm;
            if (mode is not (AlternateStackFlags.None or AlternateStackFlags.InUse or AlternateStackFlags.Disabled))
            {
                return Errno.EINVAL.ToResult();
            }

            // All zero is what a program starts with: no change asked for.
            if (old == AlternateStack.None && bytes.IndexOfAnyExcept((byte)0) < 0)
            {
                mode = AlternateStackFlags.Disabled;
            }

            if (mode == AlternateStackFlags.Disabled)
            {
                thread.AlternateStack = AlternateStack.None;
            }
            else if (wanted.Length < AlternateStack.MinimumLength)
            {
                return Errno.ENOMEM.ToResult();
            }
            else
            {
                thread.AlternateStack = wanted with { Flags = wanted.Flags & ~AlternateStackFlags.InUse };
            }
        }

        if (a.A1 == 0)
        {
            return 0;
        }

        SignalFrame.EncodeStack(old, stackPointer, bytes);
        return space.CopyToGuest(new VirtualAddress(a.A1), bytes) == AlternateStack.Size ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Kill(GuestThread thread, SyscallArguments a)
    {
        var target = (int)a.A0;
        if (target == int.MinValue)
        {
            return Errno.ESRCH.ToResult();
        }

        // Whether there is anybody is looked at before what is sent.
        var info = SignalInfo.FromUser((Signal)(uint)a.A1, thread);
        var processes = thread.Kernel.Processes;
        if (target > 0)
        {
            return processes.Find(target) is { } process ? SendChecked(thread, process, info).ToResult() : Errno.ESRCH.ToResult();
        }

        // 0: the own group; -1: all but process 1 and the caller; other negative numbers: that group.
        var own = thread.Process;
        var targets = target switch
        {
            0 => processes.InGroup(own.GroupId),
            -1 => processes.All.Where(process => process.ProcessId != 1 && process != own),
            _ => processes.InGroup(-target),
        };
        var result = Errno.ESRCH;
        foreach (var process in targets.ToArray())
        {
            var error = SendChecked(thread, process, info);
            result = error == Errno.None || result == Errno.ESRCH ? error : result;
            if (error == Errno.None)
            {
                result = Errno.None;
            }
        }

        return result.ToResult();
    }

    internal static Errno SendChecked(GuestThread sender, GuestProcess target, in SignalInfo info)
    {
        if ((uint)info.Signal > (uint)Signal.Last)
        {
            return Errno.EINVAL;
        }

        if (!MaySend(sender, target, info.Signal))
        {
            return Errno.EPERM;
        }

        if (info.Signal != Signal.None)
        {
            target.Send(info);
        }

        return Errno.None;
    }

    private static bool MaySend(GuestThread sender, GuestProcess target, Signal signal)
    {
        var from = sender.Process.Credentials;
        var to = target.Credentials;
        return from.Has(Capability.Kill)
            || from.EffectiveUserId == to.RealUserId || from.EffectiveUserId == to.SavedUserId
            || from.RealUserId == to.RealUserId || from.RealUserId == to.SavedUserId
            || (signal == Signal.SIGCONT && sender.Process.Session == target.Session);
    }

    private static long KillThread(GuestThread sender, int? processId, int threadId, ulong number)
    {
        if (threadId <= 0 || processId <= 0)
        {
            return Errno.EINVAL.ToResult();
        }

        return SendToThread(sender, processId, threadId, SignalInfo.FromUser((Signal)(uint)number, sender, SignalCode.ThreadKill));
    }

    private static long SendToThread(GuestThread sender, int? processId, int threadId, in SignalInfo info)
    {
        if (sender.Kernel.Processes.FindThread(threadId) is not { } target || (processId is { } wanted && target.Process.ProcessId != wanted))
        {
            return Errno.ESRCH.ToResult();
        }

        if ((uint)info.Signal > (uint)Signal.Last)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!MaySend(sender, target.Process, info.Signal))
        {
            return Errno.EPERM.ToResult();
        }

        if (info.Signal != Signal.None)
        {
            target.Send(info);
        }

        return 0;
    }

    private static long QueueInfo(GuestThread sender, int processId, int? threadId, ulong number, ulong infoAt)
    {
        Span<byte> bytes = stackalloc byte[SignalInfo.Size];
        if (sender.Process.Space.CopyFromGuest(new VirtualAddress(infoAt), bytes) < SignalInfo.Size)
        {
            return Errno.EFAULT.ToResult();
        }

        if (threadId is not null && (processId <= 0 || threadId <= 0))
        {
            return Errno.EINVAL.ToResult();
        }

        // Nobody may pretend to be the kernel or kill() to another process.
        var info = SignalInfo.Decode(bytes, (Signal)(uint)number);
        if ((info.Code >= 0 || info.Code == SignalCode.ThreadKill) && processId != sender.Process.ProcessId)
        {
            return Errno.EPERM.ToResult();
        }

        if (info.Signal >= Signal.RealTimeFirst && sender.Kernel.Processes.Find(processId) is { } receiver && !sender.Kernel.QueuedSignals.HasRoom(receiver))
        {
            return Errno.EAGAIN.ToResult();
        }

        if (threadId is { } id)
        {
            return SendToThread(sender, processId, id, info);
        }

        return sender.Kernel.Processes.Find(processId) is { } process ? SendChecked(sender, process, info).ToResult() : Errno.ESRCH.ToResult();
    }

    /// <summary>A signal with a siginfo of the sender's making to a process by descriptor (pidfd_send_signal).</summary>
    internal static long QueueInfo(GuestThread sender, GuestProcess target, uint number, ulong infoAt)
    {
        Span<byte> bytes = stackalloc byte[SignalInfo.Size];
        if (sender.Process.Space.CopyFromGuest(new VirtualAddress(infoAt), bytes) < SignalInfo.Size)
        {
            return Errno.EFAULT.ToResult();
        }

        if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes) != number)
        {
            return Errno.EINVAL.ToResult();
        }

        return QueueInfo(sender, target.ProcessId, threadId: null, number, infoAt);
    }

    private static bool IsSignal(uint number) => number is > 0 and <= (uint)Signal.Last;
}
