using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// The list of locks a thread holds, kept in guest memory, walked when the thread ends without unlocking them (Linux: exit_robust_list).
/// The head: next (8), offset of the lock word from an entry (8), pending entry (8).
/// </summary>
internal static class RobustFutexes
{
    /// <summary>A list may be corrupt or circular: Linux gives up after as many entries.</summary>
    private const int Limit = 2048;

    private const uint OwnerDied = 0x4000_0000;
    private const uint Waiters = 0x8000_0000;
    private const uint ThreadIdMask = 0x3FFF_FFFF;
    private const ulong PriorityInheriting = 1;

    public static void ReleaseAll(GuestThread thread, FutexTable futexes)
    {
        var space = thread.Process.Space;
        var head = thread.RobustListHead;
        if (!space.TryRead(head, out ulong entry) || !space.TryRead(head + 8, out long offset) || !space.TryRead(head + 16, out ulong pending))
        {
            return;
        }

        pending &= ~PriorityInheriting;
        for (var count = 0; count < Limit && (entry & ~PriorityInheriting) != head.Value; count++)
        {
            entry &= ~PriorityInheriting;
            var readable = space.TryRead(new VirtualAddress(entry), out ulong next);
            if (entry != pending && !Release(thread, futexes, entry + (ulong)offset, LockState.Held))
            {
                return;
            }

            if (!readable)
            {
                return;
            }

            entry = next;
        }

        if (pending != 0)
        {
            Release(thread, futexes, pending + (ulong)offset, LockState.Pending);
        }
    }

    private static bool Release(GuestThread thread, FutexTable futexes, ulong address, LockState state)
    {
        var space = thread.Process.Space;
        var word = new VirtualAddress(address);
        if ((address & 3) != 0 || !space.TryRead(word, out uint value))
        {
            return false;
        }

        // Died between unlocking and leaving the list: a waiter may have lost its wake-up.
        if (state == LockState.Pending && value == 0)
        {
            futexes.Wake(space, word, FutexScope.Shared, 1, FutexTable.AnyBit);
            return true;
        }

        if ((value & ThreadIdMask) != (uint)thread.ThreadId)
        {
            return true;
        }

        if (!space.TryWrite(word, (value & Waiters) | OwnerDied))
        {
            return false;
        }

        if ((value & Waiters) != 0)
        {
            futexes.Wake(space, word, FutexScope.Shared, 1, FutexTable.AnyBit);
        }

        return true;
    }

    private enum LockState
    {
        Held,
        Pending,
    }
}
