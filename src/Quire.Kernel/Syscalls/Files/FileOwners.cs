using System.Runtime.InteropServices;
using Quire.Kernel.Files;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Whom a file's signals go to: F_SETOWN, F_SETOWN_EX and their ioctls (f_setown of fs/fcntl.c).</summary>
internal static class FileOwners
{
    /// <param name="who">A process, or negative a group; 0 is nobody.</param>
    public static long Set(GuestThread thread, OpenFile file, int who)
    {
        if (who == int.MinValue)
        {
            return Errno.EINVAL.ToResult();
        }

        return Set(thread, file, who < 0 ? FileOwnerKind.Group : FileOwnerKind.Process, Math.Abs(who));
    }

    public static long Get(GuestKernel kernel, OpenFile file) =>
        file.Owner is not { } owner || !Exists(kernel, owner.Kind, owner.Id) ? 0 : owner.Kind == FileOwnerKind.Group ? -owner.Id : owner.Id;

    public static long SetOfKind(GuestThread thread, OpenFile file, ulong address)
    {
        if (!FileArguments.TryRead<GuestFileOwner>(thread, address, out var wanted))
        {
            return Errno.EFAULT.ToResult();
        }

        return wanted.Kind is < FileOwnerKind.Thread or > FileOwnerKind.Group ? Errno.EINVAL.ToResult()
            : wanted.Id < 0 ? Errno.ESRCH.ToResult()
            : Set(thread, file, wanted.Kind, wanted.Id);
    }

    public static long GetOfKind(GuestThread thread, OpenFile file, ulong address)
    {
        var shown = file.Owner is { } owner && Exists(thread.Kernel, owner.Kind, owner.Id)
            ? new GuestFileOwner { Kind = owner.Kind, Id = owner.Id }
            : new GuestFileOwner { Kind = file.Owner?.Kind ?? FileOwnerKind.Thread };
        return FileArguments.TryWrite(thread, address, shown) ? 0 : Errno.EFAULT.ToResult();
    }

    /// <summary>FIOASYNC.</summary>
    public static long SetAsync(GuestThread thread, OpenFile file, int descriptor, ulong address)
    {
        if (!FileArguments.TryRead<int>(thread, address, out var on))
        {
            return Errno.EFAULT.ToResult();
        }

        var isOn = (file.StatusFlags & OpenFlags.Async) != 0;
        if (on != 0 == isOn)
        {
            return 0;
        }

        if (file.AsyncEvents is null)
        {
            return Errno.ENOTTY.ToResult();
        }

        file.SetAsync(thread.Kernel, descriptor, on != 0 ? AsyncMode.On : AsyncMode.Off);
        return 0;
    }

    private static long Set(GuestThread thread, OpenFile file, FileOwnerKind kind, int id)
    {
        if (id != 0 && !Exists(thread.Kernel, kind, id))
        {
            return Errno.ESRCH.ToResult();
        }

        file.Owner = id == 0 ? null : new FileOwner(kind, id, thread.Process.Credentials);
        return 0;
    }

    private static bool Exists(GuestKernel kernel, FileOwnerKind kind, int id) => kind switch
    {
        FileOwnerKind.Thread => kernel.Processes.FindThread(id) is not null,
        FileOwnerKind.Process => kernel.Processes.Find(id) is not null,
        _ => kernel.Processes.InGroup(id).Any(),
    };

    /// <summary>struct f_owner_ex.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct GuestFileOwner
    {
        public FileOwnerKind Kind;
        public int Id;
    }
}
