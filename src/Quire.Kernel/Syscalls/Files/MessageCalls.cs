using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Sockets;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>send and receive in all their forms, with files passed along (SCM_RIGHTS) and identities (SCM_CREDENTIALS).</summary>
internal static class MessageCalls
{
    private const int SocketLevel = 1;
    private const int RightsType = 1;
    private const int CredentialsType = 2;
    private const int MostRights = 253;
    private const int ControlHeader = 16;
    private const int LargestControl = 1 << 16;
    private const int MostMessages = 1024;

    // struct mmsghdr: a struct msghdr, msg_len behind it.
    private const ulong VectorEntry = 64;
    private const ulong VectorLength = 56;

    // MSG_CMSG_COMPAT: not from outside.
    private const uint ForCompatibility = 0x8000_0000;

    public static void Register(SyscallTable table)
    {
        table.Add(44, "sendto", "fd,bufin:2,size,hex,ptr,uint", SendTo);
        table.Add(45, "recvfrom", "fd,bufout,size,hex,ptr,ptr", ReceiveFrom);
        table.Add(46, "sendmsg", "fd,ptr,hex", (thread, a) => SendMessage(thread, a.A0, a.A1, (MessageFlags)a.A2));
        table.Add(47, "recvmsg", "fd,ptr,hex", (thread, a) => ReceiveMessage(thread, a.A0, a.A1, (MessageFlags)a.A2));
        table.Add(299, "recvmmsg", "fd,ptr,uint,hex,ptr", ReceiveMany);
        table.Add(307, "sendmmsg", "fd,ptr,uint,hex", SendMany);
    }

    private static async ValueTask<long> SendTo(GuestThread thread, SyscallArguments a)
    {
        var error = FileArguments.Buffer(thread, a.A1, Math.Min(a.A2, FileArguments.LargestTransfer), out var buffer);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (!SocketCalls.TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        SocketFile? target = null;
        error = error == Errno.None && a.A4 != 0 ? FindTarget(thread, socket!, a.A4, a.A5, out target) : error;
        return error != Errno.None ? error.ToResult() : await socket!.Send(thread, buffer, new SocketSend((MessageFlags)a.A3) { Target = target });
    }

    private static async ValueTask<long> ReceiveFrom(GuestThread thread, SyscallArguments a)
    {
        var error = FileArguments.Buffer(thread, a.A1, Math.Min(a.A2, FileArguments.LargestTransfer), out var buffer);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (!SocketCalls.TrySocket(thread, a.A0, out var socket, out var result))
        {
            return result;
        }

        var receipt = await socket!.Receive(thread, buffer, (MessageFlags)a.A3);
        Drop(receipt.Rights);
        if (receipt.Result < 0 || a.A4 == 0)
        {
            return receipt.Result;
        }

        var written = SocketCalls.WriteAddress(thread, receipt.SenderName, a.A4, a.A5);
        return written < 0 ? written : receipt.Result;
    }

    private static async ValueTask<long> SendMessage(GuestThread thread, ulong descriptor, ulong address, MessageFlags flags)
    {
        if (((uint)flags & ForCompatibility) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!SocketCalls.TrySocket(thread, descriptor, out var socket, out var result))
        {
            return result;
        }

        if (!FileArguments.TryRead<GuestMessageHeader>(thread, address, out var header))
        {
            return Errno.EFAULT.ToResult();
        }

        var error = FileArguments.Ranges(thread, header.Ranges, header.RangeCount, out var buffer);
        SocketFile? target = null;
        error = error == Errno.None && header.Name != 0 && header.NameLength != 0
            ? FindTarget(thread, socket!, header.Name, header.NameLength, out target) : error;
        var rights = new List<OpenFile>();
        error = error == Errno.None ? ReadControl(thread, header, rights) : error;
        if (error != Errno.None)
        {
            Drop(rights);
            return error.ToResult();
        }

        result = await socket!.Send(thread, buffer, new SocketSend(flags) { Target = target, Rights = rights });
        // Without a byte a stream sends nothing; a message may be empty.
        if (result < 0 || result == 0 && socket.Type == SocketType.Stream)
        {
            Drop(rights);
        }

        return result;
    }

    private static async ValueTask<long> ReceiveMessage(GuestThread thread, ulong descriptor, ulong address, MessageFlags flags)
    {
        if (((uint)flags & ForCompatibility) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!SocketCalls.TrySocket(thread, descriptor, out var socket, out var result))
        {
            return result;
        }

        if (!FileArguments.TryRead<GuestMessageHeader>(thread, address, out var header))
        {
            return Errno.EFAULT.ToResult();
        }

        var error = FileArguments.Ranges(thread, header.Ranges, header.RangeCount, out var buffer);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var receipt = await socket!.Receive(thread, buffer, flags);
        if (receipt.Result < 0)
        {
            return receipt.Result;
        }

        if (header.Name != 0)
        {
            var name = receipt.SenderName.Length == 0 ? [] : SocketCalls.AddressBytes(receipt.SenderName);
            if (FileArguments.Copy(thread, header.Name, name.AsSpan(0, (int)Math.Min((uint)name.Length, header.NameLength))) < 0)
            {
                Drop(receipt.Rights);
                return Errno.EFAULT.ToResult();
            }

            header.NameLength = (uint)name.Length;
        }

        WriteControl(thread, socket, receipt, ref header, flags);
        header.Flags = (int)receipt.Flags;
        return FileArguments.TryWrite(thread, address, header) ? receipt.Result : Errno.EFAULT.ToResult();
    }

    private static async ValueTask<long> SendMany(GuestThread thread, SyscallArguments a)
    {
        if (((uint)a.A3 & ForCompatibility) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!SocketCalls.TrySocket(thread, a.A0, out _, out var refusal))
        {
            return refusal;
        }

        var sent = 0L;
        for (var at = a.A1; sent < (long)Math.Min((uint)a.A2, MostMessages); at += VectorEntry)
        {
            var result = await SendMessage(thread, a.A0, at, (MessageFlags)a.A3);
            if (result < 0 || !FileArguments.TryWrite(thread, at + VectorLength, (uint)result))
            {
                return sent > 0 ? sent : result < 0 ? result : Errno.EFAULT.ToResult();
            }

            sent++;
        }

        return sent;
    }

    private static async ValueTask<long> ReceiveMany(GuestThread thread, SyscallArguments a)
    {
        const uint WaitForOne = 0x1_0000;
        var deadline = VirtualTime.Never;
        if (a.A4 != 0)
        {
            if (!FileArguments.TryRead<GuestTimespec>(thread, a.A4, out var timeout))
            {
                return Errno.EFAULT.ToResult();
            }

            deadline = timeout.IsValid ? GuestClocks.After(thread.Kernel, timeout.ToTime()) : VirtualTime.Zero;
        }

        var received = 0L;
        var flags = (MessageFlags)(a.A3 & ~(ulong)WaitForOne);
        for (var at = a.A1; received < (long)Math.Min(a.A2, MostMessages) && (received == 0 || thread.Kernel.Clock.Now < deadline); at += VectorEntry)
        {
            var result = await ReceiveMessage(thread, a.A0, at, flags);
            if (result < 0 || !FileArguments.TryWrite(thread, at + VectorLength, (uint)result))
            {
                return received > 0 ? received : result < 0 ? result : Errno.EFAULT.ToResult();
            }

            received++;
            flags |= (a.A3 & WaitForOne) != 0 ? MessageFlags.DontWait : MessageFlags.None;
        }

        return received;
    }

    private static Errno FindTarget(GuestThread thread, SocketFile socket, ulong address, ulong length, out SocketFile? target)
    {
        target = null;
        var error = SocketCalls.ReadAddress(thread, address, length, out var family, out var name);
        return error != Errno.None ? error : family != SocketCalls.UnixFamily ? Errno.EINVAL : socket.FindTarget(FileCaller.Of(thread), name, out target);
    }

    // struct cmsghdr: length with header 0, level 8, type 12; the next one starts at a multiple of 8.
    private static Errno ReadControl(GuestThread thread, in GuestMessageHeader header, List<OpenFile> rights)
    {
        if (header.ControlLength > LargestControl)
        {
            return Errno.ENOBUFS;
        }

        var control = new byte[header.ControlLength];
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(header.Control), control) < control.Length)
        {
            return Errno.EFAULT;
        }

        for (var at = 0; control.Length - at >= ControlHeader;)
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(control.AsSpan(at));
            if (length < ControlHeader || length > (ulong)(control.Length - at))
            {
                return Errno.EINVAL;
            }

            if (BinaryPrimitives.ReadInt32LittleEndian(control.AsSpan(at + 8)) == SocketLevel)
            {
                var data = control.AsSpan(at + ControlHeader, (int)length - ControlHeader);
                var error = BinaryPrimitives.ReadInt32LittleEndian(control.AsSpan(at + 12)) switch
                {
                    RightsType => TakeRights(thread, data, rights),
                    CredentialsType => Errno.None,
                    _ => Errno.EINVAL,
                };
                if (error != Errno.None)
                {
                    return error;
                }
            }

            at += ((int)length + 7) & ~7;
        }

        return Errno.None;
    }

    private static Errno TakeRights(GuestThread thread, ReadOnlySpan<byte> data, List<OpenFile> rights)
    {
        if (rights.Count + (data.Length / sizeof(int)) > MostRights)
        {
            return Errno.EINVAL;
        }

        for (var i = 0; i + sizeof(int) <= data.Length; i += sizeof(int))
        {
            if (thread.Process.Descriptors.Get(BinaryPrimitives.ReadInt32LittleEndian(data[i..])) is not { } file)
            {
                return Errno.EBADF;
            }

            file.AddReference();
            rights.Add(file);
        }

        return Errno.None;
    }

    private static void WriteControl(GuestThread thread, SocketFile socket, SocketReceipt receipt, ref GuestMessageHeader header, MessageFlags flags)
    {
        var room = header.ControlLength;
        var at = header.Control;
        var used = 0UL;
        if (socket.WantsIdentities)
        {
            byte[] identity = [.. BitConverter.GetBytes(receipt.Sender.ProcessId), .. BitConverter.GetBytes(receipt.Sender.UserId), .. BitConverter.GetBytes(receipt.Sender.GroupId)];
            used += PutControl(thread, at, room, CredentialsType, identity, receipt);
        }

        if (receipt.Rights.Count > 0)
        {
            var fitting = room - used < ControlHeader ? 0 : (int)Math.Min((room - used - ControlHeader) / sizeof(int), (ulong)receipt.Rights.Count);
            var descriptors = new List<byte>();
            var mode = (flags & MessageFlags.CloseOnExec) != 0 ? DescriptorMode.CloseOnExec : DescriptorMode.KeepOnExec;
            var installed = 0;
            for (; installed < fitting; installed++)
            {
                var descriptor = FileArguments.Install(thread, receipt.Rights[installed], mode);
                if (descriptor < 0)
                {
                    installed++;
                    break;
                }

                descriptors.AddRange(BitConverter.GetBytes((int)descriptor));
            }

            Drop([.. receipt.Rights.Skip(installed)]);
            if (descriptors.Count < receipt.Rights.Count * sizeof(int))
            {
                receipt.Flags |= MessageFlags.ControlTruncated;
            }

            if (descriptors.Count > 0)
            {
                used += PutControl(thread, at + used, room - used, RightsType, [.. descriptors], receipt);
            }
        }

        header.ControlLength = used;
    }

    private static ulong PutControl(GuestThread thread, ulong address, ulong room, int type, byte[] data, SocketReceipt receipt)
    {
        var length = ControlHeader + data.Length;
        if (room < (ulong)length)
        {
            receipt.Flags |= MessageFlags.ControlTruncated;
            return 0;
        }

        var bytes = new byte[(int)Math.Min((ulong)((length + 7) & ~7), room)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), SocketLevel);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), type);
        data.CopyTo(bytes, ControlHeader);
        return FileArguments.Copy(thread, address, bytes) < 0 ? 0 : (ulong)bytes.Length;
    }

    private static void Drop(IReadOnlyList<OpenFile> rights)
    {
        foreach (var file in rights)
        {
            file.Release();
        }
    }

    /// <summary>struct msghdr of 64-bit programs.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 56)]
    private struct GuestMessageHeader
    {
        public ulong Name;
        public uint NameLength;
        public uint Padding;
        public ulong Ranges;
        public ulong RangeCount;
        public ulong Control;
        public ulong ControlLength;
        public int Flags;
    }
}
