using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>User and group ids, capabilities.</summary>
internal static class IdentityCalls
{
    private const int Unchanged = -1;
    private const int MaximumGroups = 65_536;
    private const uint CapabilityVersion1 = 0x1998_0330;
    private const uint CapabilityVersion2 = 0x2007_1026;
    private const uint CapabilityVersion3 = 0x2008_0522;
    private const ulong AllCapabilities = (1UL << 41) - 1;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(102, "getuid", "", (thread, _) => Of(thread).RealUserId);
        table.AddImmediate(104, "getgid", "", (thread, _) => Of(thread).RealGroupId);
        table.AddImmediate(105, "setuid", "int", SetUser);
        table.AddImmediate(106, "setgid", "int", SetGroup);
        table.AddImmediate(107, "geteuid", "", (thread, _) => Of(thread).EffectiveUserId);
        table.AddImmediate(108, "getegid", "", (thread, _) => Of(thread).EffectiveGroupId);
        table.AddImmediate(113, "setreuid", "int,int", (thread, a) => SetUsers(thread, (int)a.A0, (int)a.A1, SavedAfterReset(Of(thread).RealUserId, a)));
        table.AddImmediate(114, "setregid", "int,int", (thread, a) => SetGroups(thread, (int)a.A0, (int)a.A1, SavedAfterReset(Of(thread).RealGroupId, a)));
        table.AddImmediate(115, "getgroups", "int,ptr", GetGroupList);
        table.AddImmediate(116, "setgroups", "int,ptr", SetGroupList);
        table.AddImmediate(117, "setresuid", "int,int,int", (thread, a) => SetUsers(thread, (int)a.A0, (int)a.A1, (int)a.A2));
        table.AddImmediate(118, "getresuid", "ptr,ptr,ptr", (thread, a) => Store(thread, a, Of(thread).RealUserId, Of(thread).EffectiveUserId, Of(thread).SavedUserId));
        table.AddImmediate(119, "setresgid", "int,int,int", (thread, a) => SetGroups(thread, (int)a.A0, (int)a.A1, (int)a.A2));
        table.AddImmediate(120, "getresgid", "ptr,ptr,ptr", (thread, a) => Store(thread, a, Of(thread).RealGroupId, Of(thread).EffectiveGroupId, Of(thread).SavedGroupId));
        table.AddImmediate(122, "setfsuid", "int", SetFileUser);
        table.AddImmediate(123, "setfsgid", "int", SetFileGroup);
        table.AddImmediate(125, "capget", "ptr,ptr", GetCapabilities);
        table.AddImmediate(126, "capset", "ptr,ptr", (thread, _) => Of(thread).IsPrivileged ? 0 : Errno.EPERM.ToResult());
    }

    private static Credentials Of(GuestThread thread) => thread.Process.Credentials;

    private static void Become(GuestThread thread, Credentials credentials)
    {
        thread.Process.Credentials = credentials;
        thread.Process.Space.Limits = thread.Process.Limits.ForMemory(credentials);
    }

    private static long SetUser(GuestThread thread, SyscallArguments a)
    {
        var id = (int)a.A0;
        return Of(thread).IsPrivileged ? SetUsers(thread, id, id, id) : SetUsers(thread, Unchanged, id, Unchanged);
    }

    private static long SetGroup(GuestThread thread, SyscallArguments a)
    {
        var id = (int)a.A0;
        return Of(thread).IsPrivileged ? SetGroups(thread, id, id, id) : SetGroups(thread, Unchanged, id, Unchanged);
    }

    // setreuid: the saved id follows the effective one if the real id is set, or the effective one to something else than the real id was.
    private static int SavedAfterReset(int oldReal, SyscallArguments a)
    {
        var effective = (int)a.A1;
        return (int)a.A0 != Unchanged || (effective != Unchanged && effective != oldReal) ? effective : Unchanged;
    }

    private static long SetUsers(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        bool IsAllowed(int id) => id == Unchanged || old.IsPrivileged || id == old.RealUserId || id == old.EffectiveUserId || id == old.SavedUserId;
        if (!IsAllowed(real) || !IsAllowed(effective) || !IsAllowed(saved))
        {
            return Errno.EPERM.ToResult();
        }

        var newEffective = effective == Unchanged ? old.EffectiveUserId : effective;
        Become(thread, old with
        {
            RealUserId = real == Unchanged ? old.RealUserId : real,
            EffectiveUserId = newEffective,
            FileUserId = newEffective,
            SavedUserId = saved == Unchanged ? old.SavedUserId : saved,
        });
        return 0;
    }

    private static long SetGroups(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        bool IsAllowed(int id) => id == Unchanged || old.IsPrivileged || id == old.RealGroupId || id == old.EffectiveGroupId || id == old.SavedGroupId;
        if (!IsAllowed(real) || !IsAllowed(effective) || !IsAllowed(saved))
        {
            return Errno.EPERM.ToResult();
        }

        var newEffective = effective == Unchanged ? old.EffectiveGroupId : effective;
        Become(thread, old with
        {
            RealGroupId = real == Unchanged ? old.RealGroupId : real,
            EffectiveGroupId = newEffective,
            FileGroupId = newEffective,
            SavedGroupId = saved == Unchanged ? old.SavedGroupId : saved,
        });
        return 0;
    }

    // These two give the old id, whether or not it was changed.
    private static long SetFileUser(GuestThread thread, SyscallArguments a)
    {
        var old = Of(thread);
        var id = (int)a.A0;
        if (old.IsPrivileged || id == old.RealUserId || id == old.EffectiveUserId || id == old.SavedUserId || id == old.FileUserId)
        {
            Become(thread, id == Unchanged ? old : old with { FileUserId = id });
        }

        return old.FileUserId;
    }

    private static long SetFileGroup(GuestThread thread, SyscallArguments a)
    {
        var old = Of(thread);
        var id = (int)a.A0;
        if (old.IsPrivileged || id == old.RealGroupId || id == old.EffectiveGroupId || id == old.SavedGroupId || id == old.FileGroupId)
        {
            Become(thread, id == Unchanged ? old : old with { FileGroupId = id });
        }

        return old.FileGroupId;
    }

    private static long Store(GuestThread thread, SyscallArguments a, int real, int effective, int saved)
    {
        var space = thread.Process.Space;
        return space.TryWrite(new VirtualAddress(a.A0), real) && space.TryWrite(new VirtualAddress(a.A1), effective)
            && space.TryWrite(new VirtualAddress(a.A2), saved)
            ? 0
            : Errno.EFAULT.ToResult();
    }

    private static long GetGroupList(GuestThread thread, SyscallArguments a)
    {
        var groups = Of(thread).Groups;
        var size = (int)a.A0;
        if (size < 0 || (size != 0 && size < groups.Count))
        {
            return Errno.EINVAL.ToResult();
        }

        for (var index = 0; index < groups.Count && size != 0; index++)
        {
            if (!thread.Process.Space.TryWrite(new VirtualAddress(a.A1 + ((ulong)index * sizeof(int))), groups[index]))
            {
                return Errno.EFAULT.ToResult();
            }
        }

        return groups.Count;
    }

    private static long SetGroupList(GuestThread thread, SyscallArguments a)
    {
        if (!Of(thread).IsPrivileged)
        {
            return Errno.EPERM.ToResult();
        }

        if (a.A0 > MaximumGroups)
        {
            return Errno.EINVAL.ToResult();
        }

        var groups = new int[a.A0];
        for (var index = 0; index < groups.Length; index++)
        {
            if (!thread.Process.Space.TryRead(new VirtualAddress(a.A1 + ((ulong)index * sizeof(int))), out groups[index]))
            {
                return Errno.EFAULT.ToResult();
            }
        }

        Become(thread, Of(thread) with { Groups = groups });
        return 0;
    }

    // Header: version, process id. Data: effective, permitted, inheritable, 32 bits each; twice from version 2 on.
    private static long GetCapabilities(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        var header = new VirtualAddress(a.A0);
        if (!space.TryRead(header, out uint version) || !space.TryRead(header + 4, out int id))
        {
            return Errno.EFAULT.ToResult();
        }

        if (version is not (CapabilityVersion1 or CapabilityVersion2 or CapabilityVersion3))
        {
            return !space.TryWrite(header, CapabilityVersion3) ? Errno.EFAULT.ToResult() : a.A1 == 0 ? 0 : Errno.EINVAL.ToResult();
        }

        if (id < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if ((id == 0 ? thread : thread.Kernel.Processes.FindThread(id)) is not { } target)
        {
            return Errno.ESRCH.ToResult();
        }

        if (a.A1 == 0)
        {
            return 0;
        }

        var held = target.Process.Credentials.IsPrivileged ? AllCapabilities : 0;
        for (var word = 0; word < (version == CapabilityVersion1 ? 1 : 2); word++)
        {
            var at = new VirtualAddress(a.A1 + ((ulong)word * 12));
            var bits = (uint)(held >> (word * 32));
            if (!space.TryWrite(at, bits) || !space.TryWrite(at + 4, bits) || !space.TryWrite(at + 8, 0u))
            {
                return Errno.EFAULT.ToResult();
            }
        }

        return 0;
    }
}
