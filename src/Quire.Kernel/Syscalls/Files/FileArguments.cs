using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>What the file-related calls take from the guest: paths, descriptors, directories to start at, buffers.</summary>
internal static class FileArguments
{
    public const int CurrentDirectory = -100;
    public const int SymbolicLinkNoFollow = 0x100;
    public const int RemoveDirectory = 0x200;
    public const int EffectiveAccess = 0x200;
    public const int SymbolicLinkFollow = 0x400;
    public const int NoAutomount = 0x800;
    public const int EmptyPath = 0x1000;

    /// <summary>MAX_RW_COUNT: no call moves more.</summary>
    public const ulong LargestTransfer = 0x7FFF_F000;

    private const int LongestPath = 4096;
    private const int MostRanges = 1024;
    private const ulong UserEnd = 0x7FFF_FFFF_F000;

    public static Errno Path(GuestThread thread, ulong address, out string path)
    {
        var error = thread.Process.Space.ReadString(new VirtualAddress(address), LongestPath, out var bytes);
        path = error == Errno.None ? Encoding.Latin1.GetString(bytes) : "";
        return error;
    }

    /// <summary>Where a path starts that is relative to a descriptor; an absolute path needs none.</summary>
    public static Errno Start(GuestThread thread, ulong descriptor, string path, out FileLocation start)
    {
        start = thread.Process.FileContext.WorkingDirectory;
        if ((int)descriptor == CurrentDirectory || path.StartsWith('/'))
        {
            return Errno.None;
        }

        var file = thread.Process.Descriptors.Get((int)descriptor);
        if (file is null)
        {
            return Errno.EBADF;
        }

        start = file.Location;
        return path.Length > 0 && !file.Inode.IsDirectory ? Errno.ENOTDIR : Errno.None;
    }

    /// <summary>Path and start of the *at calls that take no empty path: that is refused before the descriptor is looked at.</summary>
    public static Errno NameAt(GuestThread thread, ulong descriptor, ulong address, out FileLocation start, out string path)
    {
        start = default;
        var error = Path(thread, address, out path);
        return error != Errno.None ? error : path.Length == 0 ? Errno.ENOENT : Start(thread, descriptor, path, out start);
    }

    /// <summary>Path and start of the *at calls.</summary>
    public static Errno PathAt(GuestThread thread, ulong descriptor, ulong address, out FileLocation start, out string path)
    {
        start = default;
        var error = Path(thread, address, out path);
        return error == Errno.None ? Start(thread, descriptor, path, out start) : error;
    }

    /// <summary>The file that an *at call with AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH flags means.</summary>
    public static Errno ResolveAt(GuestThread thread, ulong descriptor, ulong address, int flags, out FileLocation found)
    {
        found = default;
        var error = PathAt(thread, descriptor, address, out var start, out var path);
        if (error != Errno.None)
        {
            return error;
        }

        var modes = (flags & SymbolicLinkNoFollow) != 0 ? WalkModes.None : WalkModes.FollowLast;
        modes |= (flags & EmptyPath) != 0 ? WalkModes.AllowEmpty : WalkModes.None;
        return thread.Kernel.Files.Resolve(FileCaller.Of(thread), start, path, modes, out found);
    }

    public static bool TryFile(GuestThread thread, ulong descriptor, [NotNullWhen(true)] out OpenFile? file, out long result)
    {
        file = thread.Process.Descriptors.Get((int)descriptor);
        result = file is null ? Errno.EBADF.ToResult() : 0;
        return file is not null;
    }

    /// <summary>A file that is open for more than its place (not O_PATH).</summary>
    public static bool TryUsableFile(GuestThread thread, ulong descriptor, [NotNullWhen(true)] out OpenFile? file, out long result)
    {
        if (TryFile(thread, descriptor, out file, out result) && file is PathOnlyFile)
        {
            result = Errno.EBADF.ToResult();
            file = null;
        }

        return file is not null;
    }

    public static Errno Buffer(GuestThread thread, ulong address, ulong length, out UserBuffer buffer)
    {
        buffer = null!;
        if (address > UserEnd || length > UserEnd - address)
        {
            return Errno.EFAULT;
        }

        buffer = new UserBuffer(thread.Process.Space, new VirtualAddress(address), Math.Min(length, LargestTransfer));
        return Errno.None;
    }

    /// <summary>The ranges of an iovec array.</summary>
    public static Errno Ranges(GuestThread thread, ulong address, ulong count, out UserBuffer buffer)
    {
        // Linux' own parameter is an unsigned int.
        buffer = null!;
        count = (uint)count;
        if (count > MostRanges)
        {
            return Errno.EINVAL;
        }

        var bytes = new byte[(int)count * 16];
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(address), bytes) < bytes.Length)
        {
            return Errno.EFAULT;
        }

        var ranges = new VirtualRange[count];
        var left = LargestTransfer;
        for (var i = 0; i < ranges.Length; i++)
        {
            var start = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i * 16));
            var length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan((i * 16) + 8));
            if ((long)length < 0)
            {
                return Errno.EINVAL;
            }

            if (start > UserEnd || length > UserEnd - start)
            {
                return Errno.EFAULT;
            }

            length = Math.Min(length, left);
            left -= length;
            ranges[i] = VirtualRange.FromLength(new VirtualAddress(start), length);
        }

        buffer = new UserBuffer(thread.Process.Space, ranges);
        return Errno.None;
    }

    /// <summary>Gives a new file a descriptor; without one the file is released.</summary>
    public static long Install(GuestThread thread, OpenFile file, DescriptorMode mode, int minimum = 0)
    {
        if (!file.TryCharge(thread.Kernel.Memory))
        {
            file.Release();
            return Errno.ENFILE.ToResult();
        }

        var descriptor = thread.Process.Descriptors.Allocate(file, mode, thread.Process.Limits[Resource.OpenFiles].Soft, minimum);
        if (descriptor < 0)
        {
            file.Release();
        }

        return descriptor;
    }

    /// <summary>Gives two new files descriptors and writes both numbers to the guest; all or nothing.</summary>
    public static long InstallPair(GuestThread thread, OpenFile first, OpenFile second, DescriptorMode mode, ulong address)
    {
        var firstNumber = Install(thread, first, mode);
        if (firstNumber < 0)
        {
            second.Release();
            return firstNumber;
        }

        var secondNumber = Install(thread, second, mode);
        if (secondNumber >= 0 && TryWrite(thread, address, ((int)firstNumber, (int)secondNumber)))
        {
            return 0;
        }

        thread.Process.Descriptors.Close((int)firstNumber);
        if (secondNumber < 0)
        {
            return secondNumber;
        }

        thread.Process.Descriptors.Close((int)secondNumber);
        return Errno.EFAULT.ToResult();
    }

    public static DescriptorMode ModeOf(int openFlags) =>
        (openFlags & OpenFlags.CloseOnExec) != 0 ? DescriptorMode.CloseOnExec : DescriptorMode.KeepOnExec;

    public static bool TryWrite<T>(GuestThread thread, ulong address, T value)
        where T : unmanaged => thread.Process.Space.TryWrite(new VirtualAddress(address), value);

    public static bool TryRead<T>(GuestThread thread, ulong address, out T value)
        where T : unmanaged => thread.Process.Space.TryRead(new VirtualAddress(address), out value);

    public static long Copy(GuestThread thread, ulong address, ReadOnlySpan<byte> bytes) =>
        thread.Process.Space.CopyToGuest(new VirtualAddress(address), bytes) == bytes.Length ? bytes.Length : Errno.EFAULT.ToResult();
}
