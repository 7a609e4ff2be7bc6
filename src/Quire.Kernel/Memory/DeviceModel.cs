using System.Globalization;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What a request to the device behind files and swap areas costs in virtual time: a wait, then a transfer.</summary>
/// <param name="BytesPerSecond">Transfer rate, above 0; all requests share it.</param>
/// <param name="QueueDepth">Requests that the device waits for at once, above 0.</param>
public sealed record DeviceModel(VirtualTime Latency, long BytesPerSecond, int QueueDepth = 32)
{
    public const string Syntax = "nvme, ssd, hdd, or LATENCY,BYTES-A-SECOND,QUEUE-DEPTH such as 80us,3G,32";

    public const int DeepestQueue = 1024;

    private static readonly VirtualTime Longest = VirtualTime.FromMilliseconds(60_000);

    /// <summary>A common NVMe drive: 80 microseconds, 3 GB/s.</summary>
    public static DeviceModel Nvme { get; } = new(VirtualTime.FromMicroseconds(80), 3_000_000_000);

    /// <summary>A common SATA drive: 120 microseconds, 540 MB/s, a queue of 32.</summary>
    public static DeviceModel Ssd { get; } = new(VirtualTime.FromMicroseconds(120), 540_000_000);

    /// <summary>A disk of 7200 turns a minute: 8.5 ms of seek and 4.2 ms of turning, 180 MB/s, one head.</summary>
    public static DeviceModel Hdd { get; } = new(VirtualTime.FromMicroseconds(12_700), 180_000_000, 1);

    public VirtualTime TransferTimeOf(ulong bytes) => new((long)(bytes * 1e9 / BytesPerSecond));

    public static bool TryParse(string text, out DeviceModel model, out string error)
    {
        error = "";
        model = text switch
        {
            "ssd" => Ssd,
            "hdd" => Hdd,
            _ => Nvme,
        };
        if (text is "nvme" or "ssd" or "hdd")
        {
            return true;
        }

        var parts = text.Split(',');
        if (parts.Length != 3)
        {
            error = $"'{text}' is not {Syntax}";
        }
        else if (!TryParseTime(parts[0], out var latency) || latency > Longest)
        {
            error = $"'{parts[0]}' is not a time from 0 to {Longest.Seconds:0}s such as 80us, 10ms or 0.5s";
        }
        else if (!ByteSize.TryParse(parts[1], out var rate) || rate.Bytes < Page.Size)
        {
            error = $"'{parts[1]}' is not a number of bytes a second, from 4K, such as 550M or 3G";
        }
        else if (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var depth) || depth is < 1 or > DeepestQueue)
        {
            error = $"queue depth '{parts[2]}' is not a number from 1 to {DeepestQueue}";
        }
        else
        {
            model = new DeviceModel(latency, (long)rate.Bytes, depth);
        }

        return error.Length == 0;
    }

    private static bool TryParseTime(string text, out VirtualTime time)
    {
        time = default;
        foreach (var (unit, nanoseconds) in (ReadOnlySpan<(string, double)>)[("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)])
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * nanoseconds < 1e15)
            {
                time = new VirtualTime((long)(number * nanoseconds));
                return true;
            }
        }

        return false;
    }
}
