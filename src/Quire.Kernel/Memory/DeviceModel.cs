using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What a read or write of the device behind files costs in virtual time: a wait, then a transfer.</summary>
/// <param name="BytesPerSecond">Transfer rate, above 0.</param>
public sealed record DeviceModel(VirtualTime Latency, long BytesPerSecond)
{
    /// <summary>A common NVMe drive: 80 microseconds, 3 GB/s.</summary>
    public static DeviceModel Nvme { get; } = new(VirtualTime.FromMicroseconds(80), 3_000_000_000);

    public VirtualTime CostOf(ulong bytes) => new(Latency.Nanoseconds + (long)(bytes * 1e9 / BytesPerSecond));
}
