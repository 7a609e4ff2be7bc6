using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Pipes;

/// <summary>One or both ends of a pipe (pipe(7)).</summary>
public class PipeFile : OpenFile
{
    public PipeFile(FileLocation location, int flags, PipeBuffer buffer)
        : base(location, flags)
    {
        Buffer = buffer;
        Ends = (IsReadable ? PipeEnds.Read : PipeEnds.None) | (IsWritable ? PipeEnds.Write : PipeEnds.None);
        buffer.AddEnds(Ends);
    }

    public PipeBuffer Buffer { get; }

    public PipeEnds Ends { get; }

    // Differs from Linux: what is open for both hears of what can be read only.
    public override AsyncListeners AsyncEvents => (Ends & PipeEnds.Read) != 0 ? Buffer.AsyncReaders : Buffer.AsyncWriters;

    public override void AddReadinessQueues(List<WaitQueue> queues)
    {
        if ((Ends & PipeEnds.Read) != 0)
        {
            queues.Add(Buffer.ReaderChanged);
        }

        if ((Ends & PipeEnds.Write) != 0)
        {
            queues.Add(Buffer.WriterChanged);
        }
    }

    /// <summary>Both ends of a new pipe.</summary>
    public static (PipeFile Reader, PipeFile Writer) CreatePair(GuestThread thread, int flags)
    {
        var files = thread.Kernel.Files;
        var inode = files.Pipes.NewInode(FileType.Fifo, 0x180, thread.Process.Credentials);
        var location = files.Pipes.Place($"pipe:[{inode.Attributes.Number}]", inode);
        var buffer = new PipeBuffer(files.Memory);
        inode.Fifo = buffer;
        return (new PipeFile(location, flags | OpenFlags.ReadOnly, buffer), new PipeFile(location, flags | OpenFlags.WriteOnly, buffer));
    }

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (buffer.Remaining == 0)
        {
            return 0;
        }

        while (Buffer.Count == 0)
        {
            if (Buffer.Writers == 0)
            {
                return 0;
            }

            if (IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await Buffer.DataArrived.Wait(thread) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        var done = Buffer.Take(buffer);
        if (Buffer.Count > 0)
        {
            // One wake-up let this reader through; what it left is for the next.
            Buffer.DataArrived.Wake();
        }

        return done;
    }

    public override async ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        var total = 0L;
        var atomic = buffer.Remaining <= PipeBuffer.AtomicBytes;
        var inPackets = (StatusFlags & OpenFlags.Direct) != 0;
        while (buffer.Remaining > 0)
        {
            if (Buffer.Readers == 0)
            {
                thread.Send(SignalInfo.FromKernel(Signal.SIGPIPE));
                return total > 0 ? total : Errno.EPIPE.ToResult();
            }

            if (inPackets ? Buffer.HasRoomForPacket(Math.Min(buffer.Remaining, PipeBuffer.AtomicBytes))
                : atomic ? (ulong)Buffer.Room >= buffer.Remaining : Buffer.Room > 0)
            {
                var done = inPackets ? Buffer.PutPacket(buffer) : Buffer.Put(buffer);
                if (done <= 0)
                {
                    return total > 0 ? total : done;
                }

                total += done;
                continue;
            }

            if (IsNonBlocking)
            {
                return total > 0 ? total : Errno.EAGAIN.ToResult();
            }

            if (await Buffer.RoomMade.Wait(thread) == WakeReason.Interrupted)
            {
                return total > 0 ? total : SyscallRestart.IfHandlerAllows;
            }
        }

        if (Buffer.Room >= PipeBuffer.AtomicBytes)
        {
            Buffer.RoomMade.Wake();
        }

        return total;
    }

    public override PollEvents Poll()
    {
        var events = PollEvents.None;
        if ((Ends & PipeEnds.Read) != 0)
        {
            events |= Buffer.Count > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
            events |= Buffer.Writers == 0 && HadWriter ? PollEvents.HangUp : PollEvents.None;
        }

        if ((Ends & PipeEnds.Write) != 0)
        {
            events |= Buffer.HasRoomForPacket(PipeBuffer.AtomicBytes) ? PollEvents.Out | PollEvents.WriteNormal : PollEvents.None;
            events |= Buffer.Readers == 0 ? PollEvents.Error : PollEvents.None;
        }

        return events;
    }

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument)
    {
        if (request != IoctlRequest.BytesReadable)
        {
            return new(Errno.ENOTTY.ToResult());
        }

        return new(thread.Process.Space.TryWrite(new VirtualAddress(argument), Buffer.Count) ? 0 : Errno.EFAULT.ToResult());
    }

    /// <summary>A fifo that no writer ever opened since this reader came shows no hang-up.</summary>
    protected virtual bool HadWriter => true;

    protected override void OnLastClose() => Buffer.RemoveEnds(Ends);
}
