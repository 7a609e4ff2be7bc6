using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>futex(2). The priority-inheriting operations are not there: ENOSYS, as a kernel without them gives.</summary>
internal static class FutexCalls
{
    private const uint PrivateFlag = 128;
    private const uint RealTimeFlag = 256;

    private const uint Wait = 0;
    private const uint Wake = 1;
    private const uint Requeue = 3;
    private const uint CompareRequeue = 4;
    private const uint WakeOperation = 5;
    private const uint WaitBitset = 9;
    private const uint WakeBitset = 10;

    public static void Register(SyscallTable table) => table.Add(202, "futex", "ptr,futexop,uint,ptr,ptr,uint", Run);

    private static ValueTask<long> Run(GuestThread thread, SyscallArguments a)
    {
        var operation = (uint)a.A1 & ~(PrivateFlag | RealTimeFlag);
        var scope = (a.A1 & PrivateFlag) != 0 ? FutexScope.AddressSpace : FutexScope.Shared;
        var space = thread.Process.Space;
        var futexes = thread.Kernel.Futexes;
        var word = new VirtualAddress(a.A0);
        if ((a.A1 & RealTimeFlag) != 0 && operation is not (Wait or WaitBitset))
        {
            return new(Errno.ENOSYS.ToResult());
        }

        switch (operation)
        {
            case Wait or WaitBitset:
                return WaitOn(thread, word, scope, operation, a);
            case Wake:
                return new(futexes.Wake(space, word, scope, (int)a.A2, FutexTable.AnyBit));
            case WakeBitset:
                return new(futexes.Wake(space, word, scope, (int)a.A2, (uint)a.A5));
            case Requeue:
                return new(futexes.Requeue(space, word, new VirtualAddress(a.A4), scope, (int)a.A2, (int)a.A3, expected: null));
            case CompareRequeue:
                return new(futexes.Requeue(space, word, new VirtualAddress(a.A4), scope, (int)a.A2, (int)a.A3, (uint)a.A5));
            case WakeOperation:
                return new(futexes.WakeOperation(space, word, new VirtualAddress(a.A4), scope, (int)a.A2, (int)a.A3, (uint)a.A5));
            default:
                return new(Errno.ENOSYS.ToResult());
        }
    }

    // FUTEX_WAIT takes a span, FUTEX_WAIT_BITSET a moment of the clock it names.
    private static ValueTask<long> WaitOn(GuestThread thread, VirtualAddress word, FutexScope scope, uint operation, SyscallArguments a)
    {
        var deadline = VirtualTime.Never;
        if (a.A3 != 0)
        {
            if (!thread.Process.Space.TryRead(new VirtualAddress(a.A3), out GuestTimespec timeout))
            {
                return new(Errno.EFAULT.ToResult());
            }

            if (!timeout.IsValid)
            {
                return new(Errno.EINVAL.ToResult());
            }

            var clock = (a.A1 & RealTimeFlag) != 0 ? ClockId.RealTime : ClockId.Monotonic;
            deadline = operation == Wait
                ? GuestClocks.After(thread.Kernel, timeout.ToTime())
                : GuestClocks.ToMachineTime(thread.Kernel, clock, timeout.ToTime());
        }

        return WaitUntil(thread, word, scope, (uint)a.A2, operation == Wait ? FutexTable.AnyBit : (uint)a.A5, deadline);
    }

    private static ValueTask<long> WaitUntil(GuestThread thread, VirtualAddress word, FutexScope scope, uint expected, uint bits, VirtualTime deadline)
    {
        if (deadline != VirtualTime.Never)
        {
            RememberDeadline(thread, word, scope, expected, bits, deadline);
        }

        return thread.Kernel.Futexes.Wait(thread, word, scope, expected, bits, deadline);
    }

    // On its own, so that a wait without a deadline makes no closure.
    private static void RememberDeadline(GuestThread thread, VirtualAddress word, FutexScope scope, uint expected, uint bits, VirtualTime deadline) =>
        thread.Call.Remainder = () => WaitUntil(thread, word, scope, expected, bits, deadline);
}
