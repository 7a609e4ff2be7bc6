namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// Free frames at which a zone starts to worry, as Linux computes them (mm/page_alloc.c): below Low memory is reclaimed until High is reached;
/// below Min only reclaim itself may allocate.
/// </summary>
public readonly record struct Watermarks(uint Min, uint Low, uint High)
{
    private const ulong SmallestMinimumKiB = 128;
    private const ulong LargestMinimumKiB = 262_144;

    /// <param name="zoneFrames">Frames of the zone.</param>
    /// <param name="machineFrames">Frames of all zones, whose square root the reserve follows.</param>
    public static Watermarks For(uint zoneFrames, uint machineFrames)
    {
        var machineKiB = (ulong)machineFrames * 4;
        var minimumKiB = Math.Clamp((ulong)Math.Sqrt(machineKiB * 16), SmallestMinimumKiB, LargestMinimumKiB);
        var min = (uint)(minimumKiB / 4 * zoneFrames / machineFrames);

        // watermark_scale_factor: a thousandth of the zone, or a quarter of min.
        var step = Math.Max(min / 4, zoneFrames / 1000);
        return new Watermarks(min, min + step, min + (2 * step));
    }
}
