using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Sockets;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Sockets of the UNIX family (unix(7)); there is no network, and no other family.</summary>
internal static class SocketCalls
{
    public const ushort UnixFamily = 1;
    private const int TypeMask = 0xF;
    private const int SocketLevel = 1;
    private const int LongestName = 108;
    private const int FamilyBytes = 2;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(41, "socket", "int,int,int", Create);
        table.Add(42, "connect", "fd,ptr,uint", Connect);
        table.Add(43, "accept", "fd,ptr,ptr", (thread, a) => Accept(thread, a.A0, a.A1, a.A2, 0));
        table.AddImmediate(48, "shutdown", "fd,int", Shutdown);
        table.AddImmediate(49, "bind", "fd,ptr,uint", Bind);
        table.AddImmediate(50, "listen", "fd,int", Listen);
        table.AddImmediate(51, "getsockname", "fd,ptr,ptr", (thread, a) =>
            TrySocket(thread, a.A0, out var socket, out var result) ? WriteAddress(thread, socket!.Name, a.A1, a.A2) : result);
        table.AddImmediate(52, "getpeername", "fd,ptr,ptr", (thread, a) =>
            !TrySocket(thread, a.A0, out var socket, out var result) ? result
                : socket!.Peer is not { } peer ? Errno.ENOTCONN.ToResult()
                : WriteAddress(thread, peer.Name, a.A1, a.A2));
        table.AddImmediate(53, "socketpair", "int,int,int,ptr", CreatePair);
        table.AddImmediate(54, "setsockopt", "fd,int,int,ptr,uint", SetOption);
        table.AddImmediate(55, "getsockopt", "fd,int,int,ptr,ptr", GetOption);
        table.Add(288, "accept4", "fd,ptr,ptr,flags:open", (thread, a) => Accept(thread, a.A0, a.A1, a.A2, (int)a.A3));
    }

    public static bool TrySocket(GuestThread thread, ulong descriptor, out SocketFile? socket, out long result)
    {
        socket = null;
        if (!FileArguments.TryUsableFile(thread, descriptor, out var file, out result))
        {
            return false;
        }

        socket = file as SocketFile;
        result = socket is null ? Errno.ENOTSOCK.ToResult() : 0;
        return socket is not null;
    }

    public static SocketIdentity IdentityOf(GuestThread thread)
    {
        var who = thread.Process.Credentials;
        return new SocketIdentity(thread.Process.ProcessId, (uint)who.EffectiveUserId, (uint)who.EffectiveGroupId);
    }

    /// <summary>The name in a sockaddr_un: what follows the family.</summary>
    public static Errno ReadAddress(GuestThread thread, ulong address, ulong length, out ushort family, out byte[] name)
    {
        family = 0;
        name = [];
        if (length is < FamilyBytes or > FamilyBytes + LongestName)
        {
            return Errno.EINVAL;
        }

        var bytes = new byte[length];
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(address), bytes) < bytes.Length)
        {
            return Errno.EFAULT;
        }

        family = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        name = bytes[FamilyBytes..];
        return Errno.None;
    }

    /// <summary>Writes as much of the address as fits, and how long it really is.</summary>
    public static long WriteAddress(GuestThread thread, byte[] name, ulong address, ulong lengthAt)
    {
        if (address == 0)
        {
            return 0;
        }

        if (!FileArguments.TryRead<int>(thread, lengthAt, out var room))
        {
            return Errno.EFAULT.ToResult();
        }

        if (room < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var bytes = AddressBytes(name);
        var copied = FileArguments.Copy(thread, address, bytes.AsSpan(0, Math.Min(room, bytes.Length)));
        return copied < 0 || !FileArguments.TryWrite(thread, lengthAt, bytes.Length) ? Errno.EFAULT.ToResult() : 0;
    }

    public static byte[] AddressBytes(byte[] name)
    {
        var bytes = new byte[FamilyBytes + name.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, UnixFamily);
        name.CopyTo(bytes, FamilyBytes);
        return bytes;
    }

    private static Errno CheckKind(ulong family, ulong typeAndFlags, ulong protocol, out SocketType type, out int flags)
    {
        type = (SocketType)(typeAndFlags & TypeMask);
        flags = (int)typeAndFlags & ~TypeMask;

        // SOCK_RAW is a datagram here, as on Linux.
        type = (int)type == 3 ? SocketType.Datagram : type;
        return (flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) != 0 ? Errno.EINVAL
            : family != UnixFamily ? Errno.EAFNOSUPPORT
            : protocol is not (0 or UnixFamily) ? Errno.EPROTONOSUPPORT
            : !Enum.IsDefined(type) ? Errno.ESOCKTNOSUPPORT
            : Errno.None;
    }

    private static long Create(GuestThread thread, SyscallArguments a)
    {
        var error = CheckKind(a.A0, a.A1, a.A2, out var type, out var flags);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var socket = new SocketFile(thread.Kernel.Files, type, flags & OpenFlags.NonBlocking, IdentityOf(thread));
        return FileArguments.Install(thread, socket, FileArguments.ModeOf(flags));
    }

    private static long CreatePair(GuestThread thread, SyscallArguments a)
    {
        // The numbers find their place before there are sockets.
        var error = CheckKind(a.A0, a.A1, a.A2, out var type, out var flags);
        var isKnown = (flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) == 0;
        if (isKnown && !FileArguments.TryWrite(thread, a.A3, default((int, int))))
        {
            return Errno.EFAULT.ToResult();
        }

        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var (first, second) = SocketFile.CreatePair(thread.Kernel.Files, type, flags & OpenFlags.NonBlocking, IdentityOf(thread));
        return FileArguments.InstallPair(thread, first, second, FileArguments.ModeOf(flags), a.A3);
    }

    private static long Bind(GuestThread thread, SyscallArguments a)
    {
        if (!TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        var error = ReadAddress(thread, a.A1, a.A2, out var family, out var name);
        return (error != Errno.None ? error : family != UnixFamily ? Errno.EINVAL : socket!.Bind(FileCaller.Of(thread), name)).ToResult();
    }

    private static long Listen(GuestThread thread, SyscallArguments a) =>
        TrySocket(thread, a.A0, out var socket, out var result) ? socket!.Listen((int)a.A1, IdentityOf(thread)).ToResult() : result;

    private static async ValueTask<long> Connect(GuestThread thread, SyscallArguments a)
    {
        // The address is read before anybody asks whether the file is a socket.
        if (!FileArguments.TryUsableFile(thread, a.A0, out _, out var result))
        {
            return result;
        }

        var error = ReadAddress(thread, a.A1, a.A2, out var family, out var name);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (!TrySocket(thread, a.A0, out var socket, out result))
        {
            return result;
        }

        if (family == 0 && socket!.Type == SocketType.Datagram)
        {
            socket.Disconnect();
            return 0;
        }

        if (family != UnixFamily)
        {
            return Errno.EINVAL.ToResult();
        }

        while (true)
        {
            error = socket!.FindTarget(FileCaller.Of(thread), name, out var target);
            error = error == Errno.None ? socket.Connect(target!, IdentityOf(thread)) : error;
            if (error != Errno.EAGAIN || socket.IsNonBlocking)
            {
                return error.ToResult();
            }

            if (await target!.ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }
    }

    private static async ValueTask<long> Accept(GuestThread thread, ulong descriptor, ulong address, ulong lengthAt, int flags)
    {
        if (!FileArguments.TryUsableFile(thread, descriptor, out _, out var result))
        {
            return result;
        }

        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!TrySocket(thread, descriptor, out var listener, out result))
        {
            return result;
        }

        if (!listener!.IsListening)
        {
            return (listener.Type == SocketType.Datagram ? Errno.ENOTSUP : Errno.EINVAL).ToResult();
        }

        SocketFile? accepted;
        while ((accepted = listener.Accept()) is null)
        {
            if ((listener.Ended & SocketDirections.Receive) != 0)
            {
                return Errno.EINVAL.ToResult();
            }

            if (listener.IsNonBlocking)
            {
                return Errno.EAGAIN.ToResult();
            }

            if (await listener.ReadinessQueue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        accepted.StatusFlags |= flags & OpenFlags.NonBlocking;
        var written = WriteAddress(thread, accepted.Peer?.Name ?? [], address, lengthAt);
        if (written < 0)
        {
            accepted.Release();
            return written;
        }

        return FileArguments.Install(thread, accepted, FileArguments.ModeOf(flags));
    }

    private static long Shutdown(GuestThread thread, SyscallArguments a)
    {
        if (!TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        return ((int)a.A1 switch
        {
            0 => socket!.Shutdown(SocketDirections.Receive),
            1 => socket!.Shutdown(SocketDirections.Send),
            2 => socket!.Shutdown(SocketDirections.Both),
            _ => Errno.EINVAL,
        }).ToResult();
    }

    private static class Option
    {
        public const int Type = 3;
        public const int Error = 4;
        public const int SendBuffer = 7;
        public const int ReceiveBuffer = 8;
        public const int PassCredentials = 16;
        public const int PeerCredentials = 17;
        public const int ReceiveTimeout = 20;
        public const int SendTimeout = 21;
        public const int AcceptsConnections = 30;
        public const int Protocol = 38;
        public const int Domain = 39;

        /// <summary>The last that Linux 6.1 knows at this level.</summary>
        public const int Last = 76;
    }

    private static long SetOption(GuestThread thread, SyscallArguments a)
    {
        if (!TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        var option = (int)a.A2;
        if ((int)a.A1 != SocketLevel)
        {
            return Errno.ENOTSUP.ToResult();
        }

        if (option is Option.ReceiveTimeout or Option.SendTimeout)
        {
            if (!FileArguments.TryRead<GuestTimeval>(thread, a.A3, out var timeout))
            {
                return Errno.EFAULT.ToResult();
            }

            if (!timeout.IsValid)
            {
                return Errno.EDOM.ToResult();
            }

            _ = option == Option.ReceiveTimeout ? socket!.ReceiveTimeout = timeout.ToTime() : socket!.SendTimeout = timeout.ToTime();
            return 0;
        }

        if ((int)a.A4 < sizeof(int) || option is <= 0 or > Option.Last || option is Option.Type or Option.Error or Option.AcceptsConnections or Option.Protocol or Option.Domain)
        {
            return (option is <= 0 or > Option.Last || (int)a.A4 >= sizeof(int) ? Errno.ENOPROTOOPT : Errno.EINVAL).ToResult();
        }

        if (!FileArguments.TryRead<int>(thread, a.A3, out var value))
        {
            return Errno.EFAULT.ToResult();
        }

        if (option == Option.PassCredentials)
        {
            socket!.WantsIdentities = value != 0;
        }

        return 0;
    }

    private static long GetOption(GuestThread thread, SyscallArguments a)
    {
        if (!TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        if (!FileArguments.TryRead<int>(thread, a.A4, out var room))
        {
            return Errno.EFAULT.ToResult();
        }

        if (room < 0 || (int)a.A1 != SocketLevel)
        {
            return (room < 0 ? Errno.EINVAL : Errno.ENOTSUP).ToResult();
        }

        var bytes = OptionValue(socket!, (int)a.A2);
        if (bytes is null)
        {
            return Errno.ENOPROTOOPT.ToResult();
        }

        var length = Math.Min(room, bytes.Length);
        var copied = FileArguments.Copy(thread, a.A3, bytes.AsSpan(0, length));
        return copied < 0 || !FileArguments.TryWrite(thread, a.A4, length) ? Errno.EFAULT.ToResult() : 0;
    }

    private static byte[]? OptionValue(SocketFile socket, int option)
    {
        switch (option)
        {
            case Option.Type:
                return BitConverter.GetBytes((int)socket.Type);
            case Option.Error:
                var error = (int)socket.PendingError;
                socket.PendingError = Errno.None;
                return BitConverter.GetBytes(error);
            case Option.SendBuffer or Option.ReceiveBuffer:
                return BitConverter.GetBytes(SocketFile.BufferBytes);
            case Option.PassCredentials:
                return BitConverter.GetBytes(socket.WantsIdentities ? 1 : 0);
            case Option.PeerCredentials:
                var peer = socket.PeerIdentity;
                return [.. BitConverter.GetBytes(peer.ProcessId), .. BitConverter.GetBytes(peer.UserId), .. BitConverter.GetBytes(peer.GroupId)];
            case Option.ReceiveTimeout or Option.SendTimeout:
                var timeout = GuestTimeval.From(option == Option.ReceiveTimeout ? socket.ReceiveTimeout : socket.SendTimeout);
                return [.. BitConverter.GetBytes(timeout.Seconds), .. BitConverter.GetBytes(timeout.Microseconds)];
            case Option.AcceptsConnections:
                return BitConverter.GetBytes(socket.IsListening ? 1 : 0);
            case Option.Protocol:
                return BitConverter.GetBytes(0);
            case Option.Domain:
                return BitConverter.GetBytes((int)UnixFamily);
            default:
                return option is > 0 and <= Option.Last ? BitConverter.GetBytes(0) : null;
        }
    }
}
