using System.Runtime.InteropServices;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Layers;
using Quire.Kernel.Files.Locks;
using Quire.Kernel.Files.Pipes;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>fcntl(2) and flock(2).</summary>
internal static class DescriptorControlCalls
{
    private const int DuplicateDescriptor = 0;
    private const int GetDescriptorFlags = 1;
    private const int SetDescriptorFlags = 2;
    private const int GetStatusFlags = 3;
    private const int SetStatusFlags = 4;
    private const int GetLock = 5;
    private const int SetLock = 6;
    private const int SetLockWait = 7;
    private const int SetOwner = 8;
    private const int GetOwner = 9;
    private const int SetSignal = 10;
    private const int GetSignal = 11;
    private const int SetOwnerOfKind = 15;
    private const int GetOwnerOfKind = 16;
    private const int GetDescriptionLock = 36;
    private const int SetDescriptionLock = 37;
    private const int SetDescriptionLockWait = 38;
    private const int NotifyDirectory = 1026;
    private const uint NotifyAgain = 0x8000_0000;
    private const int DuplicateCloseOnExec = 1030;
    private const int SetPipeSize = 1031;
    private const int GetPipeSize = 1032;
    private const int AddSeals = 1033;
    private const int GetSeals = 1034;

    // LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN of flock(2).
    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockNoWait = 4;
    private const int LockRemove = 8;
    private const int LockMandatory = 32;

    public static void Register(SyscallTable table)
    {
        table.Add(72, "fcntl", "fd,fcntl,hex", Control);
        table.Add(73, "flock", "fd,flock", LockWhole);
    }

    private static ValueTask<long> Control(GuestThread thread, SyscallArguments a)
    {
        if (!FileArguments.TryFile(thread, a.A0, out var file, out var result))
        {
            return new(result);
        }

        var descriptors = thread.Process.Descriptors;
        var command = (int)a.A1;
        if (file is PathOnlyFile && command is not (DuplicateDescriptor or DuplicateCloseOnExec or GetDescriptorFlags or SetDescriptorFlags or GetStatusFlags))
        {
            return new(Errno.EBADF.ToResult());
        }

        switch (command)
        {
            case DuplicateDescriptor:
                return new(Duplicate(thread, file, a.A2, DescriptorMode.KeepOnExec));
            case DuplicateCloseOnExec:
                return new(Duplicate(thread, file, a.A2, DescriptorMode.CloseOnExec));
            case GetDescriptorFlags:
                return new(descriptors.IsCloseOnExec((int)a.A0) ? 1 : 0);
            case SetDescriptorFlags:
                descriptors.SetCloseOnExec((int)a.A0, (a.A2 & 1) != 0 ? DescriptorMode.CloseOnExec : DescriptorMode.KeepOnExec);
                return new(0);
            case GetStatusFlags:
                return new((uint)file.StatusFlags);
            case SetStatusFlags:
                return new(ChangeStatusFlags(thread, file, (int)a.A0, (int)a.A2));
            case GetLock:
                return new(TestLock(thread, file, a.A2, descriptors));
            case GetDescriptionLock:
                return new(TestLock(thread, file, a.A2, file));
            case SetLock or SetLockWait:
                return SetRecordLock(thread, file, a.A2, descriptors, command == SetLockWait ? OnConflict.Wait : OnConflict.Fail);
            case SetDescriptionLock or SetDescriptionLockWait:
                return SetRecordLock(thread, file, a.A2, file, command == SetDescriptionLockWait ? OnConflict.Wait : OnConflict.Fail);
            case SetOwner:
                return new(FileOwners.Set(thread, file, (int)a.A2));
            case GetOwner:
                return new(FileOwners.Get(thread.Kernel, file));
            case SetOwnerOfKind:
                return new(FileOwners.SetOfKind(thread, file, a.A2));
            case GetOwnerOfKind:
                return new(FileOwners.GetOfKind(thread, file, a.A2));
            case SetSignal:
                return new(SetAsyncSignal(file, a.A2));
            case GetSignal:
                return new((long)file.AsyncSignal);
            case NotifyDirectory:
                // Differs from Linux: inotify tells of directories, dnotify does not; that nothing is to be told any more can be asked for.
                return new((uint)a.A2 is 0 or NotifyAgain ? 0 : Errno.EINVAL.ToResult());
            case SetPipeSize:
                return new(file is PipeFile resized ? resized.Buffer.Resize((int)a.A2) : Errno.EBADF.ToResult());
            case GetPipeSize:
                return new(file is PipeFile pipe ? pipe.Buffer.Capacity : Errno.EBADF.ToResult());
            case AddSeals:
                return new((!file.IsWritable ? Errno.EPERM : file.Inode is LayeredFile target ? target.AddSeals((FileSeals)a.A2) : Errno.EINVAL).ToResult());
            case GetSeals:
                return new(file.Inode is LayeredFile { CanBeSealed: true } sealable ? (long)sealable.Seals : Errno.EINVAL.ToResult());
            default:
                return new(Errno.EINVAL.ToResult());
        }
    }

    private static long ChangeStatusFlags(GuestThread thread, OpenFile file, int descriptor, int wanted)
    {
        if (((file.StatusFlags ^ wanted) & OpenFlags.Async) != 0)
        {
            file.SetAsync(thread.Kernel, descriptor, (wanted & OpenFlags.Async) != 0 ? AsyncMode.On : AsyncMode.Off);
        }

        file.StatusFlags = (file.StatusFlags & ~OpenFlags.Changeable) | (wanted & OpenFlags.Changeable);
        return 0;
    }

    private static long SetAsyncSignal(OpenFile file, ulong signal)
    {
        if (signal > (ulong)Signal.Last)
        {
            return Errno.EINVAL.ToResult();
        }

        file.AsyncSignal = (Signal)signal;
        return 0;
    }

    private static long Duplicate(GuestThread thread, OpenFile file, ulong minimum, DescriptorMode mode)
    {
        if (minimum >= thread.Process.Limits[Resource.OpenFiles].Soft || minimum > int.MaxValue)
        {
            return Errno.EINVAL.ToResult();
        }

        file.AddReference();
        return FileArguments.Install(thread, file, mode, (int)minimum);
    }

    private enum OnConflict
    {
        Fail,
        Wait,
    }

    private static long TestLock(GuestThread thread, OpenFile file, ulong address, object owner)
    {
        var error = ReadLock(thread, file, address, owner, out var wanted, out var guest);
        if (error == Errno.None && wanted.Kind == LockKind.None)
        {
            error = Errno.EINVAL;
        }

        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (file.Inode.LocksIn(thread.Kernel.Memory).ConflictingRecord(wanted) is not { } conflict)
        {
            guest.Kind = LockKind.None;
        }
        else
        {
            guest.Kind = conflict.Kind;
            guest.Whence = 0;
            guest.Start = conflict.Range.Start;
            guest.Length = conflict.Range.End == long.MaxValue ? 0 : conflict.Range.End - conflict.Range.Start;
            guest.ProcessId = conflict.ProcessId;
        }

        return FileArguments.TryWrite(thread, address, guest) ? 0 : Errno.EFAULT.ToResult();
    }

    private static async ValueTask<long> SetRecordLock(GuestThread thread, OpenFile file, ulong address, object owner, OnConflict onConflict)
    {
        var error = ReadLock(thread, file, address, owner, out var wanted, out _);
        if (error == Errno.None && (wanted.Kind == LockKind.Read && !file.IsReadable || wanted.Kind == LockKind.Write && !file.IsWritable))
        {
            error = Errno.EBADF;
        }

        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var locks = file.Inode.LocksIn(thread.Kernel.Memory);
        while (wanted.Kind != LockKind.None && locks.ConflictingRecord(wanted) is { } conflict)
        {
            if (onConflict == OnConflict.Fail)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (owner != file && LockWaits.WouldDeadlock(owner, conflict.Owner, thread.Kernel.Files.LockWaits))
            {
                return Errno.EDEADLOCK.ToResult();
            }

            thread.Kernel.Files.LockWaits[owner] = conflict.Owner;
            var reason = await locks.Released.Wait(thread, WaitMode.Shared);
            thread.Kernel.Files.LockWaits.Remove(owner);
            if (reason == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return locks.SetRecord(wanted).ToResult();
    }

    private static Errno ReadLock(GuestThread thread, OpenFile file, ulong address, object owner, out FileLock wanted, out GuestLock guest)
    {
        wanted = null!;
        if (!FileArguments.TryRead(thread, address, out guest))
        {
            return Errno.EFAULT;
        }

        if (guest.Kind is not (LockKind.Read or LockKind.Write or LockKind.None))
        {
            return Errno.EINVAL;
        }

        if (owner == file && guest.ProcessId != 0)
        {
            return Errno.EINVAL;
        }

        long? origin = guest.Whence switch
        {
            0 => 0,
            1 => file.Position,
            2 => (long)file.Inode.Attributes.Size,
            _ => null,
        };
        if (origin is not { } from || guest.Start > 0 && from > long.MaxValue - guest.Start)
        {
            return origin is null ? Errno.EINVAL : Errno.EOVERFLOW;
        }

        var start = from + guest.Start;
        var end = long.MaxValue;
        if (guest.Length > 0)
        {
            end = guest.Length > long.MaxValue - start ? long.MaxValue : start + guest.Length;
        }
        else if (guest.Length < 0)
        {
            (start, end) = (start + guest.Length, start);
        }

        if (start < 0)
        {
            return Errno.EINVAL;
        }

        wanted = new FileLock(owner, guest.Kind, new LockRange(start, end), owner == file ? -1 : thread.Process.ProcessId);
        return Errno.None;
    }

    private static async ValueTask<long> LockWhole(GuestThread thread, SyscallArguments a)
    {
        // Mandatory locks are no more: asking for them does nothing.
        if (((int)a.A1 & LockMandatory) != 0)
        {
            return 0;
        }

        LockKind? kind = ((int)a.A1 & ~LockNoWait) switch
        {
            LockShared => LockKind.Read,
            LockExclusive => LockKind.Write,
            LockRemove => LockKind.None,
            _ => null,
        };
        if (kind is not { } wantedKind)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        var locks = file.Inode.LocksIn(thread.Kernel.Memory);
        var wanted = new FileLock(file, wantedKind, LockRange.Everything, thread.Process.ProcessId);
        while (wantedKind != LockKind.None && locks.ConflictingWhole(wanted) is not null)
        {
            if (((int)a.A1 & LockNoWait) != 0)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await locks.Released.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return locks.SetWhole(wanted).ToResult();
    }

    /// <summary>struct flock of x86-64.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct GuestLock
    {
        public LockKind Kind;
        public short Whence;
        public long Start;
        public long Length;
        public int ProcessId;
    }
}
