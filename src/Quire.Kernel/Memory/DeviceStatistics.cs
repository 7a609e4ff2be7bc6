using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What the device has done in one direction, as /proc/diskstats tells it (Documentation/admin-guide/iostats.rst).</summary>
public sealed class DeviceCounts
{
    public long Requests { get; private set; }

    /// <summary>Requests that became part of another one.</summary>
    public long Merged { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>From when each request came to when it ended, added up.</summary>
    public VirtualTime Time { get; private set; }

    internal void Add(ulong bytes, VirtualTime from, in DeviceTimes times)
    {
        Requests += times.IsMerged ? 0 : 1;
        Merged += times.IsMerged ? 1 : 0;
        Bytes += (long)bytes;
        Time += times.Ended - from;
    }
}

/// <summary>What the device behind files and swap areas has done.</summary>
public sealed class DeviceStatistics
{
    private VirtualTime _busyUntil;

    public DeviceCounts Reads { get; } = new();

    public DeviceCounts Writes { get; } = new();

    /// <summary>Time with a request under way.</summary>
    public VirtualTime Busy { get; private set; }

    internal void Add(DeviceCounts direction, ulong bytes, VirtualTime from, in DeviceTimes times)
    {
        direction.Add(bytes, from, times);
        var start = from > _busyUntil ? from : _busyUntil;
        if (times.Ended > start)
        {
            Busy += times.Ended - start;
            _busyUntil = times.Ended;
        }
    }
}
