using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>read, write and their kin; lseek and ioctl.</summary>
internal static class ReadWriteCalls
{
    private const ulong NoOffset = ulong.MaxValue;

    // RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND.
    private const uint NoWait = 8;
    private const uint KnownTransferFlags = 0x1F;

    public static void Register(SyscallTable table)
    {
        table.Add(0, "read", "fd,bufout,size", (thread, a) => Read(thread, a.A0, FileArguments.Buffer(thread, a.A1, a.A2, out var buffer), buffer));
        table.Add(1, "write", "fd,bufin:2,size", (thread, a) => Write(thread, a.A0, FileArguments.Buffer(thread, a.A1, a.A2, out var buffer), buffer));
        table.AddImmediate(8, "lseek", "fd,int,whence", Seek);
        table.Add(16, "ioctl", "fd,ioctl,ptr", Control);
        table.Add(17, "pread64", "fd,bufout,size,int", (thread, a) => ReadAt(thread, a.A0, FileArguments.Buffer(thread, a.A1, a.A2, out var buffer), buffer, a.A3));
        table.Add(18, "pwrite64", "fd,bufin:2,size,int", (thread, a) => WriteAt(thread, a.A0, FileArguments.Buffer(thread, a.A1, a.A2, out var buffer), buffer, a.A3));
        table.Add(19, "readv", "fd,ptr,int", (thread, a) => Read(thread, a.A0, FileArguments.Ranges(thread, a.A1, a.A2, out var buffer), buffer));
        table.Add(20, "writev", "fd,ptr,int", (thread, a) => Write(thread, a.A0, FileArguments.Ranges(thread, a.A1, a.A2, out var buffer), buffer));
        table.Add(295, "preadv", "fd,ptr,int,int", (thread, a) => ReadAt(thread, a.A0, FileArguments.Ranges(thread, a.A1, a.A2, out var buffer), buffer, a.A3));
        table.Add(296, "pwritev", "fd,ptr,int,int", (thread, a) => WriteAt(thread, a.A0, FileArguments.Ranges(thread, a.A1, a.A2, out var buffer), buffer, a.A3));
        table.Add(327, "preadv2", "fd,ptr,int,int,int,hex", (thread, a) => WithFlags(thread, a, ReadAt, Read));
        table.Add(328, "pwritev2", "fd,ptr,int,int,int,hex", (thread, a) => WithFlags(thread, a, WriteAt, Write));
    }

    private static ValueTask<long> Read(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer)
    {
        if (!FileArguments.TryUsableFile(thread, descriptor, out var file, out var result))
        {
            return new(result);
        }

        return !file.IsReadable ? new(Errno.EBADF.ToResult())
            : file is EpollFile or ProcessFile ? new(Errno.EINVAL.ToResult())
            : bufferError != Errno.None ? new(bufferError.ToResult())
            : Counted(thread, file, file.Read(thread, buffer, offset: null), Transfer.Read);
    }

    private static ValueTask<long> Write(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer)
    {
        if (!FileArguments.TryUsableFile(thread, descriptor, out var file, out var result))
        {
            return new(result);
        }

        return !file.IsWritable ? new(Errno.EBADF.ToResult())
            : file is EpollFile or ProcessFile or SignalFile or TimerFile ? new(Errno.EINVAL.ToResult())
            : bufferError != Errno.None ? new(bufferError.ToResult())
            : Counted(thread, file, file.Write(thread, buffer, offset: null), Transfer.Write);
    }

    private static ValueTask<long> ReadAt(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer, ulong offset)
    {
        var refusal = CheckPositioned(thread, descriptor, bufferError, offset, out var file);
        return refusal != Errno.None ? new(refusal.ToResult())
            : !file!.IsReadable ? new(Errno.EBADF.ToResult())
            : Counted(thread, file, file.Read(thread, buffer, (long)offset), Transfer.Read);
    }

    private static ValueTask<long> WriteAt(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer, ulong offset)
    {
        var refusal = CheckPositioned(thread, descriptor, bufferError, offset, out var file);
        return refusal != Errno.None ? new(refusal.ToResult())
            : !file!.IsWritable ? new(Errno.EBADF.ToResult())
            : Counted(thread, file, file.Write(thread, buffer, (long)offset), Transfer.Write);
    }

    private static Errno CheckPositioned(GuestThread thread, ulong descriptor, Errno bufferError, ulong offset, out OpenFile? file)
    {
        file = null;
        if ((long)offset < 0)
        {
            return Errno.EINVAL;
        }

        return !FileArguments.TryUsableFile(thread, descriptor, out file, out _) ? Errno.EBADF : !file.IsSeekable ? Errno.ESPIPE : bufferError;
    }

    private delegate ValueTask<long> Positioned(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer, ulong offset);

    private delegate ValueTask<long> Sequential(GuestThread thread, ulong descriptor, Errno bufferError, UserBuffer buffer);

    private static ValueTask<long> WithFlags(GuestThread thread, SyscallArguments a, Positioned positioned, Sequential sequential)
    {
        var error = FileArguments.Ranges(thread, a.A1, a.A2, out var buffer);

        // RWF_NOWAIT is a hint that may be refused; programs fall back. Nothing to move is nothing to refuse.
        var flags = (uint)a.A5;
        if (error == Errno.None && buffer.Remaining > 0 && ((flags & ~KnownTransferFlags) != 0 || (flags & NoWait) != 0))
        {
            error = Errno.ENOTSUP;
        }

        return a.A3 == NoOffset ? sequential(thread, a.A0, error, buffer) : positioned(thread, a.A0, error, buffer, a.A3);
    }

    private static long Seek(GuestThread thread, SyscallArguments a) =>
        !FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? result
            : (uint)a.A2 > 4 ? Errno.EINVAL.ToResult()
            : file is EventCounterFile or SignalFile or TimerFile or EpollFile or InotifyFile ? 0
            : file.Seek((long)a.A1, (int)a.A2);

    private static ValueTask<long> Control(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return new(result);
        }

        switch ((uint)a.A1)
        {
            case IoctlRequest.SetCloseOnExec:
                thread.Process.Descriptors.SetCloseOnExec((int)a.A0, DescriptorMode.CloseOnExec);
                return new(0);
            case IoctlRequest.ClearCloseOnExec:
                thread.Process.Descriptors.SetCloseOnExec((int)a.A0, DescriptorMode.KeepOnExec);
                return new(0);
            case IoctlRequest.NonBlocking:
                if (!FileArguments.TryRead<int>(thread, a.A2, out var on))
                {
                    return new(Errno.EFAULT.ToResult());
                }

                file.StatusFlags = on != 0 ? file.StatusFlags | OpenFlags.NonBlocking : file.StatusFlags & ~OpenFlags.NonBlocking;
                return new(0);
            case IoctlRequest.Async:
                return new(FileOwners.SetAsync(thread, file, (int)a.A0, a.A2));
            default:
                return Held(file, file.Control(thread, (uint)a.A1, a.A2));
        }
    }

    private enum Transfer
    {
        Read,
        Write,
    }

    private static ValueTask<long> Counted(GuestThread thread, OpenFile file, ValueTask<long> call, Transfer transfer)
    {
        if (!call.IsCompletedSuccessfully)
        {
            return CountAtEnd(thread, file, Held(file, call), transfer);
        }

        Count(thread, file, call.Result, transfer);
        return call;

        static async ValueTask<long> CountAtEnd(GuestThread thread, OpenFile file, ValueTask<long> call, Transfer transfer)
        {
            var result = await call;
            Count(thread, file, result, transfer);
            return result;
        }
    }

    private static void Count(GuestThread thread, OpenFile file, long result, Transfer transfer)
    {
        if (result > 0)
        {
            file.Tell(transfer == Transfer.Read ? FileEvents.Access : FileEvents.Modify);
        }

        if (transfer == Transfer.Read)
        {
            thread.Usage.CountRead(result);
        }
        else
        {
            thread.Usage.CountWrite(result);
        }
    }

    /// <summary>Another thread may close the descriptor while this one sleeps in the file: the file lives until the call is over.</summary>
    public static ValueTask<long> Held(OpenFile file, ValueTask<long> call)
    {
        return call.IsCompleted ? call : Hold(file, call);

        static async ValueTask<long> Hold(OpenFile file, ValueTask<long> call)
        {
            file.AddReference();
            try
            {
                return await call;
            }
            finally
            {
                file.Release();
            }
        }
    }
}
