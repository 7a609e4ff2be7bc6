using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>Where anonymous pages go when frames are short. Without areas nothing goes.</summary>
internal sealed class SwapSpace
{
    public uint Free => 0;

    public static bool IsCached(in FrameEntry entry) => entry.Use == FrameUse.Anonymous && entry.Index != 0;

    public bool TryPageOut(FrameNumber frame) => false;
}
