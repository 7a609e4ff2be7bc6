using System.Buffers.Binary;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Events;

/// <summary>What a read takes from an event counter.</summary>
public enum EventCounterMode
{
    /// <summary>All of it.</summary>
    Whole,

    /// <summary>One (EFD_SEMAPHORE).</summary>
    One,
}

/// <summary>A counter to wait on (eventfd(2)).</summary>
public sealed class EventCounterFile : OpenFile
{
    private const ulong Largest = ulong.MaxValue - 1;

    private readonly EventCounterMode _mode;
    private ulong _count;

    public EventCounterFile(FileLocation location, int flags, ulong count, EventCounterMode mode)
        : base(location, flags | OpenFlags.ReadWrite)
    {
        _count = count;
        _mode = mode;
    }

    public override WaitQueue ReadinessQueue { get; } = new();

    public override string Details => $"eventfd-count: {_count,16:x}\n";

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (buffer.Remaining < sizeof(ulong))
        {
            return Errno.EINVAL.ToResult();
        }

        while (_count == 0)
        {
            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        var taken = _mode == EventCounterMode.One ? 1 : _count;
        _count -= taken;
        ReadinessQueue.WakeAll();
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, taken);
        return buffer.CopyToGuest(bytes) == bytes.Length ? bytes.Length : Errno.EFAULT.ToResult();
    }

    public override async ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var bytes = new byte[sizeof(ulong)];
        if (buffer.Remaining < sizeof(ulong))
        {
            return Errno.EINVAL.ToResult();
        }

        if (buffer.CopyFromGuest(bytes) < bytes.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        var added = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (added == ulong.MaxValue)
        {
            return Errno.EINVAL.ToResult();
        }

        while (Largest - _count < added)
        {
            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        _count += added;
        ReadinessQueue.WakeAll();
        return bytes.Length;
    }

    public override PollEvents Poll() =>
        (_count > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None) | (_count < Largest ? PollEvents.Out | PollEvents.WriteNormal : PollEvents.None);
}
