using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// The requests of one device in virtual time. As many as the queue is deep wait at once, one transfers. A request that begins where the last one ended, while
/// that one is still under way, is merged with it, as the block layer does.
/// </summary>
internal sealed class DeviceQueue(DeviceModel model)
{
    // SWAP_CLUSTER_MAX pages: what reclaim hands down at once.
    private const ulong LargestMerged = 32 * Page.Size;

    private const ulong Nowhere = ulong.MaxValue;

    // When each of the last requests ended, the oldest at _oldest.
    private readonly VirtualTime[] _ends = new VirtualTime[model.QueueDepth];
    private int _oldest;
    private VirtualTime _busyUntil;
    private ulong _endOfLast = Nowhere;
    private ulong _sizeOfLast;

    /// <summary>A request that belongs to no place.</summary>
    public DeviceTimes Submit(VirtualTime at, ulong bytes)
    {
        var accepted = Later(at, _ends[_oldest]);
        _busyUntil = Later(accepted + model.Latency, _busyUntil) + model.TransferTimeOf(bytes);
        _ends[_oldest] = _busyUntil;
        _oldest = _oldest + 1 < _ends.Length ? _oldest + 1 : 0;
        _endOfLast = Nowhere;
        return new DeviceTimes(accepted, _busyUntil);
    }

    /// <param name="position">Bytes from the device's start.</param>
    public DeviceTimes Submit(VirtualTime at, ulong bytes, ulong position)
    {
        if (position != _endOfLast || at > _busyUntil || _sizeOfLast + bytes > LargestMerged)
        {
            var times = Submit(at, bytes);
            _endOfLast = position + bytes;
            _sizeOfLast = bytes;
            return times;
        }

        _busyUntil += model.TransferTimeOf(bytes);
        _ends[_oldest > 0 ? _oldest - 1 : _ends.Length - 1] = _busyUntil;
        _endOfLast += bytes;
        _sizeOfLast += bytes;
        return new DeviceTimes(at, _busyUntil) { IsMerged = true };
    }

    private static VirtualTime Later(VirtualTime one, VirtualTime other) => one > other ? one : other;
}

/// <param name="Accepted">When the device's queue had a place.</param>
/// <param name="Ended">When the transfer was over.</param>
internal readonly record struct DeviceTimes(VirtualTime Accepted, VirtualTime Ended)
{
    /// <summary>Became part of the request before.</summary>
    public bool IsMerged { get; init; }
}
