using Quire.Kernel.Memory.Frames;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>A page that comes into a frame.</summary>
/// <param name="Page">Names the page, the same each time it comes.</param>
/// <param name="Shadow">What the order left when the page last went.</param>
internal readonly record struct PageArrival(ulong Page, Shadow Shadow)
{
    private const ulong FileBit = 1UL << 63;

    public static ulong NameOf(in FrameEntry entry) =>
        entry.Use == FrameUse.File ? FileBit | ((ulong)entry.Owner << 32) | entry.Index : entry.FirstMapping.Value;
}
