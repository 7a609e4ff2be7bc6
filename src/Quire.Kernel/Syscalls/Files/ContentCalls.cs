using Quire.Kernel.Files;
using Quire.Kernel.Files.Pipes;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Calls on the content of a file as a whole: lengths, allocation, write-back, advice.</summary>
internal static class ContentCalls
{
    private const ulong Here = unchecked((ulong)FileArguments.CurrentDirectory);

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(74, "fsync", "fd", Sync);
        table.AddImmediate(75, "fdatasync", "fd", Sync);
        table.AddImmediate(76, "truncate", "path,int", Truncate);
        table.AddImmediate(77, "ftruncate", "fd,int", TruncateDescriptor);
        table.AddImmediate(162, "sync", "", (thread, _) =>
        {
            thread.Kernel.Files.Sync();
            return 0;
        });
        table.AddImmediate(187, "readahead", "fd,int,size", ReadAhead);
        table.AddImmediate(221, "fadvise64", "fd,int,int,int", Advise);
        table.AddImmediate(277, "sync_file_range", "fd,int,int,hex", SyncRange);
        table.AddImmediate(285, "fallocate", "fd,hex,int,int", Allocate);
        table.AddImmediate(306, "syncfs", "fd", (thread, a) =>
            FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? file.Inode.SuperBlock.Sync().ToResult() : result);
    }

    private static long Sync(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        return file is RegularFile or DirectoryFile ? file.Inode.Sync().ToResult() : Errno.EINVAL.ToResult();
    }

    private static long Truncate(GuestThread thread, SyscallArguments a)
    {
        if ((long)a.A1 < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.ResolveAt(thread, Here, a.A0, 0, out var found);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var inode = found.Inode;
        if (inode.Type != FileType.Regular)
        {
            return (inode.IsDirectory ? Errno.EISDIR : Errno.EINVAL).ToResult();
        }

        error = AccessCheck.Check(thread.Process.Credentials, inode.Attributes, AccessModes.Write);
        return error != Errno.None ? error.ToResult() : SetLength(thread, found, a.A1);
    }

    private static long TruncateDescriptor(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        return (long)a.A1 < 0 || !file.IsWritable || file.Inode.Type != FileType.Regular
            ? Errno.EINVAL.ToResult()
            : SetLength(thread, file.Location, a.A1);
    }

    private static long SetLength(GuestThread thread, FileLocation file, ulong length)
    {
        if (length > thread.Process.Limits[Resource.FileSize].Soft && length > file.Inode.Attributes.Size)
        {
            thread.Send(SignalInfo.FromKernel(Signal.SIGXFSZ));
            return Errno.EFBIG.ToResult();
        }

        var error = file.Inode.SetLength(length);
        if (error == Errno.None)
        {
            file.Entry.Tell(FileEvents.Modify);
        }

        return error.ToResult();
    }

    private static long ReadAhead(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        if (file is not RegularFile || !file.IsReadable)
        {
            return (file.IsReadable ? Errno.EINVAL : Errno.EBADF).ToResult();
        }

        if ((long)a.A2 < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        file.Pages!.ReadAhead(a.A1, a.A2);
        return 0;
    }

    private static long Advise(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        if (file is PipeFile)
        {
            return Errno.ESPIPE.ToResult();
        }

        if ((long)a.A2 < 0 || (uint)a.A3 > 5)
        {
            return Errno.EINVAL.ToResult();
        }

        if (file is not RegularFile)
        {
            return file.IsSeekable ? 0 : Errno.ESPIPE.ToResult();
        }

        // A length of 0 reaches to the end.
        var pages = file.Pages!;
        var length = a.A2 == 0 ? (ulong)long.MaxValue - Math.Min(a.A1, long.MaxValue) : a.A2;
        switch (a.A3)
        {
            case 0:
                pages.Advise(ReadaheadHint.Normal);
                break;
            case 1:
                pages.Advise(ReadaheadHint.Random);
                break;
            case 2:
                pages.Advise(ReadaheadHint.Sequential);
                break;
            case 3:
                pages.ReadAhead(a.A1, length);
                break;
            case 4:
                pages.DropClean(a.A1, length);
                break;
            case 5:
                pages.AdviseOnce();
                break;
        }

        return 0;
    }

    private static long SyncRange(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        if ((long)a.A1 < 0 || (long)a.A2 < 0 || (long)(a.A1 + a.A2) < 0 || a.A3 > 7)
        {
            return Errno.EINVAL.ToResult();
        }

        if (file is not RegularFile)
        {
            return Errno.ESPIPE.ToResult();
        }

        return file.Pages!.SyncRange(a.A1, a.A2 == 0 ? (ulong)long.MaxValue - a.A1 : a.A2).ToResult();
    }

    private static long Allocate(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        var modes = (AllocationModes)a.A1;
        const AllocationModes Known = AllocationModes.KeepSize | AllocationModes.PunchHole | AllocationModes.CollapseRange
            | AllocationModes.ZeroRange | AllocationModes.InsertRange | AllocationModes.UnshareRange;
        if ((long)a.A2 < 0 || (long)a.A3 <= 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if ((modes & ~Known) != 0 || (modes & AllocationModes.PunchHole) != 0 && (modes & AllocationModes.KeepSize) == 0)
        {
            return Errno.ENOTSUP.ToResult();
        }

        if (!file.IsWritable)
        {
            return Errno.EBADF.ToResult();
        }

        if (file.Inode is not IRegularContent content)
        {
            return (file is DirectoryFile ? Errno.EISDIR : file.IsSeekable ? Errno.ENODEV : Errno.ESPIPE).ToResult();
        }

        if ((long)(a.A2 + a.A3) < 0)
        {
            return Errno.EFBIG.ToResult();
        }

        if (a.A2 + a.A3 > thread.Process.Limits[Resource.FileSize].Soft && (modes & AllocationModes.KeepSize) == 0)
        {
            thread.Send(SignalInfo.FromKernel(Signal.SIGXFSZ));
            return Errno.EFBIG.ToResult();
        }

        var error = content.Allocate(modes, a.A2, a.A3);
        if (error == Errno.None)
        {
            file.Tell(FileEvents.Modify);
        }

        return error.ToResult();
    }
}
