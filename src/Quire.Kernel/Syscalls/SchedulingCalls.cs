using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>sched_*: every thread is SCHED_OTHER on a round robin; affinity is obeyed.</summary>
internal static class SchedulingCalls
{
    private const int PolicyOther = 0;
    private const int PolicyFifo = 1;
    private const int PolicyRoundRobin = 2;
    private const int PolicyBatch = 3;
    private const int PolicyIdle = 5;
    private const int PolicyDeadline = 6;
    private const int ResetOnFork = 0x4000_0000;
    private const int HighestRealTimePriority = 99;
    private const int MaskBytes = sizeof(ulong);
    private const uint AttributesSize = 56;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(24, "sched_yield", "", Yield);
        table.AddImmediate(142, "sched_setparam", "int,ptr", (thread, a) => WithParameter(thread, a.A0, a.A1, PolicyOther));
        table.AddImmediate(143, "sched_getparam", "int,ptr", GetParameter);
        table.AddImmediate(144, "sched_setscheduler", "int,int,ptr", (thread, a) => WithParameter(thread, a.A0, a.A2, (int)a.A1 & ~ResetOnFork));
        table.AddImmediate(145, "sched_getscheduler", "int", (thread, a) => CheckTarget(thread, a.A0) is var error and not Errno.None ? error.ToResult() : PolicyOther);
        table.AddImmediate(146, "sched_get_priority_max", "int", (_, a) => PriorityBound((int)a.A0, HighestRealTimePriority));
        table.AddImmediate(147, "sched_get_priority_min", "int", (_, a) => PriorityBound((int)a.A0, 1));
        table.AddImmediate(148, "sched_rr_get_interval", "int,ptr", GetSlice);
        table.AddImmediate(203, "sched_setaffinity", "int,size,ptr", SetAffinity);
        table.AddImmediate(204, "sched_getaffinity", "int,size,ptr", GetAffinity);
        table.AddImmediate(309, "getcpu", "ptr,ptr,ptr", GetCpu);
        table.AddImmediate(314, "sched_setattr", "int,ptr,hex", (thread, a) => Find(thread, a.A0) is null ? Errno.ESRCH.ToResult() : 0);
        table.AddImmediate(315, "sched_getattr", "int,ptr,uint,hex", GetAttributes);
    }

    private static GuestThread? Find(GuestThread thread, ulong id) => (int)id == 0 ? thread : thread.Kernel.Processes.FindThread((int)id);

    private static long Yield(GuestThread thread, SyscallArguments a)
    {
        thread.GivesUpSlice = true;
        return 0;
    }

    private static long PriorityBound(int policy, int realTime) => policy switch
    {
        PolicyFifo or PolicyRoundRobin => realTime,
        PolicyOther or PolicyBatch or PolicyIdle or PolicyDeadline => 0,
        _ => Errno.EINVAL.ToResult(),
    };

    // Real-time policies need rights that nobody has: RLIMIT_RTPRIO is 0.
    private static long WithParameter(GuestThread thread, ulong id, ulong parameterAt, int policy)
    {
        if ((int)id < 0 || parameterAt == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!thread.Process.Space.TryRead(new VirtualAddress(parameterAt), out int priority))
        {
            return Errno.EFAULT.ToResult();
        }

        if (Find(thread, id) is null)
        {
            return Errno.ESRCH.ToResult();
        }

        return policy switch
        {
            PolicyOther or PolicyBatch or PolicyIdle => priority == 0 ? 0 : Errno.EINVAL.ToResult(),
            PolicyFifo or PolicyRoundRobin => priority is > 0 and <= HighestRealTimePriority ? Errno.EPERM.ToResult() : Errno.EINVAL.ToResult(),
            _ => Errno.EINVAL.ToResult(),
        };
    }

    private static long GetParameter(GuestThread thread, SyscallArguments a)
    {
        if ((int)a.A0 < 0 || a.A1 == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        return Find(thread, a.A0) is null
            ? Errno.ESRCH.ToResult()
            : thread.Process.Space.TryWrite(new VirtualAddress(a.A1), 0) ? 0 : Errno.EFAULT.ToResult();
    }

    private static Errno CheckTarget(GuestThread thread, ulong id) =>
        (int)id < 0 ? Errno.EINVAL : Find(thread, id) is null ? Errno.ESRCH : Errno.None;

    private static long GetSlice(GuestThread thread, SyscallArguments a) => CheckTarget(thread, a.A0) is var error and not Errno.None
        ? error.ToResult()
        : thread.Process.Space.TryWrite(new VirtualAddress(a.A1), GuestTimespec.From(thread.Kernel.Options.TimeSlice)) ? 0 : Errno.EFAULT.ToResult();

    private static long SetAffinity(GuestThread thread, SyscallArguments a)
    {
        Span<byte> bytes = stackalloc byte[MaskBytes];
        bytes.Clear();
        var length = (int)Math.Min((uint)a.A1, (uint)MaskBytes);
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(a.A2), bytes[..length]) < length)
        {
            return Errno.EFAULT.ToResult();
        }

        if (Find(thread, a.A0) is not { } target)
        {
            return Errno.ESRCH.ToResult();
        }

        var wanted = new CpuSet(BitConverter.ToUInt64(bytes)) & CpuSet.First(thread.Kernel.Options.CpuCount);
        if (wanted.Bits == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        target.Affinity = wanted;
        if (!wanted.Contains(target.LastCpu))
        {
            target.GivesUpSlice = true;
        }

        return 0;
    }

    private static long GetAffinity(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A1 * 8 < MaskBytes * 8 || ((uint)a.A1 & (MaskBytes - 1)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (Find(thread, a.A0) is not { } target)
        {
            return Errno.ESRCH.ToResult();
        }

        return thread.Process.Space.TryWrite(new VirtualAddress(a.A2), target.Affinity.Bits) ? MaskBytes : Errno.EFAULT.ToResult();
    }

    private static long GetCpu(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        return (a.A0 == 0 || space.TryWrite(new VirtualAddress(a.A0), thread.LastCpu)) && (a.A1 == 0 || space.TryWrite(new VirtualAddress(a.A1), 0))
            ? 0
            : Errno.EFAULT.ToResult();
    }

    // struct sched_attr: size, policy, flags (8), nice, priority, ...
    private static long GetAttributes(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A2 is < 48 or > Page.Size || a.A3 != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (Find(thread, a.A0) is not { } target)
        {
            return Errno.ESRCH.ToResult();
        }

        Span<byte> bytes = stackalloc byte[(int)AttributesSize];
        bytes.Clear();
        var size = Math.Min((uint)a.A2, AttributesSize);
        BitConverter.TryWriteBytes(bytes, size);
        BitConverter.TryWriteBytes(bytes[16..], target.Process.Niceness);
        return thread.Process.Space.CopyToGuest(new VirtualAddress(a.A1), bytes[..(int)size]) == (int)size ? 0 : Errno.EFAULT.ToResult();
    }
}
