using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>open, close, and what makes descriptors of descriptors.</summary>
internal static class OpenCalls
{
    private const uint CloseRangeUnshare = 2;
    private const uint CloseRangeCloseOnExec = 4;
    private const uint MemfdCloseOnExec = 1;
    private const uint MemfdAllowSealing = 2;
    private const uint MemfdKnownFlags = 0x1F;
    private const uint MemfdHugePages = 4;
    private const int LongestMemfdName = 249;

    public static void Register(SyscallTable table)
    {
        table.Add(2, "open", "path,flags:open,mode", (thread, a) => Open(thread, unchecked((ulong)FileArguments.CurrentDirectory), a.A0, (int)a.A1, (uint)a.A2));
        table.AddImmediate(3, "close", "fd", (thread, a) => thread.Process.Descriptors.Close((int)a.A0).ToResult());
        table.AddImmediate(32, "dup", "fd", Duplicate);
        table.AddImmediate(33, "dup2", "fd,fd", (thread, a) =>
            a.A0 == a.A1 && FileArguments.TryFile(thread, a.A0, out _, out _) ? (int)a.A1 : DuplicateTo(thread, a.A0, a.A1, DescriptorMode.KeepOnExec));
        table.Add(85, "creat", "path,mode", (thread, a) => Open(
            thread, unchecked((ulong)FileArguments.CurrentDirectory), a.A0, OpenFlags.Create | OpenFlags.WriteOnly | OpenFlags.Truncate, (uint)a.A1));
        table.Add(257, "openat", "fd,path,flags:open,mode", (thread, a) => Open(thread, a.A0, a.A1, (int)a.A2, (uint)a.A3));
        table.AddImmediate(292, "dup3", "fd,fd,flags:open", (thread, a) =>
            a.A0 == a.A1 || (a.A2 & ~(ulong)OpenFlags.CloseOnExec) != 0
                ? Errno.EINVAL.ToResult()
                : DuplicateTo(thread, a.A0, a.A1, FileArguments.ModeOf((int)a.A2)));
        table.AddImmediate(319, "memfd_create", "path,hex", CreateMemoryFile);
        table.AddImmediate(436, "close_range", "fd,fd,hex", CloseRange);
    }

    private static async ValueTask<long> Open(GuestThread thread, ulong directory, ulong address, int flags, uint permissions)
    {
        var error = FileArguments.PathAt(thread, directory, address, out var start, out var path);
        OpenFile? file = null;
        if (error == Errno.None)
        {
            error = thread.Kernel.Files.Open(FileCaller.Of(thread), start, path, flags, permissions, out file);
        }

        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var result = await file!.CompleteOpen(thread);
        if (result < 0)
        {
            file.Release();
            return result;
        }

        file.TellOfOpening();
        return FileArguments.Install(thread, file, FileArguments.ModeOf(flags));
    }

    private static long Duplicate(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        file.AddReference();
        return FileArguments.Install(thread, file, DescriptorMode.KeepOnExec);
    }

    private static long DuplicateTo(GuestThread thread, ulong from, ulong to, DescriptorMode mode)
    {
        if (!FileArguments.TryFile(thread, from, out var file, out var result))
        {
            return result;
        }

        if ((uint)to >= thread.Process.Limits[Resource.OpenFiles].Soft || (uint)to >= DescriptorTable.Capacity)
        {
            return Errno.EBADF.ToResult();
        }

        if (!thread.Process.Descriptors.TryReach((int)to))
        {
            return Errno.ENOMEM.ToResult();
        }

        file.AddReference();
        thread.Process.Descriptors.Close((int)to);
        thread.Process.Descriptors.Replace((int)to, file, mode);
        return (int)to;
    }

    private static long CloseRange(GuestThread thread, SyscallArguments a)
    {
        var (first, last, flags) = ((uint)a.A0, (uint)a.A1, (uint)a.A2);
        if (first > last || (flags & ~(CloseRangeUnshare | CloseRangeCloseOnExec)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var process = thread.Process;
        if ((flags & CloseRangeUnshare) != 0 && process.Descriptors.IsShared)
        {
            if (process.Descriptors.TryClone() is not { } own)
            {
                return Errno.ENOMEM.ToResult();
            }

            process.Descriptors.Release();
            process.Descriptors = own;
        }

        foreach (var descriptor in process.Descriptors.Open())
        {
            if ((uint)descriptor < first || (uint)descriptor > last)
            {
                continue;
            }

            if ((flags & CloseRangeCloseOnExec) != 0)
            {
                process.Descriptors.SetCloseOnExec(descriptor, DescriptorMode.CloseOnExec);
            }
            else
            {
                process.Descriptors.Close(descriptor);
            }
        }

        return 0;
    }

    private static long CreateMemoryFile(GuestThread thread, SyscallArguments a)
    {
        if ((a.A1 & ~(ulong)MemfdKnownFlags) != 0 || (a.A1 & MemfdHugePages) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = thread.Process.Space.ReadString(new VirtualAddress(a.A0), LongestMemfdName + 1, out var name);
        if (error != Errno.None)
        {
            return (error == Errno.ENAMETOOLONG ? Errno.EINVAL : error).ToResult();
        }

        var seals = (a.A1 & MemfdAllowSealing) != 0 ? FileSeals.None : FileSeals.Seal;
        error = thread.Kernel.Files.CreateMemoryFile(FileCaller.Of(thread), Encoding.Latin1.GetString(name), seals, out var file);
        return error != Errno.None
            ? error.ToResult()
            : FileArguments.Install(thread, file!, (a.A1 & MemfdCloseOnExec) != 0 ? DescriptorMode.CloseOnExec : DescriptorMode.KeepOnExec);
    }
}
