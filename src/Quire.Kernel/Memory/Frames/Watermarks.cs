namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// Free frames at which a zone starts to worry, as Linux computes them (mm/page_alloc.c): below Low memory is reclaimed until High is reached;
/// below Min only reclaim itself may allocate.
/// </summary>
public readonly record struct Watermarks(uint Min, uint Low, uint High)
{
    public const int StandardScaleFactor = 10;

    private const ulong SmallestMinimumKiB = 128;
    private const ulong LargestMinimumKiB = 262_144;

    /// <summary>What vm.min_free_kbytes is unless somebody sets it.</summary>
    public static ulong StandardMinimumKiB(uint machineFrames) =>
        Math.Clamp((ulong)Math.Sqrt((ulong)machineFrames * 4 * 16), SmallestMinimumKiB, LargestMinimumKiB);

    public static Watermarks For(uint zoneFrames, uint machineFrames) =>
        For(zoneFrames, machineFrames, StandardMinimumKiB(machineFrames), StandardScaleFactor);

    /// <param name="zoneFrames">Frames of the zone.</param>
    /// <param name="machineFrames">Frames of all zones, whose square root the reserve follows.</param>
    /// <param name="minimumKiB">vm.min_free_kbytes.</param>
    /// <param name="scaleFactor">vm.watermark_scale_factor.</param>
    public static Watermarks For(uint zoneFrames, uint machineFrames, ulong minimumKiB, uint scaleFactor)
    {
        var min = (uint)(minimumKiB / 4 * zoneFrames / machineFrames);

        // Ten-thousandths of the zone, or a quarter of min.
        var step = (uint)Math.Max(min / 4, (ulong)zoneFrames * scaleFactor / 10_000);
        return new Watermarks(min, min + step, min + (2 * step));
    }
}
