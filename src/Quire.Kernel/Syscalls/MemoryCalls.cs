using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>mmap and its kin: argument checks that need the process, then the address space.</summary>
internal static class MemoryCalls
{
    // membarrier: which commands exist. Guest threads never run at the same moment as another's stores are pending, so every barrier holds already.
    private const long MembarrierQuery = 0;
    private const uint MembarrierCommands = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(9, "mmap", "ptr,size,prot,mapflags,fd,hex", Map);
        table.AddImmediate(10, "mprotect", "ptr,size,prot", (thread, a) => Space(thread).Protect(At(a.A0), a.A1, Implied(thread, a.A2)));
        table.AddImmediate(11, "munmap", "ptr,size", (thread, a) => Space(thread).Unmap(At(a.A0), a.A1));
        table.AddImmediate(12, "brk", "ptr", (thread, a) => Space(thread).SetBreak(At(a.A0)));
        table.AddImmediate(25, "mremap", "ptr,size,size,remapflags,ptr", (thread, a) => Space(thread).Remap(At(a.A0), a.A1, a.A2, (RemapFlags)a.A3, At(a.A4)));
        table.AddImmediate(26, "msync", "ptr,size,hex", (thread, a) => Space(thread).Sync(At(a.A0), a.A1, (SyncFlags)(uint)a.A2));
        table.AddImmediate(27, "mincore", "ptr,size,ptr", (thread, a) => Space(thread).MemoryInCore(At(a.A0), a.A1, At(a.A2)));
        table.AddImmediate(28, "madvise", "ptr,size,advice", (thread, a) => Space(thread).Advise(At(a.A0), a.A1, (MemoryAdvice)(int)a.A2));
        table.AddImmediate(149, "mlock", "ptr,size", (thread, a) => Space(thread).Lock(At(a.A0), a.A1, LockFlags.None));
        table.AddImmediate(150, "munlock", "ptr,size", (thread, a) => Space(thread).Unlock(At(a.A0), a.A1));
        table.AddImmediate(151, "mlockall", "hex", (thread, a) => Space(thread).LockAll((LockAllFlags)(uint)a.A0));
        table.AddImmediate(152, "munlockall", "", (thread, _) => Space(thread).UnlockAll());
        table.AddImmediate(324, "membarrier", "int,hex,int", Membarrier);
        table.AddImmediate(325, "mlock2", "ptr,size,hex", LockWithFlags);
        table.AddImmediate(329, "pkey_mprotect", "ptr,size,prot,int", ProtectWithKey);
        table.AddImmediate(330, "pkey_alloc", "hex,hex", (_, _) => Errno.ENOSPC.ToResult());
        table.AddImmediate(331, "pkey_free", "int", (_, _) => Errno.EINVAL.ToResult());
    }

    private static AddressSpace Space(GuestThread thread) => thread.Process.Space;

    private static Protection Implied(GuestThread thread, ulong protection) =>
        (thread.Process.Personality & Personality.ReadImpliesExecute) != 0 && ((Protection)protection & Protection.Read) != 0
            ? (Protection)protection | Protection.Execute : (Protection)protection;

    private static VirtualAddress At(ulong address) => new(address);

    private static long Map(GuestThread thread, SyscallArguments a)
    {
        if ((a.A5 & Page.OffsetMask) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var flags = (MapFlags)a.A3;
        OpenFile? file = null;
        if ((flags & MapFlags.Anonymous) == 0)
        {
            file = thread.Process.Descriptors.Get((int)a.A4);
            if (file is null || (file.StatusFlags & OpenFlags.PathOnly) != 0)
            {
                return Errno.EBADF.ToResult();
            }
        }

        return Space(thread).Map(new MapRequest(At(a.A0), a.A1, Implied(thread, a.A2), flags) { File = file, FileOffset = file is null ? 0 : a.A5 });
    }

    private static long LockWithFlags(GuestThread thread, SyscallArguments a) =>
        ((uint)a.A2 & ~(uint)LockFlags.OnFault) != 0 ? Errno.EINVAL.ToResult() : Space(thread).Lock(At(a.A0), a.A1, (LockFlags)a.A2);

    // Without allocated keys only -1, "no key", can be given.
    private static long ProtectWithKey(GuestThread thread, SyscallArguments a)
    {
        if ((int)a.A3 == -1)
        {
            return Space(thread).Protect(At(a.A0), a.A1, Implied(thread, a.A2));
        }

        // The range is looked at before the key.
        var end = a.A0 + Page.RoundUp(a.A1);
        return (a.A0 & Page.OffsetMask) != 0 ? Errno.EINVAL.ToResult()
            : a.A1 == 0 ? 0
            : (end <= a.A0 ? Errno.ENOMEM : Errno.EINVAL).ToResult();
    }

    private static long Membarrier(GuestThread thread, SyscallArguments a)
    {
        if (a.A1 != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var command = (long)(int)a.A0;
        if (command == MembarrierQuery)
        {
            return MembarrierCommands;
        }

        return command > 0 && long.IsPow2(command) && (command & MembarrierCommands) != 0 ? 0 : Errno.EINVAL.ToResult();
    }
}
