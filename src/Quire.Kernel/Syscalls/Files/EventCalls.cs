using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>eventfd, timerfd, signalfd.</summary>
internal static class EventCalls
{
    private const int OneAtATime = 1;
    private const int CommonFlags = OpenFlags.CloseOnExec | OpenFlags.NonBlocking;
    private const int AbsoluteTime = 1;
    private const int CancelOnSet = 2;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(282, "signalfd", "fd,ptr,size", (thread, a) => CreateSignalFile(thread, (int)a.A0, a.A1, a.A2, 0));
        table.AddImmediate(283, "timerfd_create", "clock,flags:open", CreateTimer);
        table.AddImmediate(284, "eventfd", "uint", (thread, a) => CreateCounter(thread, (uint)a.A0, 0));
        table.AddImmediate(286, "timerfd_settime", "fd,hex,ptr,ptr", SetTimer);
        table.AddImmediate(287, "timerfd_gettime", "fd,ptr", GetTimer);
        table.AddImmediate(289, "signalfd4", "fd,ptr,size,flags:open", (thread, a) => CreateSignalFile(thread, (int)a.A0, a.A1, a.A2, (int)a.A3));
        table.AddImmediate(290, "eventfd2", "uint,flags:open", (thread, a) => CreateCounter(thread, (uint)a.A0, (int)a.A1));
    }

    private static FileLocation NewPlace(GuestThread thread, string kind)
    {
        var files = thread.Kernel.Files;
        return files.Anonymous.Place($"anon_inode:[{kind}]", files.Anonymous.NewInode(FileType.None, 0x180, thread.Process.Credentials));
    }

    private static long CreateCounter(GuestThread thread, uint count, int flags)
    {
        if ((flags & ~(CommonFlags | OneAtATime)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var mode = (flags & OneAtATime) != 0 ? EventCounterMode.One : EventCounterMode.Whole;
        var file = new EventCounterFile(NewPlace(thread, "eventfd"), flags & OpenFlags.NonBlocking, count, mode);
        return FileArguments.Install(thread, file, FileArguments.ModeOf(flags));
    }

    private static long CreateTimer(GuestThread thread, SyscallArguments a)
    {
        var clock = (ClockId)a.A0;
        var flags = (int)a.A1;
        if ((flags & ~CommonFlags) != 0 || clock is not (ClockId.RealTime or ClockId.Monotonic or ClockId.BootTime or ClockId.RealTimeAlarm or ClockId.BootTimeAlarm))
        {
            return Errno.EINVAL.ToResult();
        }

        var file = new TimerFile(NewPlace(thread, "timerfd"), flags & OpenFlags.NonBlocking, thread.Kernel.Clock, clock);
        return FileArguments.Install(thread, file, FileArguments.ModeOf(flags));
    }

    private static long SetTimer(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryRead<GuestTimerSpec>(thread, a.A2, out var wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        if (((int)a.A1 & ~(AbsoluteTime | CancelOnSet)) != 0 || !wanted.Value.IsValid || !wanted.Interval.IsValid)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) || file is not TimerFile timer)
        {
            return file is null ? result : Errno.EINVAL.ToResult();
        }

        var before = CurrentOf(timer);
        var value = wanted.Value.ToTime();
        var due = value == VirtualTime.Zero ? VirtualTime.Never
            : ((int)a.A1 & AbsoluteTime) != 0 ? GuestClocks.ToMachineTime(thread.Kernel, timer.ClockId, value)
            : GuestClocks.After(thread.Kernel, value);
        timer.Arm(due, wanted.Interval.ToTime());
        return a.A3 == 0 || FileArguments.TryWrite(thread, a.A3, before) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long GetTimer(GuestThread thread, SyscallArguments a) =>
        !FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? result
            : file is not TimerFile timer ? Errno.EINVAL.ToResult()
            : FileArguments.TryWrite(thread, a.A1, CurrentOf(timer)) ? 0 : Errno.EFAULT.ToResult();

    private static GuestTimerSpec CurrentOf(TimerFile timer)
    {
        timer.CatchUp();
        return new(GuestTimespec.From(timer.Interval), GuestTimespec.From(timer.Left));
    }

    private static long CreateSignalFile(GuestThread thread, int descriptor, ulong mask, ulong size, int flags)
    {
        if (size != sizeof(ulong) || (flags & ~CommonFlags) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!FileArguments.TryRead<ulong>(thread, mask, out var bits))
        {
            return Errno.EFAULT.ToResult();
        }

        var signals = new SignalSet(bits) & ~SignalSet.Unblockable;
        if (descriptor == -1)
        {
            var created = new SignalFile(NewPlace(thread, "signalfd"), flags & OpenFlags.NonBlocking, thread.Process, signals);
            return FileArguments.Install(thread, created, FileArguments.ModeOf(flags));
        }

        if (!FileArguments.TryUsableFile(thread, (ulong)descriptor, out var file, out var result) || file is not SignalFile signalFile)
        {
            return file is null ? result : Errno.EINVAL.ToResult();
        }

        signalFile.Mask = signals;
        thread.Process.SignalArrived.WakeAll();
        return descriptor;
    }
}
