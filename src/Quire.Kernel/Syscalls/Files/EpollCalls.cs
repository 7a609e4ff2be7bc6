using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>epoll(7).</summary>
internal static class EpollCalls
{
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;

    // struct epoll_event is packed on x86-64: events 0, data 4.
    private const int EventBytes = 12;
    private const int MostEvents = int.MaxValue / EventBytes;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(213, "epoll_create", "int", (thread, a) => (int)a.A0 <= 0 ? Errno.EINVAL.ToResult() : Create(thread, 0));
        table.Add(232, "epoll_wait", "fd,ptr,int,int", (thread, a) => Wait(thread, a, PollCalls.Deadline(thread, (int)a.A3)));
        table.AddImmediate(233, "epoll_ctl", "fd,int,fd,ptr", Control);
        table.Add(281, "epoll_pwait", "fd,ptr,int,int,ptr,size", (thread, a) =>
            PollCalls.SetMask(thread, a.A4, a.A5) is var error and not Errno.None
                ? new(error.ToResult())
                : Wait(thread, a, PollCalls.Deadline(thread, (int)a.A3)));
        table.AddImmediate(291, "epoll_create1", "flags:open", (thread, a) =>
            (a.A0 & ~(ulong)OpenFlags.CloseOnExec) != 0 ? Errno.EINVAL.ToResult() : Create(thread, (int)a.A0));
        table.Add(441, "epoll_pwait2", "fd,ptr,int,ptr,ptr,size", WaitWithTimespec);
    }

    private static long Create(GuestThread thread, int flags)
    {
        var files = thread.Kernel.Files;
        var inode = files.Anonymous.NewInode(FileType.None, 0x180, thread.Process.Credentials);
        return FileArguments.Install(thread, new EpollFile(files.Anonymous.Place("anon_inode:[eventpoll]", inode), files.Memory), FileArguments.ModeOf(flags));
    }

    private static long Control(GuestThread thread, SyscallArguments a)
    {
        var operation = (int)a.A1;
        var bytes = new byte[EventBytes];
        if (operation != Delete && thread.Process.Space.CopyFromGuest(new VirtualAddress(a.A3), bytes) < bytes.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) || !FileArguments.TryUsableFile(thread, a.A2, out var target, out result))
        {
            return result;
        }

        if (EpollFile.IsAlwaysReady(target))
        {
            return Errno.EPERM.ToResult();
        }

        if (file is not EpollFile epoll)
        {
            return Errno.EINVAL.ToResult();
        }

        var events = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var data = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(4));
        return (operation switch
        {
            Add => epoll.Add((int)a.A2, target, events, data),
            Modify => epoll.Modify((int)a.A2, target, events, data),
            Delete => epoll.Delete((int)a.A2, target),
            _ => Errno.EINVAL,
        }).ToResult();
    }

    private static ValueTask<long> WaitWithTimespec(GuestThread thread, SyscallArguments a)
    {
        var deadline = VirtualTime.Never;
        if (a.A3 != 0)
        {
            if (!FileArguments.TryRead<GuestTimespec>(thread, a.A3, out var timeout))
            {
                return new(Errno.EFAULT.ToResult());
            }

            if (!timeout.IsValid)
            {
                return new(Errno.EINVAL.ToResult());
            }

            deadline = GuestClocks.After(thread.Kernel, timeout.ToTime());
        }

        var error = PollCalls.SetMask(thread, a.A4, a.A5);
        return error != Errno.None ? new(error.ToResult()) : Wait(thread, a, deadline);
    }

    private static async ValueTask<long> Wait(GuestThread thread, SyscallArguments a, VirtualTime deadline)
    {
        var most = (int)a.A2;
        if (most is <= 0 or > MostEvents)
        {
            return Errno.EINVAL.ToResult();
        }

        if (FileArguments.Buffer(thread, a.A1, (ulong)most * EventBytes, out _) != Errno.None)
        {
            return Errno.EFAULT.ToResult();
        }

        if (!FileArguments.TryUsableFile(thread, a.A0, out var file, out var result))
        {
            return result;
        }

        if (file is not EpollFile epoll)
        {
            return Errno.EINVAL.ToResult();
        }

        while (true)
        {
            var events = epoll.Take(most);
            if (events.Count > 0)
            {
                return Put(thread, a.A1, events);
            }

            if (deadline <= thread.Kernel.Clock.Now)
            {
                return 0;
            }

            var queues = new List<WaitQueue>();
            epoll.AddReadinessQueues(queues);
            if (await WaitQueue.WaitAny(thread, queues, deadline) == WakeReason.Interrupted)
            {
                return Errno.EINTR.ToResult();
            }
        }
    }

    private static long Put(GuestThread thread, ulong address, List<EpollEvent> events)
    {
        var bytes = new byte[events.Count * EventBytes];
        for (var i = 0; i < events.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * EventBytes), (uint)events[i].Events);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan((i * EventBytes) + 4), events[i].Data);
        }

        return FileArguments.Copy(thread, address, bytes) < 0 ? Errno.EFAULT.ToResult() : events.Count;
    }
}
