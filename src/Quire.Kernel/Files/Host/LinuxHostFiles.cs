using System.Buffers.Binary;
using System.Text;
using Quire.Primitives;
using static Quire.Kernel.Files.Host.LinuxCalls;

namespace Quire.Kernel.Files.Host;

/// <summary>The files of a Linux host through its C library, byte for byte: no decoding of names, no following of links.</summary>
public sealed unsafe class LinuxHostFiles : IHostFiles
{
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NonBlocking = 0x800;
    private const int NoAccessTime = 0x40000;
    private const int CloseOnExec = 0x80000;
    private const int DirectoryHeader = 19;

    // O_DIRECTORY and O_NOFOLLOW are the two open flags used here whose values differ between architectures.
    private static readonly bool IsArm = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
        == System.Runtime.InteropServices.Architecture.Arm64;

    private readonly byte[] _buffer = new byte[1 << 16];

    private static int NoFollow => IsArm ? 0x8000 : 0x20000;

    private static int Directory => IsArm ? 0x4000 : 0x10000;

    public Errno ResolvePath(string path, out string resolved)
    {
        // The C library wants PATH_MAX bytes; the buffer has more.
        fixed (byte* buffer = _buffer)
        {
            var found = RealPath(PathBytes(path), buffer);
            resolved = found == null ? path : Encoding.Latin1.GetString(_buffer, 0, Array.IndexOf(_buffer, (byte)0));
            return found == null ? LastError : Errno.None;
        }
    }

    public IHostFiles Confine(string directory) => new ConfinedHostFiles(this, directory);

    public Errno Stat(string path, out InodeAttributes attributes)
    {
        var error = Check(Statx(AtCurrentDirectory, PathBytes(path), AtSymbolicLinkNoFollow | AtNoAutomount, StatxBasicStatsAndBirth, out var status));
        attributes = error == Errno.None ? status.ToAttributes() : default;
        return error;
    }

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics)
    {
        var error = Check(StatFs(PathBytes(path), out var status));
        statistics = error != Errno.None ? default : new FileSystemStatistics
        {
            Type = status.Type,
            BlockSize = (ulong)status.BlockSize,
            Blocks = status.Blocks,
            FreeBlocks = status.FreeBlocks,
            AvailableBlocks = status.AvailableBlocks,
            Files = status.Files,
            FreeFiles = status.FreeFiles,
            NameLength = (ulong)status.NameLength,
            Flags = (ulong)status.Flags,
        };
        return error;
    }

    public Errno ReadLink(string path, out string target)
    {
        fixed (byte* buffer = _buffer)
        {
            var length = LinuxCalls.ReadLink(PathBytes(path), buffer, (nuint)_buffer.Length);
            target = length >= 0 ? Encoding.Latin1.GetString(buffer, (int)length) : "";
            return Check(length);
        }
    }

    public Errno List(string path, List<ListedEntry> entries)
    {
        var descriptor = OpenQuietly(PathBytes(path), ReadOnly | Directory | NoFollow | CloseOnExec);
        if (descriptor < 0)
        {
            return LastError;
        }

        try
        {
            fixed (byte* buffer = _buffer)
            {
                nint length;
                while ((length = GetDirectoryEntries(descriptor, buffer, (nuint)_buffer.Length)) > 0)
                {
                    AddEntries(_buffer.AsSpan(0, (int)length), entries);
                }

                return Check(length);
            }
        }
        finally
        {
            Close(descriptor);
        }
    }

    public Errno Open(string path, HostAccess access, out IHostFile? file)
    {
        // O_NONBLOCK: whatever the name has become meanwhile, opening it does not wait.
        var flags = (access == HostAccess.Read ? ReadOnly : ReadWrite) | NoFollow | CloseOnExec | NonBlocking;
        var descriptor = OpenQuietly(PathBytes(path), flags);
        file = descriptor >= 0 ? new LinuxHostFile(descriptor) : null;
        return Check(descriptor);
    }

    public Errno GetExtendedAttribute(string path, string name, out byte[] value)
    {
        fixed (byte* buffer = _buffer)
        {
            var length = LinuxCalls.GetExtendedAttribute(PathBytes(path), Bytes(name), buffer, (nuint)_buffer.Length);
            value = length >= 0 ? _buffer[..(int)length] : [];
            return Check(length);
        }
    }

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names)
    {
        fixed (byte* buffer = _buffer)
        {
            var length = LinuxCalls.ListExtendedAttributes(PathBytes(path), buffer, (nuint)_buffer.Length);
            names = length > 0 ? Encoding.Latin1.GetString(buffer, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
            return Check(length);
        }
    }

    public Errno MakeNode(string path, uint mode, ulong device) => Check(LinuxCalls.MakeNode(PathBytes(path), mode, device));

    public Errno MakeDirectory(string path, uint permissions) => Check(LinuxCalls.MakeDirectory(PathBytes(path), permissions));

    public Errno MakeSymbolicLink(string path, string target) => Check(LinuxCalls.MakeSymbolicLink(Bytes(target), PathBytes(path)));

    public Errno Link(string existing, string path) => Check(LinuxCalls.Link(Bytes(existing), PathBytes(path)));

    public Errno Unlink(string path) => Check(LinuxCalls.Unlink(PathBytes(path)));

    public Errno RemoveDirectory(string path) => Check(LinuxCalls.RemoveDirectory(PathBytes(path)));

    public Errno Rename(string oldPath, string newPath, RenameModes modes) =>
        Check(LinuxCalls.Rename(AtCurrentDirectory, Bytes(oldPath), AtCurrentDirectory, Bytes(newPath), (uint)modes));

    public Errno Change(string path, in AttributeChange change)
    {
        var bytes = PathBytes(path);
        var error = Errno.None;
        if (change.UserId is not null || change.GroupId is not null)
        {
            error = Check(ChangeOwner(bytes, change.UserId ?? uint.MaxValue, change.GroupId ?? uint.MaxValue));
        }

        // After the owner: changing that clears the set-id bits.
        if (error == Errno.None && change.Permissions is { } permissions)
        {
            error = Check(ChangeMode(AtCurrentDirectory, bytes, permissions, AtSymbolicLinkNoFollow));
        }

        if (error == Errno.None && (change.AccessTime is not null || change.ModifyTime is not null))
        {
            const long Omit = 0x3FFF_FFFE;
            var times = stackalloc long[4];
            times[0] = change.AccessTime?.Seconds ?? 0;
            times[1] = change.AccessTime?.Nanoseconds ?? Omit;
            times[2] = change.ModifyTime?.Seconds ?? 0;
            times[3] = change.ModifyTime?.Nanoseconds ?? Omit;
            error = Check(SetTimes(AtCurrentDirectory, bytes, times, AtSymbolicLinkNoFollow));
        }

        return error;
    }

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode) =>
        Check(LinuxCalls.SetExtendedAttribute(PathBytes(path), Bytes(name), value, (nuint)value.Length, (int)mode));

    public Errno RemoveExtendedAttribute(string path, string name) => Check(LinuxCalls.RemoveExtendedAttribute(PathBytes(path), Bytes(name)));

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file)
    {
        const int TemporaryBit = 0x40_0000;
        var descriptor = LinuxCalls.Open(PathBytes(directory), ReadWrite | TemporaryBit | Directory | NoFollow | CloseOnExec, permissions);
        file = descriptor >= 0 ? new LinuxHostFile(descriptor) : null;
        return Check(descriptor);
    }

    // A name for what has none needs either a privilege or the way over /proc (open(2), O_TMPFILE).
    public Errno LinkOpen(IHostFile file, string path) =>
        Check(LinuxCalls.LinkAt(AtCurrentDirectory, Bytes($"/proc/self/fd/{((LinuxHostFile)file).Descriptor}"), AtCurrentDirectory, PathBytes(path), AtSymbolicLinkFollow));

    public Errno CreatePrivateFile(out IHostFile? file)
    {
        file = null;
        var template = Bytes(Path.Combine(Path.GetTempPath(), "quire-XXXXXX"));
        fixed (byte* pointer = template)
        {
            if (MakeTemporaryDirectory(pointer) == null)
            {
                return LastError;
            }
        }

        // Directory (mode 0700) and name go at once, so that even a killed run leaves nothing behind.
        var directory = Encoding.Latin1.GetString(template, 0, template.Length - 1);
        var name = Bytes(directory + "/blocks");
        var descriptor = LinuxCalls.Open(name, ReadWrite | Create | Exclusive | NoFollow | CloseOnExec, 0x180);
        var error = Check(descriptor);
        if (descriptor >= 0)
        {
            LinuxCalls.Unlink(name);
            file = new LinuxHostFile(descriptor);
        }

        LinuxCalls.RemoveDirectory(template);
        return error;
    }

    public Errno Lock(string path, out IDisposable? held)
    {
        const int ExclusiveLock = 2;
        const int DoNotWait = 4;
        held = null;
        var descriptor = LinuxCalls.Open(PathBytes(path), ReadWrite | Create | NoFollow | CloseOnExec | NonBlocking, 0x180);
        if (descriptor < 0)
        {
            return LastError;
        }

        var file = new LinuxHostFile(descriptor);
        var error = Check(LinuxCalls.Lock(descriptor, ExclusiveLock | DoNotWait));
        if (error == Errno.None)
        {
            held = file;
        }
        else
        {
            file.Dispose();
        }

        return error;
    }

    public Errno Sync(string directory) => WithOpen(directory, Directory, LinuxCalls.Sync);

    public Errno SyncFileSystem(string path) => WithOpen(path, NonBlocking, LinuxCalls.SyncFileSystem);

    private static Errno WithOpen(string path, int flags, Func<int, int> call)
    {
        var descriptor = LinuxCalls.Open(PathBytes(path), ReadOnly | flags | NoFollow | CloseOnExec, 0);
        if (descriptor < 0)
        {
            return LastError;
        }

        var error = Check(call(descriptor));
        Close(descriptor);
        return error;
    }

    // Reading leaves no mark on files of one's own, and on all for root; others' are opened as they can be.
    private static int OpenQuietly(byte[] path, int flags)
    {
        var descriptor = LinuxCalls.Open(path, flags | NoAccessTime, 0);
        return descriptor < 0 && LastError == Errno.EPERM ? LinuxCalls.Open(path, flags, 0) : descriptor;
    }

    // struct linux_dirent64 (getdents(2)): d_ino 0, d_off 8, d_reclen 16, d_type 18, d_name 19.
    private static void AddEntries(ReadOnlySpan<byte> records, List<ListedEntry> entries)
    {
        while (records.Length > DirectoryHeader)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(records[16..]);
            var name = records[DirectoryHeader..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                var number = BinaryPrimitives.ReadUInt64LittleEndian(records);
                entries.Add(new ListedEntry(Encoding.Latin1.GetString(name), number, (FileType)((uint)records[18] << 12)));
            }

            records = records[length..];
        }
    }
}
