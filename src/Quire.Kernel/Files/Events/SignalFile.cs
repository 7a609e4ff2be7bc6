using System.Buffers.Binary;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Events;

/// <summary>Signals to read (signalfd(2)): those of a mask that wait for the reader.</summary>
public sealed class SignalFile : OpenFile
{
    // struct signalfd_siginfo (include/uapi/linux/signalfd.h).
    private const int RecordBytes = 128;

    private readonly GuestProcess _process;

    public SignalFile(FileLocation location, int flags, GuestProcess process, SignalSet mask)
        : base(location, flags | OpenFlags.ReadWrite)
    {
        _process = process;
        Mask = mask;
    }

    public SignalSet Mask { get; set; }

    public override WaitQueue ReadinessQueue => _process.SignalArrived;

    public override string Details => $"sigmask:\t{Mask.Bits:x16}\n";

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (buffer.Remaining < RecordBytes)
        {
            return Errno.EINVAL.ToResult();
        }

        var total = 0L;
        while (buffer.Remaining >= RecordBytes)
        {
            if (thread.Pending.TryTake(Mask, out var info) || thread.Process.Pending.TryTake(Mask, out info))
            {
                if (buffer.CopyToGuest(Encode(info)) < RecordBytes)
                {
                    return total > 0 ? total : Errno.EFAULT.ToResult();
                }

                total += RecordBytes;
                continue;
            }

            if (total > 0 || IsNonBlocking)
            {
                break;
            }

            if (await thread.Process.SignalArrived.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return total > 0 ? total : Errno.EAGAIN.ToResult();
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    public override PollEvents Poll()
    {
        var waiting = _process.Pending.Set;
        foreach (var thread in _process.Threads)
        {
            waiting |= thread.Pending.Set;
        }

        return (waiting & Mask).IsEmpty ? PollEvents.None : PollEvents.In | PollEvents.ReadNormal;
    }

    private static byte[] Encode(in SignalInfo info)
    {
        var bytes = new byte[RecordBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)info.Signal);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), info.Error);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), info.Code);
        if (info.Shape == SignalInfoShape.Fault)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(72), info.Address.Value);
            return bytes;
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), info.ProcessId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), info.UserId);
        if (info.Shape == SignalInfoShape.Child)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), (int)info.Value);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(56), info.UserTicks);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(64), info.SystemTicks);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(44), (int)info.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(48), info.Value);
        }

        return bytes;
    }
}
