namespace Quire.Kernel.Files.Sockets;

/// <summary>SOCK_*, ABI values.</summary>
public enum SocketType
{
    /// <summary>A byte stream between two.</summary>
    Stream = 1,

    /// <summary>Messages, each for whoever it is addressed to.</summary>
    Datagram = 2,

    /// <summary>Messages between two.</summary>
    SequencedPacket = 5,
}

/// <summary>Who a peer is (SO_PEERCRED, SCM_CREDENTIALS): struct ucred.</summary>
public readonly record struct SocketIdentity(int ProcessId, uint UserId, uint GroupId);

/// <summary>MSG_*, ABI values.</summary>
[Flags]
public enum MessageFlags : uint
{
    None = 0,
    Peek = 0x2,
    ControlTruncated = 0x8,
    Truncated = 0x20,
    DontWait = 0x40,
    EndOfRecord = 0x80,
    WaitAll = 0x100,
    NoSignal = 0x4000,
    CloseOnExec = 0x4000_0000,
}

/// <summary>Which directions shutdown(2) ended.</summary>
[Flags]
public enum SocketDirections
{
    None = 0,
    Receive = 1,
    Send = 2,
    Both = Receive | Send,
}
