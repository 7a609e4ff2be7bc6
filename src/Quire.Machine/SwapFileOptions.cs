using Quire.Primitives;

namespace Quire.Machine;

/// <summary>A swap area in a file of the host.</summary>
/// <param name="Size">Whole pages.</param>
/// <param name="Priority">0 to 32767; null: below all that have one, and below earlier areas.</param>
/// <param name="Path">A file that does not exist yet; null: a temporary one.</param>
public sealed record SwapFileOptions(ByteSize Size, int? Priority = null, string? Path = null)
{
    public static readonly ByteSize Largest = ByteSize.FromMiB(1UL << 20);

    public const int HighestPriority = 32_767;

    /// <summary>MAX_SWAPFILES of Linux, about.</summary>
    public const int MostAreas = 28;
}
