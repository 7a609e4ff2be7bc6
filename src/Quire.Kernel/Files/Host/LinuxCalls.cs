using System.Runtime.InteropServices;
using System.Text;
using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>The C library's calls that the kernel's files need, as they are declared in its manual (section 2). Linux only.</summary>
internal static unsafe partial class LinuxCalls
{
    public const int AtCurrentDirectory = -100;
    public const int AtSymbolicLinkNoFollow = 0x100;
    public const int AtSymbolicLinkFollow = 0x400;
    public const int AtEmptyPath = 0x1000;
    public const int AtNoAutomount = 0x800;
    public const uint StatxBasicStatsAndBirth = 0xFFF;

    public static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>errno as it is now.</summary>
    public static Errno ErrorNow => (Errno)Marshal.GetLastSystemError();

    public static Errno Check(long result) => result < 0 ? LastError : Errno.None;

    /// <summary>The path's bytes with the terminating zero; "" is the root.</summary>
    public static byte[] PathBytes(string path) => Bytes(path.Length == 0 ? "/" : path);

    /// <summary>The text's bytes with the terminating zero.</summary>
    public static byte[] Bytes(string path)
    {
        var bytes = new byte[path.Length + 1];
        Encoding.Latin1.GetBytes(path, bytes);
        return bytes;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int Statx(int directory, byte[] path, int flags, uint mask, out HostStatx status);

    [LibraryImport("libc", EntryPoint = "statfs64", SetLastError = true)]
    public static partial int StatFs(byte[] path, out HostStatFs status);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true)]
    public static partial byte* RealPath(byte[] path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true)]
    public static partial nint ReadLink(byte[] path, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "open64", SetLastError = true)]
    public static partial int Open(byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat64", SetLastError = true)]
    public static partial int OpenAt(int directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint GetDirectoryEntries(int descriptor, byte* buffer, nuint size);

    /// <summary>Its error is <see cref="ErrorNow"/>, to be asked for at once: every page that comes in is such a call, which need not keep errno for the case that it fails.</summary>
    [LibraryImport("libc", EntryPoint = "pread64")]
    public static partial nint ReadAt(int descriptor, byte* buffer, nuint size, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
    public static partial nint WriteAt(int descriptor, byte* buffer, nuint size, long offset);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "lseek64", SetLastError = true)]
    public static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ftruncate64", SetLastError = true)]
    public static partial int SetLength(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFileSystem(int descriptor);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "mkdtemp", SetLastError = true)]
    public static partial byte* MakeTemporaryDirectory(byte* template);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true)]
    public static partial int MakeNode(byte[] path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    public static partial int MakeDirectory(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true)]
    public static partial int MakeSymbolicLink(byte[] target, byte[] path);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true)]
    public static partial int Link(byte[] existing, byte[] path);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int LinkAt(int oldDirectory, byte[] existing, int newDirectory, byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true)]
    public static partial int Unlink(byte[] path);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true)]
    public static partial int RemoveDirectory(byte[] path);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true)]
    public static partial int Rename(int oldDirectory, byte[] oldPath, int newDirectory, byte[] newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int ChangeMode(int directory, byte[] path, uint mode, int flags);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true)]
    public static partial int ChangeOwner(byte[] path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimes(int directory, byte[] path, long* times, int flags);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
    public static partial nint GetExtendedAttribute(byte[] path, byte[] name, byte* value, nuint size);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    public static partial nint ListExtendedAttributes(byte[] path, byte* list, nuint size);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true)]
    public static partial int SetExtendedAttribute(byte[] path, byte[] name, byte[] value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lremovexattr", SetLastError = true)]
    public static partial int RemoveExtendedAttribute(byte[] path, byte[] name);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(HostPoll* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int DescriptorControl(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    public static partial int GetProcessGroup();

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int MakePipe(int* ends, int flags);
}

/// <summary>struct statx (statx(2)); the same on every architecture.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct HostStatx
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint Links;
    public uint UserId;
    public uint GroupId;
    public ushort Mode;
    public ushort Padding;
    public ulong Number;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public HostStatxTime AccessTime;
    public HostStatxTime BirthTime;
    public HostStatxTime ChangeTime;
    public HostStatxTime ModifyTime;
    public uint RepresentedMajor;
    public uint RepresentedMinor;
    public uint DeviceMajor;
    public uint DeviceMinor;

    public readonly InodeAttributes ToAttributes() => new()
    {
        Device = DeviceNumber.Of(DeviceMajor, DeviceMinor),
        Number = Number,
        Mode = Mode,
        Links = Links,
        UserId = UserId,
        GroupId = GroupId,
        RepresentedDevice = DeviceNumber.Of(RepresentedMajor, RepresentedMinor),
        Size = Size,
        Blocks = Blocks,
        BlockSize = BlockSize,
        AccessTime = AccessTime.ToTimestamp(),
        ModifyTime = ModifyTime.ToTimestamp(),
        ChangeTime = ChangeTime.ToTimestamp(),
        BirthTime = BirthTime.ToTimestamp(),
    };
}

[StructLayout(LayoutKind.Sequential)]
internal struct HostStatxTime
{
    public long Seconds;
    public uint Nanoseconds;
    public int Padding;

    public readonly Timestamp ToTimestamp() => new(Seconds, Nanoseconds);
}

/// <summary>struct statfs64 of 64-bit hosts (statfs(2)).</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
internal struct HostStatFs
{
    public long Type;
    public long BlockSize;
    public ulong Blocks;
    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Files;
    public ulong FreeFiles;
    public ulong Id;
    public long NameLength;
    public long FragmentSize;
    public long Flags;
}

/// <summary>struct pollfd (poll(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HostPoll
{
    public int Descriptor;
    public short Wanted;
    public short Happened;
}
