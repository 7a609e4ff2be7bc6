namespace Quire.Machine.HeapCalls;

/// <summary>The functions of a C library's heap, by what their arguments mean.</summary>
internal enum HeapFunction : byte
{
    /// <summary>malloc(size), valloc, pvalloc.</summary>
    Allocate,

    /// <summary>calloc(count, size).</summary>
    AllocateArray,

    /// <summary>memalign(alignment, size), aligned_alloc.</summary>
    AllocateAligned,

    /// <summary>posix_memalign(result, alignment, size).</summary>
    AllocateInto,

    /// <summary>realloc(block, size).</summary>
    Reallocate,

    /// <summary>free(block), cfree.</summary>
    Free,
}

internal static class HeapFunctions
{
    public static HeapFunction? Named(ReadOnlySpan<byte> symbol) => symbol switch
    {
        _ when symbol.SequenceEqual("malloc"u8) || symbol.SequenceEqual("valloc"u8) || symbol.SequenceEqual("pvalloc"u8) => HeapFunction.Allocate,
        _ when symbol.SequenceEqual("calloc"u8) => HeapFunction.AllocateArray,
        _ when symbol.SequenceEqual("memalign"u8) || symbol.SequenceEqual("aligned_alloc"u8) => HeapFunction.AllocateAligned,
        _ when symbol.SequenceEqual("posix_memalign"u8) => HeapFunction.AllocateInto,
        _ when symbol.SequenceEqual("realloc"u8) => HeapFunction.Reallocate,
        _ when symbol.SequenceEqual("free"u8) || symbol.SequenceEqual("cfree"u8) => HeapFunction.Free,
        _ => null,
    };
}
