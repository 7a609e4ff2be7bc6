using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>poll(2) and select(2).</summary>
internal static class PollCalls
{
    private const int EntryBytes = 8;
    private const int BitsInWord = 64;
    private const int SignalSetBytes = 8;

    private const PollEvents ReadSet = PollEvents.ReadNormal | PollEvents.ReadBand | PollEvents.In | PollEvents.HangUp | PollEvents.Error;
    private const PollEvents WriteSet = PollEvents.WriteBand | PollEvents.WriteNormal | PollEvents.Out | PollEvents.Error;
    private const PollEvents ExceptSet = PollEvents.Priority;

    public static void Register(SyscallTable table)
    {
        table.Add(7, "poll", "ptr,uint,int", (thread, a) => Poll(thread, a.A0, a.A1, Deadline(thread, (int)a.A2), SyscallRestart.Remainder));
        table.Add(23, "select", "int,ptr,ptr,ptr,ptr", Select);
        table.Add(270, "pselect6", "int,ptr,ptr,ptr,ptr,ptr", SelectWithMask);
        table.Add(271, "ppoll", "ptr,uint,ptr,ptr,size", PollWithMask);
    }

    /// <summary>The moment at which a wait of so many milliseconds ends; below 0 never.</summary>
    public static VirtualTime Deadline(GuestThread thread, int milliseconds) =>
        milliseconds < 0 ? VirtualTime.Never : GuestClocks.After(thread.Kernel, VirtualTime.FromMilliseconds(milliseconds));

    /// <summary>Replaces the signal mask for the duration of the call, if one is given.</summary>
    public static Errno SetMask(GuestThread thread, ulong address, ulong size)
    {
        if (address == 0)
        {
            return Errno.None;
        }

        if (size != SignalSetBytes)
        {
            return Errno.EINVAL;
        }

        if (!FileArguments.TryRead<ulong>(thread, address, out var bits))
        {
            return Errno.EFAULT;
        }

        thread.BlockTemporarily(new SignalSet(bits));
        return Errno.None;
    }

    private static async ValueTask<long> PollWithMask(GuestThread thread, SyscallArguments a)
    {
        var error = ReadTimeout(thread, a.A2, out var deadline);
        error = error == Errno.None ? SetMask(thread, a.A3, a.A4) : error;
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var result = await Poll(thread, a.A0, a.A1, deadline, SyscallRestart.UnlessHandled);
        WriteTimeLeft(thread, a.A2, deadline);
        return result;
    }

    private static async ValueTask<long> Poll(GuestThread thread, ulong address, ulong count, VirtualTime deadline, long restart)
    {
        if (count > thread.Process.Limits[Resource.OpenFiles].Soft)
        {
            return Errno.EINVAL.ToResult();
        }

        var entries = new byte[(int)count * EntryBytes];
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(address), entries) < entries.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        while (true)
        {
            var queues = new List<WaitQueue>();
            var ready = 0;
            for (var i = 0; i < entries.Length; i += EntryBytes)
            {
                var happened = Look(thread, entries.AsSpan(i, EntryBytes), queues);
                BinaryPrimitives.WriteUInt16LittleEndian(entries.AsSpan(i + 6), (ushort)happened);
                ready += happened != PollEvents.None ? 1 : 0;
            }

            var reason = ready > 0 || deadline <= thread.Kernel.Clock.Now ? WakeReason.TimedOut : await WaitQueue.WaitAny(thread, queues, deadline);
            if (reason == WakeReason.Interrupted)
            {
                if (restart == SyscallRestart.Remainder)
                {
                    thread.Call.Remainder = () => Poll(thread, address, count, deadline, restart);
                }

                return restart;
            }

            if (ready > 0 || reason == WakeReason.TimedOut && deadline <= thread.Kernel.Clock.Now)
            {
                return FileArguments.Copy(thread, address, entries) < 0 ? Errno.EFAULT.ToResult() : ready;
            }
        }
    }

    // struct pollfd: fd 0, events 4, revents 6.
    private static PollEvents Look(GuestThread thread, ReadOnlySpan<byte> entry, List<WaitQueue> queues)
    {
        var descriptor = BinaryPrimitives.ReadInt32LittleEndian(entry);
        if (descriptor < 0)
        {
            return PollEvents.None;
        }

        if (thread.Process.Descriptors.Get(descriptor) is not { } file)
        {
            return PollEvents.Invalid;
        }

        file.AddReadinessQueues(queues);
        var wanted = (PollEvents)BinaryPrimitives.ReadUInt16LittleEndian(entry[4..]);
        return file.Poll() & (wanted | PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid);
    }

    private static async ValueTask<long> Select(GuestThread thread, SyscallArguments a)
    {
        var deadline = VirtualTime.Never;
        if (a.A4 != 0)
        {
            if (!FileArguments.TryRead<GuestTimeval>(thread, a.A4, out var timeout))
            {
                return Errno.EFAULT.ToResult();
            }

            // select takes more than a second's worth of microseconds.
            if (timeout.Seconds < 0 || timeout.Microseconds < 0)
            {
                return Errno.EINVAL.ToResult();
            }

            deadline = GuestClocks.After(thread.Kernel, timeout.ToTime());
        }

        var result = await SelectUntil(thread, (int)a.A0, a.A1, a.A2, a.A3, deadline);
        if (a.A4 != 0 && deadline != VirtualTime.Never)
        {
            FileArguments.TryWrite(thread, a.A4, GuestTimeval.From(Left(thread, deadline)));
        }

        return result;
    }

    private static async ValueTask<long> SelectWithMask(GuestThread thread, SyscallArguments a)
    {
        var error = ReadTimeout(thread, a.A4, out var deadline);
        var mask = default((ulong Address, ulong Size));
        if (error == Errno.None && a.A5 != 0 && !FileArguments.TryRead(thread, a.A5, out mask))
        {
            error = Errno.EFAULT;
        }

        error = error == Errno.None ? SetMask(thread, mask.Address, mask.Size) : error;
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var result = await SelectUntil(thread, (int)a.A0, a.A1, a.A2, a.A3, deadline);
        WriteTimeLeft(thread, a.A4, deadline);
        return result;
    }

    private static async ValueTask<long> SelectUntil(GuestThread thread, int count, ulong readAt, ulong writeAt, ulong exceptAt, VirtualTime deadline)
    {
        if (count < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        count = Math.Min(count, Math.Max(thread.Process.Descriptors.End, BitsInWord));
        var words = (count + BitsInWord - 1) / BitsInWord;
        if (ReadSetAt(thread, readAt, words) is not { } read || ReadSetAt(thread, writeAt, words) is not { } write
            || ReadSetAt(thread, exceptAt, words) is not { } except)
        {
            return Errno.EFAULT.ToResult();
        }

        var (readFound, writeFound, exceptFound) = (new ulong[words], new ulong[words], new ulong[words]);
        while (true)
        {
            var queues = new List<WaitQueue>();
            var ready = 0;
            for (var descriptor = 0; descriptor < count; descriptor++)
            {
                var bit = 1UL << (descriptor % BitsInWord);
                var word = descriptor / BitsInWord;
                if (((read[word] | write[word] | except[word]) & bit) == 0)
                {
                    continue;
                }

                if (thread.Process.Descriptors.Get(descriptor) is not { } file)
                {
                    return Errno.EBADF.ToResult();
                }

                file.AddReadinessQueues(queues);
                var events = file.Poll();
                ready += Mark(readFound, read, word, bit, events & ReadSet);
                ready += Mark(writeFound, write, word, bit, events & WriteSet);
                ready += Mark(exceptFound, except, word, bit, events & ExceptSet);
            }

            var reason = ready > 0 || deadline <= thread.Kernel.Clock.Now ? WakeReason.TimedOut : await WaitQueue.WaitAny(thread, queues, deadline);
            if (reason == WakeReason.Interrupted)
            {
                return SyscallRestart.UnlessHandled;
            }

            if (ready > 0 || reason == WakeReason.TimedOut && deadline <= thread.Kernel.Clock.Now)
            {
                var written = WriteSetAt(thread, readAt, readFound) && WriteSetAt(thread, writeAt, writeFound) && WriteSetAt(thread, exceptAt, exceptFound);
                return written ? ready : Errno.EFAULT.ToResult();
            }
        }
    }

    private static int Mark(ulong[] found, ulong[] wanted, int word, ulong bit, PollEvents events)
    {
        if ((wanted[word] & bit) == 0 || events == PollEvents.None)
        {
            return 0;
        }

        found[word] |= bit;
        return 1;
    }

    private static ulong[]? ReadSetAt(GuestThread thread, ulong address, int words)
    {
        var set = new ulong[words];
        if (address == 0)
        {
            return set;
        }

        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(set.AsSpan());
        return thread.Process.Space.CopyFromGuest(new VirtualAddress(address), bytes) == bytes.Length ? set : null;
    }

    private static bool WriteSetAt(GuestThread thread, ulong address, ulong[] set)
    {
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(set.AsSpan());
        return address == 0 || thread.Process.Space.CopyToGuest(new VirtualAddress(address), bytes) == bytes.Length;
    }

    private static Errno ReadTimeout(GuestThread thread, ulong address, out VirtualTime deadline)
    {
        deadline = VirtualTime.Never;
        if (address == 0)
        {
            return Errno.None;
        }

        if (!FileArguments.TryRead<GuestTimespec>(thread, address, out var timeout))
        {
            return Errno.EFAULT;
        }

        if (!timeout.IsValid)
        {
            return Errno.EINVAL;
        }

        deadline = GuestClocks.After(thread.Kernel, timeout.ToTime());
        return Errno.None;
    }

    private static void WriteTimeLeft(GuestThread thread, ulong address, VirtualTime deadline)
    {
        // Linux changes the timeout too, and ignores it when that fails.
        if (address != 0 && deadline != VirtualTime.Never)
        {
            FileArguments.TryWrite(thread, address, GuestTimespec.From(Left(thread, deadline)));
        }
    }

    private static VirtualTime Left(GuestThread thread, VirtualTime deadline) =>
        new(Math.Max(0, (deadline - thread.Kernel.Clock.Now).Nanoseconds));
}
