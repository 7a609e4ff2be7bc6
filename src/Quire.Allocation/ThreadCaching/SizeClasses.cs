using System.Numerics;

namespace Quire.Allocation;

/// <summary>
/// The block sizes of the small-object heap: multiples of 16 up to 256, then eight to a doubling up to 32 KiB, so that rounding wastes
/// less than an eighth. Class 0 is no class: it marks pages of large blocks.
/// </summary>
internal static class SizeClasses
{
    public const int MaxSmall = 32 << 10;
    public const int PageShift = 13;
    public const int PageSize = 1 << PageShift;
    public const int Count = 1 + 16 + (7 * 8);

    // A batch moves between a thread and the central lists at once.
    private const int BatchBytes = 8 << 10;
    private const int LargestBatch = 64;

    public static int SizeOf(int sizeClass)
    {
        if (sizeClass <= 16)
        {
            return sizeClass * 16;
        }

        var step = sizeClass - 17;
        return (256 << (step / 8)) + ((256 << (step / 8)) / 8 * ((step % 8) + 1));
    }

    public static int ClassOf(int size)
    {
        if (size <= 256)
        {
            return Math.Max(1, (size + 15) / 16);
        }

        var doubling = BitOperations.Log2((uint)(size - 1)) - 8;
        return 17 + (doubling * 8) + ((size - 1) >> (doubling + 5)) - 8;
    }

    /// <summary>Blocks moved at once.</summary>
    public static int Batch(int sizeClass) => Math.Clamp(BatchBytes / SizeOf(sizeClass), 2, LargestBatch);

    /// <summary>Pages of a span: the fewest, from a few blocks on, whose rest is under a sixteenth.</summary>
    public static int PagesPerSpan(int sizeClass)
    {
        var size = SizeOf(sizeClass);
        for (var pages = 1; ; pages++)
        {
            var bytes = pages * PageSize;
            if (bytes / size >= 4 && bytes % size <= bytes / 16)
            {
                return pages;
            }
        }
    }
}
