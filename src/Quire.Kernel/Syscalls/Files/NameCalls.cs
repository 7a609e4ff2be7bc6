using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Calls that make, move and remove names, and that change where paths start.</summary>
internal static class NameCalls
{
    private const ulong Here = unchecked((ulong)FileArguments.CurrentDirectory);

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(79, "getcwd", "bufout,size", GetWorkingDirectory);
        table.AddImmediate(80, "chdir", "path", (thread, a) =>
        {
            var error = FileArguments.ResolveAt(thread, Here, a.A0, 0, out var found);
            return (error != Errno.None ? error : ChangeDirectory(thread, found)).ToResult();
        });
        table.AddImmediate(81, "fchdir", "fd", (thread, a) =>
            FileArguments.TryFile(thread, a.A0, out var file, out var result) ? ChangeDirectory(thread, file.Location).ToResult() : result);
        table.AddImmediate(82, "rename", "path,path", (thread, a) => Rename(thread, Here, a.A0, Here, a.A1, 0));
        table.AddImmediate(83, "mkdir", "path,mode", (thread, a) => MakeDirectory(thread, Here, a.A0, (uint)a.A1));
        table.AddImmediate(84, "rmdir", "path", (thread, a) => Unlink(thread, Here, a.A0, FileArguments.RemoveDirectory));
        table.AddImmediate(86, "link", "path,path", (thread, a) => Link(thread, Here, a.A0, Here, a.A1, 0));
        table.AddImmediate(87, "unlink", "path", (thread, a) => Unlink(thread, Here, a.A0, 0));
        table.AddImmediate(88, "symlink", "path,path", (thread, a) => MakeSymbolicLink(thread, a.A0, Here, a.A1));
        table.AddImmediate(95, "umask", "mode", (thread, a) =>
        {
            var old = thread.Process.FileContext.Umask;
            thread.Process.FileContext.Umask = (uint)a.A0 & 0x1FF;
            return old;
        });
        table.AddImmediate(133, "mknod", "path,mode,hex", (thread, a) => MakeNode(thread, Here, a.A0, (uint)a.A1, a.A2));
        table.AddImmediate(161, "chroot", "path", ChangeRoot);
        table.AddImmediate(165, "mount", "path,path,path,hex,ptr", (_, _) => Errno.EPERM.ToResult());
        table.AddImmediate(166, "umount2", "path,hex", (_, _) => Errno.EPERM.ToResult());
        table.AddImmediate(155, "pivot_root", "path,path", (_, _) => Errno.EPERM.ToResult());
        table.AddImmediate(258, "mkdirat", "fd,path,mode", (thread, a) => MakeDirectory(thread, a.A0, a.A1, (uint)a.A2));
        table.AddImmediate(259, "mknodat", "fd,path,mode,hex", (thread, a) => MakeNode(thread, a.A0, a.A1, (uint)a.A2, a.A3));
        table.AddImmediate(263, "unlinkat", "fd,path,atflags", (thread, a) => Unlink(thread, a.A0, a.A1, (int)a.A2));
        table.AddImmediate(264, "renameat", "fd,path,fd,path", (thread, a) => Rename(thread, a.A0, a.A1, a.A2, a.A3, 0));
        table.AddImmediate(265, "linkat", "fd,path,fd,path,atflags", (thread, a) => Link(thread, a.A0, a.A1, a.A2, a.A3, (int)a.A4));
        table.AddImmediate(266, "symlinkat", "path,fd,path", (thread, a) => MakeSymbolicLink(thread, a.A0, a.A1, a.A2));
        table.AddImmediate(316, "renameat2", "fd,path,fd,path,hex", (thread, a) => Rename(thread, a.A0, a.A1, a.A2, a.A3, (uint)a.A4));
    }

    private static long GetWorkingDirectory(GuestThread thread, SyscallArguments a)
    {
        var context = thread.Process.FileContext;
        var files = thread.Kernel.Files;
        if (context.WorkingDirectory.Entry.IsRemoved)
        {
            return Errno.ENOENT.ToResult();
        }

        var path = files.PathOf(context.WorkingDirectory, context.Root);
        path = files.IsBelow(context.WorkingDirectory, context.Root) ? path : "(unreachable)" + path;
        var bytes = new byte[path.Length + 1];
        Encoding.Latin1.GetBytes(path, bytes);
        return (ulong)bytes.Length > a.A1 ? Errno.ERANGE.ToResult() : FileArguments.Copy(thread, a.A0, bytes);
    }

    private static Errno ChangeDirectory(GuestThread thread, FileLocation place)
    {
        var error = CheckEnterable(thread, place);
        if (error == Errno.None)
        {
            thread.Process.FileContext.ChangeDirectory(place);
        }

        return error;
    }

    private static Errno CheckEnterable(GuestThread thread, FileLocation place) =>
        place.Inode.IsDirectory ? AccessCheck.Check(thread.Process.Credentials, place.Inode.Attributes, AccessModes.Execute) : Errno.ENOTDIR;

    private static long ChangeRoot(GuestThread thread, SyscallArguments a)
    {
        var error = FileArguments.ResolveAt(thread, Here, a.A0, 0, out var found);
        error = error != Errno.None ? error : CheckEnterable(thread, found);
        error = error == Errno.None && !thread.Process.Credentials.Has(Capability.ChangeRoot) ? Errno.EPERM : error;
        if (error == Errno.None)
        {
            thread.Process.FileContext.ChangeRoot(found);
        }

        return error.ToResult();
    }

    private static long MakeDirectory(GuestThread thread, ulong directory, ulong address, uint permissions)
    {
        var error = FileArguments.NameAt(thread, directory, address, out var start, out var path);

        // mkdir sets permission and sticky bits only.
        return (error != Errno.None ? error : thread.Kernel.Files.MakeDirectory(FileCaller.Of(thread), start, path, permissions & 0x3FF)).ToResult();
    }

    private static long MakeNode(GuestThread thread, ulong directory, ulong address, uint mode, ulong device)
    {
        var type = (FileType)(mode & ModeBits.TypeMask);
        type = type == FileType.None ? FileType.Regular : type;
        if (type == FileType.Directory || !Enum.IsDefined(type))
        {
            return (type == FileType.Directory ? Errno.EPERM : Errno.EINVAL).ToResult();
        }

        var error = FileArguments.NameAt(thread, directory, address, out var start, out var path);
        if (error == Errno.None)
        {
            error = type switch
            {
                FileType.Regular or FileType.Fifo or FileType.Socket or FileType.CharacterDevice or FileType.BlockDevice =>
                    thread.Kernel.Files.MakeNode(FileCaller.Of(thread), start, path, type, mode & ModeBits.Permissions, (uint)device),
                FileType.Directory => Errno.EPERM,
                _ => Errno.EINVAL,
            };
        }

        return error.ToResult();
    }

    private static long MakeSymbolicLink(GuestThread thread, ulong target, ulong directory, ulong address)
    {
        var error = FileArguments.Path(thread, target, out var text);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        error = FileArguments.NameAt(thread, directory, address, out var start, out var path);
        return error != Errno.None ? error.ToResult() : thread.Kernel.Files.MakeSymbolicLink(FileCaller.Of(thread), start, path, text).ToResult();
    }

    private static long Link(GuestThread thread, ulong oldDirectory, ulong oldPath, ulong newDirectory, ulong newPath, int flags)
    {
        if ((flags & ~(FileArguments.SymbolicLinkFollow | FileArguments.EmptyPath)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        // linkat follows only when asked to.
        var resolve = (flags & FileArguments.SymbolicLinkFollow) != 0 ? 0 : FileArguments.SymbolicLinkNoFollow;
        var error = FileArguments.ResolveAt(thread, oldDirectory, oldPath, resolve | (flags & FileArguments.EmptyPath), out var target);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        target = target.Pin();
        error = FileArguments.NameAt(thread, newDirectory, newPath, out var start, out var path);
        error = error != Errno.None ? error : thread.Kernel.Files.Link(FileCaller.Of(thread), target, start, path);
        target.Unpin();
        return error.ToResult();
    }

    private static long Unlink(GuestThread thread, ulong directory, ulong address, int flags)
    {
        if ((flags & ~FileArguments.RemoveDirectory) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.NameAt(thread, directory, address, out var start, out var path);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var files = thread.Kernel.Files;
        var caller = FileCaller.Of(thread);
        return ((flags & FileArguments.RemoveDirectory) != 0 ? files.RemoveDirectory(caller, start, path) : files.Unlink(caller, start, path)).ToResult();
    }

    private static long Rename(GuestThread thread, ulong oldDirectory, ulong oldAddress, ulong newDirectory, ulong newAddress, uint flags)
    {
        const uint exchange = 2;
        const uint known = 7;
        if ((flags & ~known) != 0 || ((flags & exchange) != 0 && (flags & ~exchange) != 0))
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.NameAt(thread, oldDirectory, oldAddress, out var oldStart, out var oldPath);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        error = FileArguments.NameAt(thread, newDirectory, newAddress, out var newStart, out var newPath);
        return (error != Errno.None ? error
            : thread.Kernel.Files.Rename(FileCaller.Of(thread), oldStart, oldPath, newStart, newPath, (RenameModes)flags)).ToResult();
    }
}
