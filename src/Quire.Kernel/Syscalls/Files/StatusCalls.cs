using System.Buffers.Binary;
using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Calls that look at files: stat, access, readlink, getdents, statfs.</summary>
internal static class StatusCalls
{
    private const ulong Here = unchecked((ulong)FileArguments.CurrentDirectory);
    private const int StatFlags = FileArguments.SymbolicLinkNoFollow | FileArguments.NoAutomount | FileArguments.EmptyPath;
    private const int StatxSyncFlags = 0x6000;
    private const uint StatxReserved = 0x8000_0000;
    private const int OldDirectoryHeader = 18;
    private const int DirectoryHeader = 19;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(4, "stat", "path,ptr", (thread, a) => StatAt(thread, Here, a.A0, a.A1, 0));
        table.AddImmediate(5, "fstat", "fd,ptr", (thread, a) =>
            FileArguments.TryFile(thread, a.A0, out var file, out var result) ? Put(thread, a.A1, file.Inode) : result);
        table.AddImmediate(6, "lstat", "path,ptr", (thread, a) => StatAt(thread, Here, a.A0, a.A1, FileArguments.SymbolicLinkNoFollow));
        table.AddImmediate(21, "access", "path,access", (thread, a) => Access(thread, Here, a.A0, (int)a.A1, 0));
        table.AddImmediate(78, "getdents", "fd,ptr,size", (thread, a) => GetEntries(thread, a, EntryLayout.Old));
        table.AddImmediate(89, "readlink", "path,bufout,size", (thread, a) => ReadLink(thread, Here, a.A0, a.A1, a.A2));
        table.AddImmediate(137, "statfs", "path,ptr", (thread, a) =>
        {
            var error = FileArguments.ResolveAt(thread, Here, a.A0, 0, out var found);
            return error != Errno.None ? error.ToResult() : PutFileSystem(thread, a.A1, found);
        });
        table.AddImmediate(138, "fstatfs", "fd,ptr", (thread, a) =>
            FileArguments.TryFile(thread, a.A0, out var file, out var result) ? PutFileSystem(thread, a.A1, file.Location) : result);
        table.AddImmediate(217, "getdents64", "fd,ptr,size", (thread, a) => GetEntries(thread, a, EntryLayout.Wide));
        table.AddImmediate(262, "newfstatat", "fd,path,ptr,atflags", (thread, a) => StatAt(thread, a.A0, a.A1, a.A2, (int)a.A3));
        table.AddImmediate(267, "readlinkat", "fd,path,bufout,size", (thread, a) => ReadLink(thread, a.A0, a.A1, a.A2, a.A3));
        table.AddImmediate(269, "faccessat", "fd,path,access", (thread, a) => Access(thread, a.A0, a.A1, (int)a.A2, 0));
        table.AddImmediate(332, "statx", "fd,path,atflags,hex,ptr", Statx);
        table.AddImmediate(439, "faccessat2", "fd,path,access,atflags", (thread, a) => Access(thread, a.A0, a.A1, (int)a.A2, (int)a.A3));
    }

    private static long StatAt(GuestThread thread, ulong directory, ulong path, ulong target, int flags)
    {
        if ((flags & ~(StatFlags | StatxSyncFlags)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.ResolveAt(thread, directory, path, flags, out var found);
        return error != Errno.None ? error.ToResult() : Put(thread, target, found.Inode);
    }

    private static long Put(GuestThread thread, ulong target, Inode inode) =>
        FileArguments.TryWrite(thread, target, GuestStat.From(inode.Attributes)) ? 0 : Errno.EFAULT.ToResult();

    private static long Statx(GuestThread thread, SyscallArguments a)
    {
        if (((int)a.A2 & ~(StatFlags | StatxSyncFlags)) != 0 || ((int)a.A2 & StatxSyncFlags) == StatxSyncFlags || ((uint)a.A3 & StatxReserved) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.ResolveAt(thread, a.A0, a.A1, (int)a.A2, out var found);
        return error != Errno.None ? error.ToResult()
            : FileArguments.TryWrite(thread, a.A4, GuestStatx.From(found)) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long PutFileSystem(GuestThread thread, ulong target, FileLocation location)
    {
        var superBlock = location.Inode.SuperBlock;
        return FileArguments.TryWrite(thread, target, GuestStatFs.From(superBlock.Statistics, superBlock.Device)) ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Access(GuestThread thread, ulong directory, ulong path, int wanted, int flags)
    {
        const int Known = FileArguments.EffectiveAccess | FileArguments.SymbolicLinkNoFollow | FileArguments.EmptyPath;
        if ((wanted & ~7) != 0 || (flags & ~Known) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var caller = FileCaller.Of(thread);
        caller = (flags & FileArguments.EffectiveAccess) != 0 ? caller : caller.WithRealIdentity();
        var error = FileArguments.PathAt(thread, directory, path, out var start, out var text);
        if (error == Errno.None)
        {
            var modes = (flags & FileArguments.SymbolicLinkNoFollow) != 0 ? WalkModes.None : WalkModes.FollowLast;
            modes |= (flags & FileArguments.EmptyPath) != 0 ? WalkModes.AllowEmpty : WalkModes.None;
            error = thread.Kernel.Files.Resolve(caller, start, text, modes, out var found);
            if (error == Errno.None && wanted != 0)
            {
                error = AccessCheck.Check(caller.Credentials, found.Inode.Attributes, (AccessModes)wanted);
            }
        }

        return error.ToResult();
    }

    private static long ReadLink(GuestThread thread, ulong directory, ulong path, ulong target, ulong size)
    {
        if ((int)size <= 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var flags = FileArguments.SymbolicLinkNoFollow | FileArguments.EmptyPath;
        var error = FileArguments.ResolveAt(thread, directory, path, flags, out var found);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        error = found.Inode.ReadLink(thread, out var text);
        if (error != Errno.None)
        {
            // An empty path names what the descriptor is open for: no link by that name.
            var isEmpty = FileArguments.Path(thread, path, out var name) == Errno.None && name.Length == 0;
            return (error == Errno.EINVAL && isEmpty ? Errno.ENOENT : error).ToResult();
        }

        var bytes = Encoding.Latin1.GetBytes(text);
        return FileArguments.Copy(thread, target, bytes.AsSpan(0, (int)Math.Min(size, (ulong)bytes.Length)));
    }

    private enum EntryLayout
    {
        /// <summary>struct linux_dirent: the type is the record's last byte.</summary>
        Old,

        /// <summary>struct linux_dirent64.</summary>
        Wide,
    }

    private static long GetEntries(GuestThread thread, SyscallArguments a, EntryLayout layout)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        if (file is not DirectoryFile directory)
        {
            return Errno.ENOTDIR.ToResult();
        }

        var size = (int)Math.Min(a.A2, 1 << 20);
        var bytes = new byte[size];
        var used = 0;
        var start = directory.Position;
        directory.Tell(FileEvents.Access);
        while (true)
        {
            var error = directory.Peek(out var entry);
            if (error != Errno.None)
            {
                return error.ToResult();
            }

            if (entry.Name is null)
            {
                break;
            }

            var header = layout == EntryLayout.Wide ? DirectoryHeader : OldDirectoryHeader;
            var extra = layout == EntryLayout.Wide ? 1 : 2;
            var length = (header + entry.Name.Length + extra + 7) & ~7;
            if (used + length > size)
            {
                if (used == 0)
                {
                    return Errno.EINVAL.ToResult();
                }

                break;
            }

            Encode(bytes.AsSpan(used, length), entry, directory.Position + 1, header, layout);
            used += length;
            directory.Position++;
        }

        var copied = FileArguments.Copy(thread, a.A1, bytes.AsSpan(0, used));
        if (copied < 0)
        {
            directory.Position = start;
        }

        return copied;
    }

    private static void Encode(Span<byte> record, in ListedEntry entry, long next, int header, EntryLayout layout)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, entry.Number);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], next);
        BinaryPrimitives.WriteUInt16LittleEndian(record[16..], (ushort)record.Length);
        Encoding.Latin1.GetBytes(entry.Name, record[header..]);
        record[layout == EntryLayout.Wide ? 18 : record.Length - 1] = (byte)((uint)entry.Type >> 12);
    }
}
