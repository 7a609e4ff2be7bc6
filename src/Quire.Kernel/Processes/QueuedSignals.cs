using Quire.Allocation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;

namespace Quire.Kernel.Processes;

/// <summary>
/// What each user has in queues of real-time signals and as signals that timers keep ready, all processes together: RLIMIT_SIGPENDING bounds it and the
/// machine's memory pays for it (struct sigqueue; kernel/signal.c).
/// </summary>
internal sealed class QueuedSignals(KernelMemory memory)
{
    private const int Bytes = 80;

    private readonly Dictionary<int, ulong> _byUser = [];
    private readonly KernelObjectCache _cache = memory.Slabs.Cache("sigqueue", Bytes);

    /// <summary>False: the user has as many as allowed, or there is no memory (EAGAIN).</summary>
    public bool TryTake(int user, ulong limit, out QueuedSignal queued)
    {
        queued = default;
        var used = _byUser.GetValueOrDefault(user);
        if (used >= limit || !_cache.TryTake(out var slot))
        {
            return false;
        }

        _byUser[user] = used + 1;
        queued = new QueuedSignal(user, slot);
        return true;
    }

    /// <summary>One more for the process's user.</summary>
    public bool HasRoom(GuestProcess process) => _byUser.GetValueOrDefault(process.Credentials.RealUserId) < process.Limits[Resource.PendingSignals].Soft;

    public void Return(QueuedSignal queued)
    {
        _byUser[queued.User]--;
        _cache.Return(queued.Slot);
    }
}

internal readonly record struct QueuedSignal(int User, SlabSlot Slot);
