using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>What to verify in a slab cache, after SLUB's slub_debug letters F, Z and P.</summary>
[Flags]
public enum SlabDebug
{
    None = 0,

    /// <summary>F: double and foreign frees are found at the call.</summary>
    Consistency = 1,

    /// <summary>Z: bytes before and after each object, checked at allocation and free.</summary>
    RedZone = 2,

    /// <summary>P: free objects are filled with a pattern, checked at allocation. As in SLUB, not for objects with a constructor.</summary>
    Poison = 4,

    All = Consistency | RedZone | Poison,
}

/// <summary>Called with an object's bytes (none when the pages only count).</summary>
public delegate void SlabObjectAction(Span<byte> bytes);

/// <summary>How a slab cache is laid out.</summary>
public sealed record SlabCacheOptions(string Name, int ObjectSize)
{
    /// <summary>Of each object's address in bytes; a power of two, at most a page.</summary>
    public int Alignment { get; init; } = 8;

    /// <summary>Frames a slab as a power of two. Null chooses the least order that wastes at most an eighth, as Linux does.</summary>
    public int? Order { get; init; }

    public int Cpus { get; init; } = 1;

    /// <summary>Objects a per-CPU magazine holds; a CPU has two, so up to twice as many wait there. Zero switches magazines off.</summary>
    public int MagazineSize { get; init; } = 32;

    public SlabDebug Debug { get; init; }

    /// <summary>Run once for each object when its slab is made; objects come back in constructed state (Bonwick, USENIX 1994).</summary>
    public SlabObjectAction? Constructor { get; init; }

    /// <summary>Run once for each object when its slab is given back.</summary>
    public SlabObjectAction? Destructor { get; init; }

    public int PageShift { get; init; } = Page.Shift;
}
