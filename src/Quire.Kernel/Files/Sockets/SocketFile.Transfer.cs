using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Sockets;

/// <summary>What sendmsg gives besides bytes.</summary>
public readonly record struct SocketSend(MessageFlags Flags)
{
    /// <summary>References that go over to the receiver.</summary>
    public IReadOnlyList<OpenFile> Rights { get; init; } = [];

    /// <summary>Where to, for a datagram with an address of its own.</summary>
    public SocketFile? Target { get; init; }
}

/// <summary>What recvmsg gets besides bytes.</summary>
public sealed class SocketReceipt
{
    public long Result { get; set; }

    public IReadOnlyList<OpenFile> Rights { get; set; } = [];

    public SocketIdentity Sender { get; set; }

    public byte[] SenderName { get; set; } = [];

    public MessageFlags Flags { get; set; }
}

// Sending and receiving. A message belongs to the receiver's queue from the moment it is sent.
public sealed partial class SocketFile
{
    /// <summary>net.core.wmem_default: bytes that may be under way to one receiver.</summary>
    public const int BufferBytes = 212_992;

    private const int LargestSegment = 32_768;
    private const int MostDatagrams = 512;

    private readonly LinkedList<SocketMessage> _received = [];
    private int _receivedBytes;

    /// <summary>FIONREAD.</summary>
    public int ReadableBytes => IsConnectionOriented && Type == SocketType.Stream ? _receivedBytes : _received.First?.Value.Left ?? 0;

    private bool IsPeerGone => Peer is null || Peer.IsClosed;

    private bool IsReceiveOver => (Ended & SocketDirections.Receive) != 0 || IsPeerGone || (Peer!.Ended & SocketDirections.Send) != 0;

    private bool HasSendRoom => !IsConnectionOriented ? Peer is null || Peer.CanTake(1) : WasConnected && (IsPeerGone || Peer!.CanTake(1));

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => ReceiveBytes(thread, buffer);

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => Send(thread, buffer, new SocketSend(MessageFlags.None));

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument)
    {
        if (request is IoctlRequest.SetSocketOwner or IoctlRequest.SetSocketGroup)
        {
            return new(!thread.Process.Space.TryRead(new VirtualAddress(argument), out int who) ? Errno.EFAULT.ToResult() : Syscalls.Files.FileOwners.Set(thread, this, who));
        }

        if (request is IoctlRequest.GetSocketOwner or IoctlRequest.GetSocketGroup)
        {
            return new(thread.Process.Space.TryWrite(new VirtualAddress(argument), (int)Syscalls.Files.FileOwners.Get(thread.Kernel, this)) ? 0 : Errno.EFAULT.ToResult());
        }

        if (request is not (IoctlRequest.BytesReadable or IoctlRequest.BytesToSend))
        {
            return new(Errno.ENOTTY.ToResult());
        }

        var bytes = request == IoctlRequest.BytesReadable ? ReadableBytes : Peer?._receivedBytes ?? 0;
        return new(thread.Process.Space.TryWrite(new VirtualAddress(argument), bytes) ? 0 : Errno.EFAULT.ToResult());
    }

    public async ValueTask<long> Send(GuestThread thread, UserBuffer buffer, SocketSend send)
    {
        var result = Type == SocketType.Stream ? await SendStream(thread, buffer, send) : await SendMessage(thread, buffer, send);
        if (result == Errno.EPIPE.ToResult() && (send.Flags & MessageFlags.NoSignal) == 0)
        {
            thread.Send(SignalInfo.FromKernel(Signal.SIGPIPE));
        }

        return result;
    }

    public async ValueTask<SocketReceipt> Receive(GuestThread thread, UserBuffer buffer, MessageFlags flags)
    {
        var receipt = new SocketReceipt();
        if (IsListening || IsConnectionOriented && !WasConnected)
        {
            receipt.Result = (Type == SocketType.Stream || IsListening ? Errno.EINVAL : Errno.ENOTCONN).ToResult();
            return receipt;
        }

        var deadline = ReceiveTimeout == VirtualTime.Zero ? VirtualTime.Never : GuestClocks.After(thread.Kernel, ReceiveTimeout);
        var total = 0L;
        while (true)
        {
            if (_received.Count > 0)
            {
                var wasAncillary = TakeNext(buffer, flags, receipt, ref total);
                if (Type != SocketType.Stream || wasAncillary || buffer.Remaining == 0 || total < 0)
                {
                    break;
                }

                if (_received.Count > 0 && (flags & MessageFlags.Peek) == 0)
                {
                    continue;
                }
            }

            var mayWait = total == 0 || (flags & (MessageFlags.WaitAll | MessageFlags.Peek)) == MessageFlags.WaitAll;
            if (!mayWait || buffer.Remaining == 0 && Type == SocketType.Stream)
            {
                break;
            }

            if (PendingError != Errno.None && total == 0)
            {
                total = PendingError.ToResult();
                PendingError = Errno.None;
                break;
            }

            if (IsConnectionOriented ? IsReceiveOver : (Ended & SocketDirections.Receive) != 0)
            {
                break;
            }

            if (IsNonBlocking || (flags & MessageFlags.DontWait) != 0)
            {
                total = total > 0 ? total : Errno.EAGAIN.ToResult();
                break;
            }

            var reason = await ReadinessQueue.Wait(thread, deadline, WaitMode.Shared);
            if (reason != WakeReason.Woken)
            {
                total = total > 0 ? total : reason == WakeReason.TimedOut ? Errno.EAGAIN.ToResult() : SyscallRestart.IfHandlerAllows;
                break;
            }
        }

        receipt.Result = total;
        return receipt;
    }

    private async ValueTask<long> ReceiveBytes(GuestThread thread, UserBuffer buffer)
    {
        if (buffer.Remaining == 0 && Type == SocketType.Stream)
        {
            return 0;
        }

        var receipt = await Receive(thread, buffer, MessageFlags.None);
        foreach (var file in receipt.Rights)
        {
            file.Release();
        }

        return receipt.Result;
    }

    // Moves bytes of the first message out. True if files or another sender's identity end a stream's receive here.
    private bool TakeNext(UserBuffer buffer, MessageFlags flags, SocketReceipt receipt, ref long total)
    {
        var message = _received.First!.Value;
        var isPeek = (flags & MessageFlags.Peek) != 0;
        var hadRights = message.Rights.Count > 0;
        if (Type == SocketType.Stream && total > 0 && hadRights)
        {
            return true;
        }

        var done = message.CopyTo(buffer);
        if (done == 0 && message.Left > 0 && buffer.Remaining > 0)
        {
            total = total > 0 ? total : Errno.EFAULT.ToResult();
            return true;
        }

        receipt.Sender = message.Sender;
        receipt.SenderName = message.SenderName;
        if (isPeek)
        {
            // The receiver gets references of its own; the message keeps its.
            receipt.Rights = message.Rights;
            foreach (var file in message.Rights)
            {
                file.AddReference();
            }
        }
        else if (hadRights)
        {
            receipt.Rights = message.TakeRights();
        }

        if (Type == SocketType.Stream)
        {
            total += done;
            if (!isPeek)
            {
                Consume(message, done);
            }

            return hadRights || isPeek;
        }

        receipt.Flags |= done < message.Left ? MessageFlags.Truncated : MessageFlags.None;
        receipt.Flags |= Type == SocketType.SequencedPacket ? MessageFlags.EndOfRecord : MessageFlags.None;
        total = (flags & MessageFlags.Truncated) != 0 ? message.Left : done;
        if (!isPeek)
        {
            Consume(message, message.Left);
        }

        return true;
    }

    private void Consume(SocketMessage message, int bytes)
    {
        message.Consume(bytes);
        _receivedBytes -= bytes;
        if (message.Left == 0)
        {
            _received.Remove(message);
            message.Discard();
        }

        // sock_writeable: told once at least half of what may be under way has gone.
        if (Peer is { _asksForRoom: true } sender && 2 * (_receivedBytes + bytes) >= BufferBytes && 2 * _receivedBytes < BufferBytes)
        {
            sender._asksForRoom = false;
            sender.AsyncEvents.Tell(AsyncReason.Output);
        }

        // Whoever waits for room sleeps on its own socket.
        ReadinessQueue.WakeAll();
        Peer?.ReadinessQueue.WakeAll();
        foreach (var waiting in _waitingSenders)
        {
            waiting.ReadinessQueue.WakeAll();
        }

        _waitingSenders.Clear();
    }

    private readonly List<SocketFile> _waitingSenders = [];

    private bool CanTake(int bytes) =>
        Type == SocketType.Datagram ? _received.Count < MostDatagrams && (_receivedBytes == 0 || _receivedBytes + bytes <= BufferBytes) : _receivedBytes + bytes <= BufferBytes;

    private void Deliver(SocketMessage message)
    {
        _received.AddLast(message);
        _receivedBytes += message.Length;
        ReadinessQueue.WakeAll();
        AsyncEvents.Tell(AsyncReason.Input);
    }

    private async ValueTask<long> SendStream(GuestThread thread, UserBuffer buffer, SocketSend send)
    {
        if (send.Target is not null)
        {
            return (WasConnected ? Errno.EISCONN : Errno.ENOTSUP).ToResult();
        }

        var total = 0L;
        var rights = send.Rights;
        while (buffer.Remaining > 0)
        {
            var error = CheckSend(Peer);
            if (error != Errno.None)
            {
                return total > 0 ? total : error.ToResult();
            }

            var room = BufferBytes - Peer!._receivedBytes;
            if (room <= 0)
            {
                var waited = await WaitForRoom(thread, Peer, send.Flags);
                if (waited < 0)
                {
                    return total > 0 ? total : waited;
                }

                continue;
            }

            var length = (int)Math.Min((ulong)Math.Min(room, LargestSegment), buffer.Remaining);
            var message = NewMessage(thread, length);
            error = message.Fill(buffer, length);
            if (error != Errno.None && message.Length == 0)
            {
                message.Discard();
                return total > 0 ? total : error.ToResult();
            }

            message.Attach(rights);
            rights = [];
            Peer.Deliver(message);
            total += message.Length;
            if (error != Errno.None)
            {
                break;
            }
        }

        return total;
    }

    private async ValueTask<long> SendMessage(GuestThread thread, UserBuffer buffer, SocketSend send)
    {
        if (IsConnectionOriented && send.Target is not null)
        {
            return Errno.EISCONN.ToResult();
        }

        var target = send.Target ?? Peer;
        while (true)
        {
            var error = CheckSend(target);
            if (error != Errno.None)
            {
                return error.ToResult();
            }

            if (buffer.Remaining > BufferBytes)
            {
                return Errno.EMSGSIZE.ToResult();
            }

            if (target!.CanTake((int)buffer.Remaining))
            {
                break;
            }

            var waited = await WaitForRoom(thread, target, send.Flags);
            if (waited < 0)
            {
                return waited;
            }
        }

        var length = (int)buffer.Remaining;
        var message = NewMessage(thread, length);
        var failure = message.Fill(buffer, length);
        if (failure != Errno.None)
        {
            message.Discard();
            return failure.ToResult();
        }

        message.Attach(send.Rights);
        target.Deliver(message);
        return length;
    }

    private Errno CheckSend(SocketFile? target)
    {
        if (PendingError != Errno.None)
        {
            var error = PendingError;
            PendingError = Errno.None;
            return error;
        }

        if ((Ended & SocketDirections.Send) != 0)
        {
            return Errno.EPIPE;
        }

        if (target is null)
        {
            return Errno.ENOTCONN;
        }

        if (target.IsClosed || (target.Ended & SocketDirections.Receive) != 0)
        {
            return IsConnectionOriented ? Errno.EPIPE : Errno.ECONNREFUSED;
        }

        return Errno.None;
    }

    private async ValueTask<long> WaitForRoom(GuestThread thread, SocketFile target, MessageFlags flags)
    {
        _asksForRoom |= (StatusFlags & OpenFlags.Async) != 0;
        if (IsNonBlocking || (flags & MessageFlags.DontWait) != 0)
        {
            return Errno.EAGAIN.ToResult();
        }

        target._waitingSenders.Add(this);
        var deadline = SendTimeout == VirtualTime.Zero ? VirtualTime.Never : GuestClocks.After(thread.Kernel, SendTimeout);
        return await ReadinessQueue.Wait(thread, deadline, WaitMode.Shared) switch
        {
            WakeReason.Interrupted => SyscallRestart.IfHandlerAllows,
            WakeReason.TimedOut => Errno.EAGAIN.ToResult(),
            _ => 0,
        };
    }

    private SocketMessage NewMessage(GuestThread thread, int length)
    {
        var who = thread.Process.Credentials;
        return new SocketMessage(_files.Memory, _files.Sockets.Flying, length)
        {
            Sender = new SocketIdentity(thread.Process.ProcessId, (uint)who.RealUserId, (uint)who.RealGroupId),
            SenderName = Name,
        };
    }

    /// <summary>Sockets in messages that nobody has received yet, and in connections that nobody has accepted.</summary>
    internal IEnumerable<SocketFile> SocketsReceived() =>
        _received.SelectMany(message => message.Rights).OfType<SocketFile>().Concat(_pending.SelectMany(waiting => waiting.SocketsReceived()));

    /// <summary>Nobody can reach the socket any more: what lies in it goes.</summary>
    internal void Empty()
    {
        DiscardReceived();
        foreach (var waiting in _pending)
        {
            waiting.DiscardReceived();
        }
    }

    private void DiscardReceived()
    {
        var messages = _received.ToArray();
        _received.Clear();
        _receivedBytes = 0;
        foreach (var message in messages)
        {
            message.Discard();
        }
    }
}
