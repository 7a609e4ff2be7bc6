using Quire.Allocation;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap.Compression;

/// <summary>
/// Pieces of less than a page in frames of RAM, by size classes that divide one frame, or two, evenly (Linux's zsmalloc). Never reclaims to get a frame.
/// </summary>
internal sealed class CompressedPages : ISlabPages
{
    private static readonly int[] Sizes = [64, 128, 192, 256, 336, 400, 512, 576, 672, 816, 1024, 1360, 2048, 2728];

    private readonly ISlabPages _frames;
    private readonly SlabCache[] _classes;

    public CompressedPages(PageAllocator frames)
    {
        _frames = frames;
        _classes = [.. Sizes.Select(size => new SlabCache(this, new SlabCacheOptions($"zs-{size}", size) { Order = size > Page.Size / 2 ? 1 : 0, MagazineSize = 0 }))];
    }

    /// <summary>The largest piece.</summary>
    public static int Largest => Sizes[^1];

    /// <summary>Frames taken.</summary>
    public int FrameCount { get; private set; }

    /// <summary>False: no frame.</summary>
    public bool TryStore(ReadOnlySpan<byte> piece, out CompressedPage place)
    {
        place = default;
        var sizeClass = Array.FindIndex(Sizes, Fits(piece.Length));
        if (!_classes[sizeClass].TryAllocate(out var slot))
        {
            return false;
        }

        piece.CopyTo(_classes[sizeClass].Bytes(slot));
        place = new CompressedPage(sizeClass, slot.Slab, slot.Object, piece.Length);
        return true;
    }

    public ReadOnlySpan<byte> Bytes(CompressedPage place) => _classes[place.SizeClass].Bytes(new SlabSlot(place.Slab, place.Object))[..place.Length];

    public void Free(CompressedPage place)
    {
        var pieces = _classes[place.SizeClass];
        pieces.Free(new SlabSlot(place.Slab, place.Object));
        if (pieces.EmptySlabs > 0)
        {
            pieces.Shrink();
        }
    }

    bool ISlabPages.TryAllocateRun(int order, out uint frame)
    {
        if (!_frames.TryAllocateRun(order, out frame))
        {
            return false;
        }

        FrameCount += 1 << order;
        return true;
    }

    void ISlabPages.FreeRun(uint frame, int order)
    {
        _frames.FreeRun(frame, order);
        FrameCount -= 1 << order;
    }

    Span<byte> ISlabPages.Memory(uint frame, int order) => _frames.Memory(frame, order);

    private static Predicate<int> Fits(int length) => size => size >= length;
}

/// <summary>Where a compressed page is.</summary>
/// <code>
///  63..32  31..24  23..16      15..0
///  slab    object  size class  length in bytes
/// </code>
internal readonly record struct CompressedPage(ulong Value)
{
    public CompressedPage(int sizeClass, int slab, int @object, int length)
        : this(((ulong)(uint)slab << 32) | ((ulong)(uint)@object << 24) | ((ulong)(uint)sizeClass << 16) | (uint)length)
    {
    }

    public int Slab => (int)(Value >> 32);

    public int Object => (int)(Value >> 24) & 0xFF;

    public int SizeClass => (int)(Value >> 16) & 0xFF;

    public int Length => (int)(Value & 0xFFFF);
}
