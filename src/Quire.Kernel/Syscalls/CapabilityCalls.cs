using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>capget, capset and what prctl says about capabilities (kernel/capability.c, security/commoncap.c of Linux).</summary>
internal static class CapabilityCalls
{
    private const uint Version1 = 0x1998_0330;
    private const uint Version2 = 0x2007_1026;
    private const uint Version3 = 0x2008_0522;
    private const ulong BytesPerWord = 12;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(125, "capget", "ptr,ptr", Get);
        table.AddImmediate(126, "capset", "ptr,ptr", Set);
    }

    /// <summary>PR_CAPBSET_READ.</summary>
    public static long ReadBound(GuestThread thread, ulong capability) =>
        capability > (ulong)Capability.Last ? Errno.EINVAL.ToResult() : Of(thread).Bounding.Has((Capability)capability) ? 1 : 0;

    /// <summary>PR_CAPBSET_DROP.</summary>
    public static long DropBound(GuestThread thread, ulong capability)
    {
        if (!Of(thread).Has(Capability.SetCapabilities))
        {
            return Errno.EPERM.ToResult();
        }

        if (capability > (ulong)Capability.Last)
        {
            return Errno.EINVAL.ToResult();
        }

        var old = Of(thread);
        thread.Become(old with { Bounding = old.Bounding.Without(CapabilitySet.Of((Capability)capability)) });
        return 0;
    }

    /// <summary>PR_SET_SECUREBITS: locks stay, locked bits do not change.</summary>
    public static long SetSecureBits(GuestThread thread, ulong bits)
    {
        var old = Of(thread);
        var (now, locks) = ((ulong)old.SecureBits, (ulong)SecureBits.AllLocks);
        if ((((now & locks) >> 1) & (now ^ bits)) != 0 || (now & locks & ~bits) != 0 || (bits & ~(ulong)(SecureBits.AllBits | SecureBits.AllLocks)) != 0
            || !old.Has(Capability.SetCapabilities))
        {
            return Errno.EPERM.ToResult();
        }

        thread.Become(old with { SecureBits = (SecureBits)bits });
        return 0;
    }

    /// <summary>PR_SET_KEEPCAPS.</summary>
    public static long KeepCapabilities(GuestThread thread, ulong keeps)
    {
        var old = Of(thread);
        if (keeps > 1 || old.Has(SecureBits.KeepCapabilitiesLocked))
        {
            return (keeps > 1 ? Errno.EINVAL : Errno.EPERM).ToResult();
        }

        thread.Become(old with { SecureBits = keeps == 1 ? old.SecureBits | SecureBits.KeepCapabilities : old.SecureBits & ~SecureBits.KeepCapabilities });
        return 0;
    }

    /// <summary>PR_CAP_AMBIENT.</summary>
    public static long ChangeAmbient(GuestThread thread, SyscallArguments a)
    {
        const ulong isSet = 1;
        const ulong raise = 2;
        const ulong lower = 3;
        const ulong clearAll = 4;
        var old = Of(thread);
        if (a.A1 == clearAll)
        {
            if ((a.A2 | a.A3 | a.A4) != 0)
            {
                return Errno.EINVAL.ToResult();
            }

            thread.Become(old with { Ambient = CapabilitySet.Empty });
            return 0;
        }

        if (a.A2 > (ulong)Capability.Last || (a.A3 | a.A4) != 0 || a.A1 is not (isSet or raise or lower))
        {
            return Errno.EINVAL.ToResult();
        }

        var capability = (Capability)a.A2;
        if (a.A1 == isSet)
        {
            return old.Ambient.Has(capability) ? 1 : 0;
        }

        if (a.A1 == raise && (!old.Permitted.Has(capability) || !old.Inheritable.Has(capability) || old.Has(SecureBits.NoAmbientRaise)))
        {
            return Errno.EPERM.ToResult();
        }

        var one = CapabilitySet.Of(capability);
        thread.Become(old with { Ambient = a.A1 == raise ? old.Ambient | one : old.Ambient.Without(one) });
        return 0;
    }

    private static Credentials Of(GuestThread thread) => thread.Process.Credentials;

    // Header: version, process id. Data: effective, permitted, inheritable, 32 bits each; twice from version 2 on.
    private static long Get(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        var error = TryReadHeader(space, a, out var words, out var id);
        if (error != Errno.None)
        {
            // An unknown version only asks which there are.
            return error == Errno.EINVAL && a.A1 == 0 && words == 0 ? 0 : error.ToResult();
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

        var held = target.Process.Credentials;
        for (var word = 0; word < words; word++)
        {
            var at = new VirtualAddress(a.A1 + ((ulong)word * BytesPerWord));
            if (!space.TryWrite(at, (uint)(held.Effective.Bits >> (word * 32)))
                || !space.TryWrite(at + 4, (uint)(held.Permitted.Bits >> (word * 32)))
                || !space.TryWrite(at + 8, (uint)(held.Inheritable.Bits >> (word * 32))))
            {
                return Errno.EFAULT.ToResult();
            }
        }

        return 0;
    }

    private static long Set(GuestThread thread, SyscallArguments a)
    {
        var space = thread.Process.Space;
        var error = TryReadHeader(space, a, out var words, out var id);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (id != 0 && id != thread.ThreadId)
        {
            return Errno.EPERM.ToResult();
        }

        var (effective, permitted, inheritable) = (0UL, 0UL, 0UL);
        for (var word = 0; word < words; word++)
        {
            var at = new VirtualAddress(a.A1 + ((ulong)word * BytesPerWord));
            if (!space.TryRead(at, out uint lowEffective) || !space.TryRead(at + 4, out uint lowPermitted) || !space.TryRead(at + 8, out uint lowInheritable))
            {
                return Errno.EFAULT.ToResult();
            }

            effective |= (ulong)lowEffective << (word * 32);
            permitted |= (ulong)lowPermitted << (word * 32);
            inheritable |= (ulong)lowInheritable << (word * 32);
        }

        var all = CapabilitySet.All;
        return Change(thread, new CapabilitySet(effective) & all, new CapabilitySet(permitted) & all, new CapabilitySet(inheritable) & all).ToResult();
    }

    // cap_capset: nothing may be permitted that was not.
    private static Errno Change(GuestThread thread, CapabilitySet effective, CapabilitySet permitted, CapabilitySet inheritable)
    {
        var old = Of(thread);
        if ((!old.Has(Capability.SetCapabilities) && !inheritable.IsWithin(old.Inheritable | old.Permitted))
            || !inheritable.IsWithin(old.Inheritable | old.Bounding)
            || !permitted.IsWithin(old.Permitted) || !effective.IsWithin(permitted))
        {
            return Errno.EPERM;
        }

        thread.Become(old with
        {
            Effective = effective,
            Permitted = permitted,
            Inheritable = inheritable,
            Ambient = old.Ambient & permitted & inheritable,
        });
        return Errno.None;
    }

    // EINVAL for an unknown version, after the newest one was written in its place; words is 0 then.
    private static Errno TryReadHeader(AddressSpace space, SyscallArguments a, out int words, out int id)
    {
        var header = new VirtualAddress(a.A0);
        (words, id) = (0, 0);
        if (!space.TryRead(header, out uint version))
        {
            return Errno.EFAULT;
        }

        words = version switch { Version1 => 1, Version2 or Version3 => 2, _ => 0 };
        if (words == 0)
        {
            return space.TryWrite(header, Version3) ? Errno.EINVAL : Errno.EFAULT;
        }

        return space.TryRead(header + 4, out id) ? Errno.None : Errno.EFAULT;
    }
}
