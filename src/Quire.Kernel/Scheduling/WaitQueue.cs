using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

public enum WakeReason
{
    /// <summary>Somebody woke the queue.</summary>
    Woken,

    /// <summary>The deadline passed.</summary>
    TimedOut,

    /// <summary>A signal is to be handled: the system call ends with EINTR or restarts.</summary>
    Interrupted,
}

/// <summary>Whether a wake-up that lets one thread through may pick this waiter alone.</summary>
public enum WaitMode
{
    /// <summary>Woken by every wake-up (poll).</summary>
    Shared,

    /// <summary>One wake-up releases one of these, first come first served.</summary>
    Exclusive,
}

/// <summary>
/// Guest threads that sleep until something happens. Waking makes a thread runnable; its kernel code goes on when the scheduler
/// picks it, on the one kernel thread, so nothing runs inside the waker's stack.
/// Use: while (!condition) { var reason = await queue.Wait(thread); if (reason == Interrupted) return EINTR; }
/// </summary>
public sealed class WaitQueue
{
    private readonly LinkedList<WaitEntry> _entries = [];

    public bool IsEmpty => _entries.Count == 0;

    /// <summary>How often it was woken, with or without anyone waiting: edge-triggered epoll compares it.</summary>
    public long WakeCount { get; private set; }

    public ValueTask<WakeReason> Wait(GuestThread thread, WaitMode mode = WaitMode.Exclusive) => Wait(thread, VirtualTime.Never, mode);

    /// <param name="deadline">A moment of virtual time, not a span.</param>
    public ValueTask<WakeReason> Wait(GuestThread thread, VirtualTime deadline, WaitMode mode = WaitMode.Exclusive)
    {
        var sleep = thread.Sleep;
        sleep.Begin(deadline);
        sleep.Enlist(this, mode);
        return sleep.Completion();
    }

    /// <summary>A sleep that signals do not end unless the thread is to die.</summary>
    internal ValueTask<WakeReason> Wait(GuestThread thread, SleepKind kind)
    {
        var sleep = thread.Sleep;
        sleep.Begin(VirtualTime.Never, kind);
        sleep.Enlist(this, WaitMode.Shared);
        return sleep.Completion();
    }

    /// <summary>Sleeps on several queues at once until any of them is woken: poll, select, epoll.</summary>
    public static ValueTask<WakeReason> WaitAny(GuestThread thread, IReadOnlyList<WaitQueue> queues, VirtualTime deadline)
    {
        var sleep = thread.Sleep;
        sleep.Begin(deadline);
        foreach (var queue in queues)
        {
            sleep.Enlist(queue, WaitMode.Shared);
        }

        return sleep.Completion();
    }

    /// <summary>Wakes every shared waiter and up to <paramref name="count"/> exclusive ones, oldest first. Gives the number woken.</summary>
    public int Wake(int count = 1)
    {
        WakeCount++;
        var woken = 0;
        for (var node = _entries.First; node is not null;)
        {
            var next = node.Next;
            var entry = node.Value;
            if (entry.Mode == WaitMode.Shared || count > 0)
            {
                if (entry.Mode == WaitMode.Exclusive)
                {
                    count--;
                }

                woken++;
                next = NextNotOf(entry.Sleep, next);
                entry.Sleep.End(WakeReason.Woken);
            }

            node = next;
        }

        return woken;
    }

    public int WakeAll() => Wake(int.MaxValue);

    internal LinkedListNode<WaitEntry> Add(ThreadSleep sleep, WaitMode mode) => _entries.AddLast(new WaitEntry(sleep, mode));

    internal void Remove(LinkedListNode<WaitEntry> node) => _entries.Remove(node);

    // Ending a sleep removes all its entries, from this queue too.
    private static LinkedListNode<WaitEntry>? NextNotOf(ThreadSleep sleep, LinkedListNode<WaitEntry>? node)
    {
        while (node is not null && node.Value.Sleep == sleep)
        {
            node = node.Next;
        }

        return node;
    }
}

internal readonly record struct WaitEntry(ThreadSleep Sleep, WaitMode Mode);
