using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Limits, usage and priorities.</summary>
internal static class ResourceCalls
{
    private const int UsageOfChildren = -1;
    private const int UsageOfThread = 1;
    private const int LowestPriority = 19;
    private const int HighestPriority = -20;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(97, "getrlimit", "resource,ptr", GetLimit);
        table.AddImmediate(98, "getrusage", "int,ptr", GetUsage);
        table.AddImmediate(140, "getpriority", "int,int", GetPriority);
        table.AddImmediate(141, "setpriority", "int,int,int", SetPriority);
        table.AddImmediate(160, "setrlimit", "resource,ptr", SetLimit);
        table.AddImmediate(251, "ioprio_set", "int,int,hex", (_, _) => 0);
        table.AddImmediate(252, "ioprio_get", "int,int", (_, _) => 0);
        table.AddImmediate(302, "prlimit64", "int,resource,ptr,ptr", ChangeLimit);
    }

    private static long GetLimit(GuestThread thread, SyscallArguments a)
    {
        if ((uint)a.A0 >= (uint)Resource.Count)
        {
            return Errno.EINVAL.ToResult();
        }

        return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), thread.Process.Limits[(Resource)(uint)a.A0]) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long SetLimit(GuestThread thread, SyscallArguments a)
    {
        if (!thread.Process.Space.TryRead(new VirtualAddress(a.A1), out ResourceLimit limit))
        {
            return Errno.EFAULT.ToResult();
        }

        return (uint)a.A0 >= (uint)Resource.Count
            ? Errno.EINVAL.ToResult()
            : Change(thread.Process, (Resource)(uint)a.A0, limit, thread.Process.Credentials).ToResult();
    }

    private static long ChangeLimit(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        ResourceLimit wanted = default;
        if (a.A2 != 0 && !space.TryRead(new VirtualAddress(a.A2), out wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        var id = (int)a.A0;
        if ((id == 0 ? thread.Process : thread.Kernel.Processes.Find(id)) is not { } process)
        {
            return Errno.ESRCH.ToResult();
        }

        var caller = thread.Process.Credentials;
        if (process != thread.Process && !MayChangeLimitsOf(caller, process.Credentials))
        {
            return Errno.EPERM.ToResult();
        }

        if ((uint)a.A1 >= (uint)Resource.Count)
        {
            return Errno.EINVAL.ToResult();
        }

        var resource = (Resource)(uint)a.A1;
        var old = process.Limits[resource];
        if (a.A2 != 0)
        {
            var error = Change(process, resource, wanted, caller);
            if (error != Errno.None)
            {
                return error.ToResult();
            }
        }

        return a.A3 == 0 || space.TryWrite(new VirtualAddress(a.A3), old) ? 0 : Errno.EFAULT.ToResult();
    }

    // Whoever is the same user and group in every respect.
    private static bool MayChangeLimitsOf(Credentials who, Credentials other) =>
        who.Has(Capability.Resources)
        || ((who.RealUserId, who.RealUserId, who.RealUserId) == (other.RealUserId, other.EffectiveUserId, other.SavedUserId)
            && (who.RealGroupId, who.RealGroupId, who.RealGroupId) == (other.RealGroupId, other.EffectiveGroupId, other.SavedGroupId));

    private static Errno Change(GuestProcess process, Resource resource, ResourceLimit limit, Credentials caller)
    {
        if (limit.Soft > limit.Hard)
        {
            return Errno.EINVAL;
        }

        if ((limit.Hard > process.Limits[resource].Hard && !caller.Has(Capability.Resources))
            || (resource == Resource.OpenFiles && limit.Hard > (ulong)DescriptorTable.Capacity))
        {
            return Errno.EPERM;
        }

        process.Limits[resource] = limit;
        process.Timers.NoteCpuTimers();
        if (!process.IsZombie)
        {
            process.Space.Limits = process.Limits.ForMemory(process.Credentials);
        }

        return Errno.None;
    }

    private static long GetUsage(GuestThread thread, SyscallArguments a)
    {
        CpuUsage usage;
        switch ((int)a.A0)
        {
            case 0:
                usage = thread.Process.Usage();
                break;
            case UsageOfChildren:
                usage = thread.Process.ChildrenUsage;
                break;
            case UsageOfThread:
                usage = thread.Usage;
                usage.PeakResidentBytes = (ulong)thread.Process.Space.Counters.PeakResident << Page.Shift;
                break;
            default:
                return Errno.EINVAL.ToResult();
        }

        return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), GuestUsage.From(usage)) ? 0 : Errno.EFAULT.ToResult();
    }

    // The call gives 20 minus the niceness, so that errors stay negative.
    private static long GetPriority(GuestThread thread, SyscallArguments a)
    {
        var best = int.MaxValue;
        foreach (var process in Chosen(thread, (int)a.A0, (int)a.A1))
        {
            best = Math.Min(best, process.Niceness);
        }

        return (int)a.A0 is < 0 or > 2 ? Errno.EINVAL.ToResult() : best == int.MaxValue ? Errno.ESRCH.ToResult() : LowestPriority + 1 - best;
    }

    // Kept and shown; the scheduler is a plain round robin.
    private static long SetPriority(GuestThread thread, SyscallArguments a)
    {
        if ((int)a.A0 is < 0 or > 2)
        {
            return Errno.EINVAL.ToResult();
        }

        var niceness = Math.Clamp((int)a.A2, HighestPriority, LowestPriority);
        var result = Errno.ESRCH;
        foreach (var process in Chosen(thread, (int)a.A0, (int)a.A1))
        {
            var error = CheckNiceness(thread.Process, process, niceness);
            if (error != Errno.None)
            {
                result = error;
                continue;
            }

            process.Niceness = niceness;
            result = result == Errno.ESRCH ? Errno.None : result;
        }

        return result.ToResult();
    }

    // Whom, and how far up: RLIMIT_NICE is 20 minus the niceness that may be reached.
    private static Errno CheckNiceness(GuestProcess caller, GuestProcess target, int niceness)
    {
        var (who, other) = (caller.Credentials, target.Credentials);
        if (who.Has(Capability.Nice))
        {
            return Errno.None;
        }

        if (who.EffectiveUserId != other.RealUserId && who.EffectiveUserId != other.EffectiveUserId)
        {
            return Errno.EPERM;
        }

        var mayRise = (ulong)(LowestPriority + 1 - niceness) <= target.Limits[Resource.Nice].Soft;
        return niceness < target.Niceness && !mayRise ? Errno.EACCES : Errno.None;
    }

    // PRIO_PROCESS, PRIO_PGRP, PRIO_USER.
    private static IEnumerable<GuestProcess> Chosen(GuestThread thread, int which, int id)
    {
        var table = thread.Kernel.Processes;
        return which switch
        {
            0 => (id == 0 ? thread : table.FindThread(id)) is { } found ? [found.Process] : [],
            1 => table.InGroup(id == 0 ? thread.Process.GroupId : id),
            _ => table.All.Where(process => process.Credentials.RealUserId == (id == 0 ? thread.Process.Credentials.RealUserId : id)),
        };
    }
}
