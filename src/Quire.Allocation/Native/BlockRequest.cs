using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>The argument rules of <see cref="IAllocator"/>, and reallocation by moving, which heaps share.</summary>
internal static unsafe class BlockRequest
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfInvalid(nint size, nint alignment)
    {
        if (size < 0 || alignment <= 0 || alignment > NativeRegion.BaseAlignment || (alignment & (alignment - 1)) != 0)
        {
            Throw(size, alignment);
        }
    }

    /// <summary>
    /// Allocates, copies the common part and frees. Without room, a block that is long enough stays where it is; else null, and nothing changed.
    /// </summary>
    public static void* Move(IAllocator heap, void* block, nint oldSize, nint newSize, nint alignment = 16)
    {
        var moved = heap.Allocate(newSize, alignment);
        if (moved == null && newSize <= oldSize)
        {
            return block;
        }

        if (moved != null && block != null)
        {
            Buffer.MemoryCopy(block, moved, newSize, Math.Min(oldSize, newSize));
            heap.Free(block);
        }

        return moved;
    }

    [DoesNotReturn]
    private static void Throw(nint size, nint alignment) => throw (size < 0
        ? new ArgumentOutOfRangeException(nameof(size), $"A block cannot have {size} bytes.")
        : new ArgumentOutOfRangeException(nameof(alignment), $"Alignment {alignment} is not a power of two from 1 to {NativeRegion.BaseAlignment}."));
}
