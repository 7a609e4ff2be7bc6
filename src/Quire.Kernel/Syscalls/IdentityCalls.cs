using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>User and group ids (kernel/sys.c of Linux).</summary>
internal static class IdentityCalls
{
    private const int Unchanged = -1;
    private const int MaximumGroups = 65_536;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(102, "getuid", "", (thread, _) => Of(thread).RealUserId);
        table.AddImmediate(104, "getgid", "", (thread, _) => Of(thread).RealGroupId);
        table.AddImmediate(105, "setuid", "int", SetUser);
        table.AddImmediate(106, "setgid", "int", SetGroup);
        table.AddImmediate(107, "geteuid", "", (thread, _) => Of(thread).EffectiveUserId);
        table.AddImmediate(108, "getegid", "", (thread, _) => Of(thread).EffectiveGroupId);
        table.AddImmediate(113, "setreuid", "int,int", ResetUsers);
        table.AddImmediate(114, "setregid", "int,int", ResetGroups);
        table.AddImmediate(115, "getgroups", "int,ptr", GetGroupList);
        table.AddImmediate(116, "setgroups", "int,ptr", SetGroupList);
        table.AddImmediate(117, "setresuid", "int,int,int", (thread, a) => SetUsers(thread, (int)a.A0, (int)a.A1, (int)a.A2));
        table.AddImmediate(118, "getresuid", "ptr,ptr,ptr", (thread, a) => Store(thread, a, Of(thread).RealUserId, Of(thread).EffectiveUserId, Of(thread).SavedUserId));
        table.AddImmediate(119, "setresgid", "int,int,int", (thread, a) => SetGroups(thread, (int)a.A0, (int)a.A1, (int)a.A2));
        table.AddImmediate(120, "getresgid", "ptr,ptr,ptr", (thread, a) => Store(thread, a, Of(thread).RealGroupId, Of(thread).EffectiveGroupId, Of(thread).SavedGroupId));
        table.AddImmediate(122, "setfsuid", "int", SetFileUser);
        table.AddImmediate(123, "setfsgid", "int", SetFileGroup);
    }

    private static Credentials Of(GuestThread thread) => thread.Process.Credentials;

    private static long SetUser(GuestThread thread, SyscallArguments a)
    {
        var (old, id) = (Of(thread), (int)a.A0);
        if (id == Unchanged)
        {
            return Errno.EINVAL.ToResult();
        }

        return old.Has(Capability.SetUserId) ? BecomeUsers(thread, id, id, id)
            : id == old.RealUserId || id == old.SavedUserId ? BecomeUsers(thread, Unchanged, id, Unchanged)
            : Errno.EPERM.ToResult();
    }

    private static long SetGroup(GuestThread thread, SyscallArguments a)
    {
        var (old, id) = (Of(thread), (int)a.A0);
        if (id == Unchanged)
        {
            return Errno.EINVAL.ToResult();
        }

        return old.Has(Capability.SetGroupId) ? BecomeGroups(thread, id, id, id)
            : id == old.RealGroupId || id == old.SavedGroupId ? BecomeGroups(thread, Unchanged, id, Unchanged)
            : Errno.EPERM.ToResult();
    }

    // setreuid: the saved id follows the effective one if the real id is set, or the effective one to something else than the real id was.
    private static long ResetUsers(GuestThread thread, SyscallArguments a)
    {
        var (old, real, effective) = (Of(thread), (int)a.A0, (int)a.A1);
        var mayAll = old.Has(Capability.SetUserId);
        if ((!mayAll && real != Unchanged && real != old.RealUserId && real != old.EffectiveUserId) || !MayUse(old, effective))
        {
            return Errno.EPERM.ToResult();
        }

        var saved = real != Unchanged || (effective != Unchanged && effective != old.RealUserId)
            ? (effective == Unchanged ? old.EffectiveUserId : effective) : Unchanged;
        return BecomeUsers(thread, real, effective, saved);
    }

    private static long ResetGroups(GuestThread thread, SyscallArguments a)
    {
        var (old, real, effective) = (Of(thread), (int)a.A0, (int)a.A1);
        var mayAll = old.Has(Capability.SetGroupId);
        if ((!mayAll && real != Unchanged && real != old.RealGroupId && real != old.EffectiveGroupId) || !MayUseGroup(old, effective))
        {
            return Errno.EPERM.ToResult();
        }

        var saved = real != Unchanged || (effective != Unchanged && effective != old.RealGroupId)
            ? (effective == Unchanged ? old.EffectiveGroupId : effective) : Unchanged;
        return BecomeGroups(thread, real, effective, saved);
    }

    private static bool MayUse(Credentials old, int id) =>
        id == Unchanged || old.Has(Capability.SetUserId) || id == old.RealUserId || id == old.EffectiveUserId || id == old.SavedUserId;

    private static bool MayUseGroup(Credentials old, int id) =>
        id == Unchanged || old.Has(Capability.SetGroupId) || id == old.RealGroupId || id == old.EffectiveGroupId || id == old.SavedGroupId;

    private static long SetUsers(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        return MayUse(old, real) && MayUse(old, effective) && MayUse(old, saved) ? BecomeUsers(thread, real, effective, saved) : Errno.EPERM.ToResult();
    }

    private static long SetGroups(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        return MayUseGroup(old, real) && MayUseGroup(old, effective) && MayUseGroup(old, saved)
            ? BecomeGroups(thread, real, effective, saved) : Errno.EPERM.ToResult();
    }

    private static long BecomeUsers(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        var newEffective = effective == Unchanged ? old.EffectiveUserId : effective;
        var changed = old with
        {
            RealUserId = real == Unchanged ? old.RealUserId : real,
            EffectiveUserId = newEffective,
            FileUserId = newEffective,
            SavedUserId = saved == Unchanged ? old.SavedUserId : saved,
        };
        thread.Become(changed.AfterUserChange(old));
        return 0;
    }

    private static long BecomeGroups(GuestThread thread, int real, int effective, int saved)
    {
        var old = Of(thread);
        var newEffective = effective == Unchanged ? old.EffectiveGroupId : effective;
        thread.Become(old with
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
        if (id != Unchanged && (MayUse(old, id) || id == old.FileUserId))
        {
            thread.Become((old with { FileUserId = id }).AfterFileUserChange(old));
        }

        return old.FileUserId;
    }

    private static long SetFileGroup(GuestThread thread, SyscallArguments a)
    {
        var old = Of(thread);
        var id = (int)a.A0;
        if (id != Unchanged && (MayUseGroup(old, id) || id == old.FileGroupId))
        {
            thread.Become(old with { FileGroupId = id });
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
        if (!Of(thread).Has(Capability.SetGroupId))
        {
            return Errno.EPERM.ToResult();
        }

        if ((uint)a.A0 > MaximumGroups)
        {
            return Errno.EINVAL.ToResult();
        }

        var groups = new int[(uint)a.A0];
        for (var index = 0; index < groups.Length; index++)
        {
            if (!thread.Process.Space.TryRead(new VirtualAddress(a.A1 + ((ulong)index * sizeof(int))), out groups[index]))
            {
                return Errno.EFAULT.ToResult();
            }
        }

        thread.Become(Of(thread) with { Groups = groups });
        return 0;
    }
}
