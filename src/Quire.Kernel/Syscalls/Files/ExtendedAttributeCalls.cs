using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Extended attributes (xattr(7)).</summary>
internal static class ExtendedAttributeCalls
{
    private const int LongestName = 255;
    private const string FileCapabilities = "security.capability";
    private const int LargestValue = 65536;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(188, "setxattr", "path,path,ptr,size,hex", (thread, a) => Set(thread, a, ByPath(thread, a.A0, Follow, out var file), file));
        table.AddImmediate(189, "lsetxattr", "path,path,ptr,size,hex", (thread, a) => Set(thread, a, ByPath(thread, a.A0, NoFollow, out var file), file));
        table.AddImmediate(190, "fsetxattr", "fd,path,ptr,size,hex", (thread, a) => Set(thread, a, ByDescriptor(thread, a.A0, out var file), file));
        table.AddImmediate(191, "getxattr", "path,path,ptr,size", (thread, a) => Get(thread, a, ByPath(thread, a.A0, Follow, out var file), file));
        table.AddImmediate(192, "lgetxattr", "path,path,ptr,size", (thread, a) => Get(thread, a, ByPath(thread, a.A0, NoFollow, out var file), file));
        table.AddImmediate(193, "fgetxattr", "fd,path,ptr,size", (thread, a) => Get(thread, a, ByDescriptor(thread, a.A0, out var file), file));
        table.AddImmediate(194, "listxattr", "path,ptr,size", (thread, a) => List(thread, a, ByPath(thread, a.A0, Follow, out var file), file));
        table.AddImmediate(195, "llistxattr", "path,ptr,size", (thread, a) => List(thread, a, ByPath(thread, a.A0, NoFollow, out var file), file));
        table.AddImmediate(196, "flistxattr", "fd,ptr,size", (thread, a) => List(thread, a, ByDescriptor(thread, a.A0, out var file), file));
        table.AddImmediate(197, "removexattr", "path,path", (thread, a) => Remove(thread, a, ByPath(thread, a.A0, Follow, out var file), file));
        table.AddImmediate(198, "lremovexattr", "path,path", (thread, a) => Remove(thread, a, ByPath(thread, a.A0, NoFollow, out var file), file));
        table.AddImmediate(199, "fremovexattr", "fd,path", (thread, a) => Remove(thread, a, ByDescriptor(thread, a.A0, out var file), file));
    }

    private const int Follow = 0;
    private const int NoFollow = FileArguments.SymbolicLinkNoFollow;

    private static Errno ByPath(GuestThread thread, ulong path, int flags, out FileLocation file) =>
        FileArguments.ResolveAt(thread, unchecked((ulong)FileArguments.CurrentDirectory), path, flags, out file);

    private static Errno ByDescriptor(GuestThread thread, ulong descriptor, out FileLocation file)
    {
        var isOpen = FileArguments.TryUsableFile(thread, descriptor, out var open, out _);
        file = open?.Location ?? default;
        return isOpen ? Errno.None : Errno.EBADF;
    }

    private static Errno Name(GuestThread thread, ulong address, out string name)
    {
        var error = thread.Process.Space.ReadString(new VirtualAddress(address), LongestName + 1, out var bytes);
        name = error == Errno.None ? Encoding.Latin1.GetString(bytes) : "";
        return error switch
        {
            Errno.ENAMETOOLONG => Errno.ERANGE,
            Errno.None when name.Length == 0 => Errno.ERANGE,
            Errno.None when !name.StartsWith("user.") && !name.StartsWith("trusted.") && !name.StartsWith("security.") && !name.StartsWith("system.") => Errno.ENOTSUP,
            _ => error,
        };
    }

    private static long Set(GuestThread thread, SyscallArguments a, Errno error, FileLocation file)
    {
        var name = "";
        error = error == Errno.None ? Name(thread, a.A1, out name) : error;
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (a.A3 > LargestValue || a.A4 > 2)
        {
            return (a.A4 > 2 ? Errno.EINVAL : Errno.E2BIG).ToResult();
        }

        error = CheckChange(thread, file.Inode, name);
        var value = new byte[a.A3];
        if (error == Errno.None && thread.Process.Space.CopyFromGuest(new VirtualAddress(a.A2), value) < value.Length)
        {
            error = Errno.EFAULT;
        }

        return Changed(file, error != Errno.None ? error : file.Inode.SetExtendedAttribute(name, value, (ExtendedAttributeMode)a.A4));
    }

    private static long Get(GuestThread thread, SyscallArguments a, Errno error, FileLocation file)
    {
        var name = "";
        error = error == Errno.None ? Name(thread, a.A1, out name) : error;
        byte[] value = [];
        error = error == Errno.None ? file.Inode.GetExtendedAttribute(name, out value) : error;
        return error != Errno.None ? error.ToResult() : Put(thread, a.A2, a.A3, value);
    }

    private static long List(GuestThread thread, SyscallArguments a, Errno error, FileLocation file)
    {
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var text = string.Concat(file.Inode.ExtendedAttributeNames.Select(name => name + "\0"));
        return Put(thread, a.A1, a.A2, Encoding.Latin1.GetBytes(text));
    }

    private static long Remove(GuestThread thread, SyscallArguments a, Errno error, FileLocation file)
    {
        var name = "";
        error = error == Errno.None ? Name(thread, a.A1, out name) : error;
        error = error == Errno.None ? CheckChange(thread, file.Inode, name) : error;
        return Changed(file, error != Errno.None ? error : file.Inode.RemoveExtendedAttribute(name));
    }

    private static long Changed(FileLocation file, Errno error)
    {
        if (error == Errno.None)
        {
            file.Entry.Tell(FileEvents.Attributes);
        }

        return error.ToResult();
    }

    private static Errno CheckChange(GuestThread thread, Inode inode, string name)
    {
        var who = thread.Process.Credentials;
        return name.StartsWith("user.") ? AccessCheck.Check(who, inode.Attributes, AccessModes.Write)
            : who.Has(name == FileCapabilities ? Capability.SetFileCapabilities : Capability.Administration) ? Errno.None
            : Errno.EPERM;
    }

    // A size of 0 asks how long the value is.
    private static long Put(GuestThread thread, ulong address, ulong size, byte[] value) =>
        size == 0 ? value.Length : (ulong)value.Length > size ? Errno.ERANGE.ToResult() : FileArguments.Copy(thread, address, value);
}
