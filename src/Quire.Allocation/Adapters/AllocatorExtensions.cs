using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>Typed access to an allocator.</summary>
public static unsafe class AllocatorExtensions
{
    /// <summary>Zeroed elements that are freed at the end of a using block.</summary>
    /// <exception cref="OutOfMemoryException">The allocator has no room.</exception>
    public static ScopedBlock<T> Rent<T>(this IAllocator allocator, int count)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(allocator);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var block = allocator.Allocate((nint)count * sizeof(T));
        if (block == null)
        {
            throw new OutOfMemoryException($"No room for {count} elements of {sizeof(T)} bytes.");
        }

        new Span<T>(block, count).Clear();
        return new ScopedBlock<T>(allocator, block, count);
    }
}

/// <summary>Elements of native memory for the length of a using block.</summary>
public readonly unsafe ref struct ScopedBlock<T>
    where T : unmanaged
{
    private readonly IAllocator? _allocator;
    private readonly void* _block;

    internal ScopedBlock(IAllocator allocator, void* block, int count)
    {
        _allocator = allocator;
        _block = block;
        Span = new Span<T>(block, count);
    }

    public Span<T> Span { get; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Span[index];
    }

    public void Dispose() => _allocator?.Free(_block);
}
