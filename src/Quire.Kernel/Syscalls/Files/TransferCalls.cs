using Quire.Kernel.Files;
using Quire.Kernel.Files.Pipes;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Calls that move bytes between two files without the guest touching them: sendfile, copy_file_range, splice, tee, vmsplice.</summary>
internal static class TransferCalls
{
    private const int ChunkBytes = 1 << 16;
    private const uint SpliceNonBlocking = 2;
    private const uint SpliceKnownFlags = 0xF;

    public static void Register(SyscallTable table)
    {
        table.Add(40, "sendfile", "fd,fd,ptr,size", SendFile);
        table.Add(275, "splice", "fd,ptr,fd,ptr,size,hex", Splice);
        table.Add(276, "tee", "fd,fd,size,hex", Tee);
        table.Add(278, "vmsplice", "fd,ptr,int,hex", SpliceMemory);
        table.Add(326, "copy_file_range", "fd,ptr,fd,ptr,size,hex", CopyRange);
    }

    private static async ValueTask<long> SendFile(GuestThread thread, SyscallArguments a)
    {
        if (!IsReadable(thread, a.A2))
        {
            return Errno.EFAULT.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A1, out var source, out var result) || !FileArguments.TryUsableFile(thread, a.A0, out var target, out result))
        {
            return result;
        }

        if (!source.IsReadable || !target.IsWritable)
        {
            return Errno.EBADF.ToResult();
        }

        if ((target.StatusFlags & OpenFlags.Append) != 0 || source is DirectoryFile)
        {
            return Errno.EINVAL.ToResult();
        }

        return Counted(thread, await Move(thread, new Side(source, a.A2), new Side(target, 0), a.A3));
    }

    private static async ValueTask<long> CopyRange(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var source, out var result) || !FileArguments.TryUsableFile(thread, a.A2, out var target, out result))
        {
            return result;
        }

        if (!IsReadable(thread, a.A1) || !IsReadable(thread, a.A3))
        {
            return Errno.EFAULT.ToResult();
        }

        if ((uint)a.A5 != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (source is DirectoryFile || target is DirectoryFile)
        {
            return Errno.EISDIR.ToResult();
        }

        if (source is not RegularFile || target is not RegularFile)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!source.IsReadable || !target.IsWritable || (target.StatusFlags & OpenFlags.Append) != 0)
        {
            return Errno.EBADF.ToResult();
        }

        if (source.Inode == target.Inode)
        {
            var error = TryOffset(thread, source, a.A1, out var from) is var first and not Errno.None ? first : TryOffset(thread, target, a.A3, out _);
            if (error != Errno.None)
            {
                return error.ToResult();
            }

            TryOffset(thread, target, a.A3, out var to);
            var length = Math.Min(a.A4, FileArguments.LargestTransfer);
            if ((ulong)from < (ulong)to + length && (ulong)to < (ulong)from + length)
            {
                return Errno.EINVAL.ToResult();
            }
        }

        return Counted(thread, await Move(thread, new Side(source, a.A1), new Side(target, a.A3), a.A4));
    }

    private static long Counted(GuestThread thread, long result)
    {
        thread.Usage.CountRead(result);
        thread.Usage.CountWrite(result);
        return result;
    }

    private static async ValueTask<long> Splice(GuestThread thread, SyscallArguments a)
    {
        if (a.A4 == 0)
        {
            return 0;
        }

        if (((uint)a.A5 & ~SpliceKnownFlags) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var source, out var result) || !FileArguments.TryUsableFile(thread, a.A2, out var target, out result))
        {
            return result;
        }

        if (source is PipeFile && a.A1 != 0 || target is PipeFile && a.A3 != 0)
        {
            return Errno.ESPIPE.ToResult();
        }

        if (!IsReadable(thread, a.A1) || !IsReadable(thread, a.A3))
        {
            return Errno.EFAULT.ToResult();
        }

        if (!source.IsReadable || !target.IsWritable)
        {
            return Errno.EBADF.ToResult();
        }

        if (source is not PipeFile && target is not PipeFile || (target.StatusFlags & OpenFlags.Append) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        // One chunk: what a pipe can take or give at once.
        var length = Math.Min(a.A4, ChunkBytes);
        if (target is PipeFile room)
        {
            if ((a.A5 & SpliceNonBlocking) != 0 && room.Buffer.Room == 0)
            {
                return Errno.EAGAIN.ToResult();
            }

            length = room.Buffer.Room > 0 ? Math.Min(length, (ulong)room.Buffer.Room) : length;
        }

        if (source is PipeFile { Buffer: { Count: 0, Writers: > 0 } } && (a.A5 & SpliceNonBlocking) != 0)
        {
            return Errno.EAGAIN.ToResult();
        }

        return await Move(thread, new Side(source, a.A1), new Side(target, a.A3), length);
    }

    private static async ValueTask<long> Tee(GuestThread thread, SyscallArguments a)
    {
        if (((uint)a.A3 & ~SpliceKnownFlags) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (a.A2 == 0)
        {
            return 0;
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var from, out var result) || !FileArguments.TryUsableFile(thread, a.A1, out var to, out result))
        {
            return result;
        }

        if (!from.IsReadable || !to.IsWritable)
        {
            return Errno.EBADF.ToResult();
        }

        if (from is not PipeFile source || to is not PipeFile target || source.Buffer == target.Buffer)
        {
            return Errno.EINVAL.ToResult();
        }

        while (source.Buffer.Count == 0)
        {
            if (source.Buffer.Writers == 0)
            {
                return 0;
            }

            if ((a.A3 & SpliceNonBlocking) != 0)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await source.Buffer.DataArrived.Wait(thread) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        var bytes = new byte[Math.Min(a.A2, ChunkBytes)];
        var length = source.Buffer.Peek(bytes);
        return await target.Write(thread, new UserBuffer(bytes, length), offset: null);
    }

    private static ValueTask<long> SpliceMemory(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return new(result);
        }

        if (file is not PipeFile)
        {
            return new(Errno.EBADF.ToResult());
        }

        var error = FileArguments.Ranges(thread, a.A1, a.A2, out var buffer);
        return error != Errno.None ? new(error.ToResult())
            : file.IsWritable ? file.Write(thread, buffer, offset: null) : file.Read(thread, buffer, offset: null);
    }

    // An offset is looked at before its file is.
    private static bool IsReadable(GuestThread thread, ulong offsetAddress) => offsetAddress == 0 || FileArguments.TryRead<long>(thread, offsetAddress, out _);

    /// <param name="OffsetAddress">Where the guest keeps the offset; 0: the file's own position counts and moves.</param>
    private readonly record struct Side(OpenFile File, ulong OffsetAddress);

    private static async ValueTask<long> Move(GuestThread thread, Side source, Side target, ulong length)
    {
        var error = TryOffset(thread, source, out var from);
        var to = default(long?);
        error = error == Errno.None ? TryOffset(thread, target, out to) : error;
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        length = Math.Min(length, FileArguments.LargestTransfer);
        var chunk = new byte[(int)Math.Min(length, ChunkBytes)];
        var total = 0L;
        while ((ulong)total < length)
        {
            var wanted = (int)Math.Min((ulong)chunk.Length, length - (ulong)total);
            var read = await source.File.Read(thread, new UserBuffer(chunk, wanted), from);
            if (read <= 0)
            {
                total = total > 0 ? total : read;
                break;
            }

            var written = await target.File.Write(thread, new UserBuffer(chunk, (int)read), to);
            var done = Math.Max(0, written);
            GiveBack(source.File, from, read - done);
            from += done;
            to += done;
            total = total == 0 && written < 0 ? written : total + done;
            if (done < read || source.File is PipeFile)
            {
                break;
            }
        }

        if (total > 0)
        {
            source.File.Tell(FileEvents.Access);
            target.File.Tell(FileEvents.Modify);
        }

        if (total > 0 && (from is { } newFrom && !FileArguments.TryWrite(thread, source.OffsetAddress, newFrom)
            || to is { } newTo && !FileArguments.TryWrite(thread, target.OffsetAddress, newTo)))
        {
            return Errno.EFAULT.ToResult();
        }

        return total;
    }

    // Bytes read from a file at its own position and not written stay unread.
    private static void GiveBack(OpenFile source, long? offset, long bytes)
    {
        if (offset is null && bytes > 0 && source.IsSeekable)
        {
            source.Position -= bytes;
        }
    }

    private static Errno TryOffset(GuestThread thread, Side side, out long? offset)
    {
        offset = null;
        if (side.OffsetAddress == 0)
        {
            return Errno.None;
        }

        if (!side.File.IsSeekable)
        {
            return Errno.ESPIPE;
        }

        if (!FileArguments.TryRead<long>(thread, side.OffsetAddress, out var value))
        {
            return Errno.EFAULT;
        }

        offset = value;
        return value < 0 ? Errno.EINVAL : Errno.None;
    }

    private static Errno TryOffset(GuestThread thread, OpenFile file, ulong address, out long offset)
    {
        var error = TryOffset(thread, new Side(file, address), out var explicitOffset);
        offset = explicitOffset ?? file.Position;
        return error;
    }
}
