using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// Threads that wait on words of guest memory, first come first served (futex(2); Linux: kernel/futex/). A futex is known by its key:
/// address and space when private, the page behind it when shared.
/// </summary>
public sealed class FutexTable
{
    public const uint AnyBit = uint.MaxValue;

    private readonly Dictionary<FutexKey, LinkedList<FutexWaiter>> _waiters = [];

    /// <summary>FUTEX_WAIT_BITSET. 0 when woken, or a negative errno: EAGAIN if the word differs, ETIMEDOUT, EFAULT, a restart value.</summary>
    public async ValueTask<long> Wait(GuestThread thread, VirtualAddress word, FutexScope scope, uint expected, uint bits, VirtualTime deadline)
    {
        if (bits == 0 || (word.Value & 3) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var space = thread.Process.Space;
        if (!space.TryGetFutexKey(word, scope, out var key) || !space.TryRead(word, out uint value))
        {
            return Errno.EFAULT.ToResult();
        }

        if (value != expected)
        {
            return Errno.EAGAIN.ToResult();
        }

        if (deadline <= thread.Kernel.Clock.Now)
        {
            return Errno.ETIMEDOUT.ToResult();
        }

        var waiter = new FutexWaiter(thread, bits);
        Enqueue(key, waiter);
        thread.Sleep.Begin(deadline);
        var reason = await thread.Sleep.Completion();
        Dequeue(waiter);
        return reason switch
        {
            WakeReason.Woken => 0,
            WakeReason.TimedOut => Errno.ETIMEDOUT.ToResult(),
            _ => deadline == VirtualTime.Never ? SyscallRestart.IfHandlerAllows : SyscallRestart.Remainder,
        };
    }

    /// <summary>FUTEX_WAKE_BITSET: gives the number woken, or a negative errno.</summary>
    public long Wake(AddressSpace space, VirtualAddress word, FutexScope scope, int count, uint bits)
    {
        if (bits == 0 || (word.Value & 3) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        return space.TryGetFutexKey(word, scope, out var key) ? Wake(key, count, bits) : Errno.EFAULT.ToResult();
    }

    /// <summary>
    /// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE (with <paramref name="expected"/>): wakes some waiters, moves others to another futex. Gives the number
    /// woken, plus the number moved when comparing.
    /// </summary>
    public long Requeue(
        AddressSpace space, VirtualAddress from, VirtualAddress to, FutexScope scope, int wakeCount, int moveCount, uint? expected)
    {
        if (((from.Value | to.Value) & 3) != 0 || wakeCount < 0 || moveCount < 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!space.TryGetFutexKey(from, scope, out var source) || !space.TryGetFutexKey(to, scope, out var target)
            || !space.TryRead(from, out uint value))
        {
            return Errno.EFAULT.ToResult();
        }

        if (expected is { } wanted && value != wanted)
        {
            return Errno.EAGAIN.ToResult();
        }

        var woken = wakeCount == 0 ? 0 : Wake(source, wakeCount, AnyBit);
        var moved = 0L;
        while (moved < moveCount && _waiters.TryGetValue(source, out var queue) && !source.Equals(target))
        {
            var waiter = queue.First!.Value;
            Dequeue(waiter);
            Enqueue(target, waiter);
            moved++;
        }

        if (source.Equals(target) && _waiters.TryGetValue(source, out var same))
        {
            moved = Math.Min(moveCount, same.Count);
        }

        return woken + moved;
    }

    /// <summary>FUTEX_WAKE_OP: changes the second word at once, wakes waiters of the first, and of the second if its old value compares true.</summary>
    public long WakeOperation(
        AddressSpace space, VirtualAddress first, VirtualAddress second, FutexScope scope, int firstCount, int secondCount, uint operation)
    {
        if (((first.Value | second.Value) & 3) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        if (!space.TryGetFutexKey(first, scope, out var firstKey) || !space.TryGetFutexKey(second, scope, out var secondKey)
            || !space.TryRead(second, out uint old))
        {
            return Errno.EFAULT.ToResult();
        }

        if (!FutexOperation.TryApply(operation, old, out var changed, out var wakesSecond))
        {
            return Errno.ENOSYS.ToResult();
        }

        if (!space.TryWrite(second, changed))
        {
            return Errno.EFAULT.ToResult();
        }

        var woken = Wake(firstKey, firstCount, AnyBit);
        return wakesSecond ? woken + Wake(secondKey, secondCount, AnyBit) : woken;
    }

    private long Wake(FutexKey key, int count, uint bits)
    {
        if (!_waiters.TryGetValue(key, out var queue))
        {
            return 0;
        }

        // FUTEX_WAKE wakes one even when asked for none: the count is compared after the wake.
        var woken = 0L;
        for (var node = queue.First; node is not null && woken < Math.Max(count, 1);)
        {
            var waiter = node.Value;
            node = node.Next;
            if ((waiter.Bits & bits) != 0)
            {
                Dequeue(waiter);
                waiter.Thread.Sleep.End(WakeReason.Woken);
                woken++;
            }
        }

        return woken;
    }

    private void Enqueue(FutexKey key, FutexWaiter waiter)
    {
        if (!_waiters.TryGetValue(key, out var queue))
        {
            queue = [];
            _waiters.Add(key, queue);
        }

        waiter.Key = key;
        waiter.Node = queue.AddLast(waiter);
    }

    private void Dequeue(FutexWaiter waiter)
    {
        if (waiter.Node is null)
        {
            return;
        }

        var queue = waiter.Node.List!;
        queue.Remove(waiter.Node);
        waiter.Node = null;
        if (queue.Count == 0)
        {
            _waiters.Remove(waiter.Key);
        }
    }

    private sealed class FutexWaiter(GuestThread thread, uint bits)
    {
        public GuestThread Thread { get; } = thread;

        public uint Bits { get; } = bits;

        public FutexKey Key { get; set; }

        /// <summary>Null once woken or gone.</summary>
        public LinkedListNode<FutexWaiter>? Node { get; set; }
    }
}
