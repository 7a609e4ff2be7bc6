using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Sockets;

/// <summary>A socket of the UNIX family (unix(7)): its state and connections. Moving bytes is in the other part.</summary>
public sealed partial class SocketFile : OpenFile
{
    private const int LargestBacklog = 4096;

    private readonly FileSystem _files;
    private readonly Queue<SocketFile> _pending = new();
    private FileLocation? _boundAt;
    private string? _abstractName;
    private int _backlog;

    public SocketFile(FileSystem files, SocketType type, int flags, SocketIdentity owner)
        : base(NewPlace(files), flags | OpenFlags.ReadWrite)
    {
        _files = files;
        Type = type;
        Identity = owner;
    }

    public SocketType Type { get; }

    public override WaitQueue ReadinessQueue { get; } = new();

    public override AsyncListeners AsyncEvents { get; } = new();

    // A write found no room since O_ASYNC is on: only then is room worth a signal (SOCKWQ_ASYNC_NOSPACE).
    private bool _asksForRoom;

    /// <summary>Who made it, or for a listening socket who listens.</summary>
    public SocketIdentity Identity { get; private set; }

    public SocketFile? Peer { get; private set; }

    /// <summary>Who the peer was when the connection was made.</summary>
    public SocketIdentity PeerIdentity { get; private set; } = new(0, uint.MaxValue, uint.MaxValue);

    /// <summary>The bytes behind the family in sockaddr_un; empty while not bound.</summary>
    public byte[] Name { get; private set; } = [];

    public bool IsListening { get; private set; }

    /// <summary>It had a peer once (stream and sequenced packets).</summary>
    public bool WasConnected { get; private set; }

    /// <summary>SO_ERROR: told once.</summary>
    public Errno PendingError { get; set; }

    /// <summary>SO_PASSCRED: received messages carry their sender's identity.</summary>
    public bool WantsIdentities { get; set; }

    /// <summary>SO_RCVTIMEO and SO_SNDTIMEO; zero waits for ever.</summary>
    public VirtualTime ReceiveTimeout { get; set; }

    public VirtualTime SendTimeout { get; set; }

    /// <summary>Directions that this side ended.</summary>
    public SocketDirections Ended { get; private set; }

    private bool IsConnectionOriented => Type != SocketType.Datagram;

    /// <summary>Two sockets joined to each other (socketpair).</summary>
    public static (SocketFile First, SocketFile Second) CreatePair(FileSystem files, SocketType type, int flags, SocketIdentity owner)
    {
        var first = new SocketFile(files, type, flags, owner);
        var second = new SocketFile(files, type, flags, owner);
        Join(first, second);
        return (first, second);
    }

    public Errno Bind(in FileCaller caller, byte[] name)
    {
        if (Name.Length > 0)
        {
            return Errno.EINVAL;
        }

        if (name.Length == 0 || name[0] == 0)
        {
            var text = name.Length == 0 ? _files.Sockets.TakeAutomaticName() : Encoding.Latin1.GetString(name.AsSpan(1));
            if (!_files.Sockets.TryAdd(text, this))
            {
                return Errno.EADDRINUSE;
            }

            _abstractName = text;
            Name = [0, .. Encoding.Latin1.GetBytes(text)];
            return Errno.None;
        }

        var path = PathIn(name);
        var start = caller.Context.WorkingDirectory;
        var error = _files.MakeNode(caller, start, path, FileType.Socket, 0x1FF, 0);
        if (error != Errno.None)
        {
            return error == Errno.EEXIST ? Errno.EADDRINUSE : error;
        }

        error = _files.Resolve(caller, start, path, Walk.WalkModes.None, out var place);
        if (error != Errno.None)
        {
            return error;
        }

        _boundAt = place.Pin();
        _files.Sockets.Add(place.Inode, this);
        Name = [.. Encoding.Latin1.GetBytes(path), 0];
        return Errno.None;
    }

    public Errno Listen(int backlog, SocketIdentity who)
    {
        if (!IsConnectionOriented)
        {
            return Errno.ENOTSUP;
        }

        if (Name.Length == 0 || WasConnected)
        {
            return Errno.EINVAL;
        }

        IsListening = true;
        Identity = who;
        _backlog = Math.Clamp(backlog, 0, LargestBacklog);
        ReadinessQueue.WakeAll();
        return Errno.None;
    }

    /// <summary>Finds the socket that a name belongs to.</summary>
    public Errno FindTarget(in FileCaller caller, byte[] name, out SocketFile? target)
    {
        target = null;
        if (name.Length == 0)
        {
            return Errno.EINVAL;
        }

        if (name[0] == 0)
        {
            target = _files.Sockets.Find(Encoding.Latin1.GetString(name.AsSpan(1)));
        }
        else
        {
            var error = _files.Resolve(caller, PathIn(name), out var place);
            error = error == Errno.None ? AccessCheck.Check(caller.Credentials, place.Inode.Attributes, AccessModes.Write) : error;
            if (error != Errno.None)
            {
                return error;
            }

            target = place.Inode.Type == FileType.Socket ? _files.Sockets.Find(place.Inode) : null;
        }

        return target is null ? Errno.ECONNREFUSED : target.Type != Type ? Errno.EPROTOTYPE : Errno.None;
    }

    /// <summary>connect. EAGAIN: the listener has no room now; wait on its readiness.</summary>
    public Errno Connect(SocketFile target, SocketIdentity who)
    {
        if (!IsConnectionOriented)
        {
            Peer = target;
            PeerIdentity = target.Identity;
            ReadinessQueue.WakeAll();
            return Errno.None;
        }

        if (WasConnected)
        {
            return Errno.EISCONN;
        }

        if (IsListening)
        {
            return Errno.EINVAL;
        }

        if (!target.IsListening || target.IsClosed || (target.Ended & SocketDirections.Receive) != 0)
        {
            return Errno.ECONNREFUSED;
        }

        if (target._pending.Count > target._backlog)
        {
            return Errno.EAGAIN;
        }

        Identity = who;
        var accepted = new SocketFile(_files, Type, 0, target.Identity) { Name = target.Name };
        if (!accepted.TryCharge(_files.Memory))
        {
            accepted.Release();
            return Errno.ENOMEM;
        }

        Join(this, accepted);
        target._pending.Enqueue(accepted);
        target.ReadinessQueue.WakeAll();
        target.AsyncEvents.Tell(AsyncReason.Input);
        return Errno.None;
    }

    /// <summary>A datagram socket that is connected to nothing again (AF_UNSPEC).</summary>
    public void Disconnect() => Peer = null;

    /// <summary>The next connection; null if nobody waits. The caller owns the reference.</summary>
    public SocketFile? Accept()
    {
        if (!_pending.TryDequeue(out var accepted))
        {
            return null;
        }

        ReadinessQueue.WakeAll();
        return accepted;
    }

    public Errno Shutdown(SocketDirections directions)
    {
        if (IsConnectionOriented && !WasConnected && !IsListening)
        {
            return Errno.ENOTCONN;
        }

        Ended |= directions;
        ReadinessQueue.WakeAll();
        Peer?.ReadinessQueue.WakeAll();
        Peer?.AsyncEvents.Tell(AsyncReason.Input);
        return Errno.None;
    }

    public override PollEvents Poll()
    {
        if (IsListening)
        {
            return _pending.Count > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
        }

        var events = PendingError != Errno.None ? PollEvents.Error : PollEvents.None;
        events |= _received.Count > 0 ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
        if (IsConnectionOriented)
        {
            var receiveEnded = IsReceiveOver;
            events |= receiveEnded ? PollEvents.In | PollEvents.ReadNormal | PollEvents.ReadHangUp : PollEvents.None;
            events |= !WasConnected || IsPeerGone || Ended == SocketDirections.Both ? PollEvents.HangUp : PollEvents.None;
        }

        return HasSendRoom ? events | PollEvents.Out | PollEvents.WriteNormal : events;
    }

    protected override void OnLastClose()
    {
        if (_abstractName is not null)
        {
            _files.Sockets.Remove(_abstractName);
        }

        if (_boundAt is { } place)
        {
            _files.Sockets.Remove(place.Inode);
            place.Unpin();
        }

        while (_pending.TryDequeue(out var waiting))
        {
            waiting.Release();
        }

        // Bytes that nobody will read are an error for whoever sent them.
        if (Peer is { } peer && peer.Peer == this)
        {
            peer.PendingError = IsConnectionOriented && _received.Count > 0 ? Errno.ECONNRESET : peer.PendingError;
            peer.ReadinessQueue.WakeAll();
            peer.AsyncEvents.Tell(AsyncReason.HangUp);
        }

        DiscardReceived();
        ReadinessQueue.WakeAll();
        _files.Sockets.Flying.Collect();
    }

    private static void Join(SocketFile first, SocketFile second)
    {
        (first.Peer, second.Peer) = (second, first);
        (first.PeerIdentity, second.PeerIdentity) = (second.Identity, first.Identity);
        first.WasConnected = first.IsConnectionOriented;
        second.WasConnected = second.IsConnectionOriented;
        first.ReadinessQueue.WakeAll();
    }

    private static FileLocation NewPlace(FileSystem files)
    {
        var inode = files.SocketInodes.NewInode(FileType.Socket, 0x1FF, owner: null);
        return files.SocketInodes.Place($"socket:[{inode.Attributes.Number}]", inode);
    }

    // A path ends at its first NUL, or at the address's end.
    private static string PathIn(byte[] name)
    {
        var end = Array.IndexOf(name, (byte)0);
        return Encoding.Latin1.GetString(name, 0, end < 0 ? name.Length : end);
    }
}
