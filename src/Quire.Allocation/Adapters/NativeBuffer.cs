using System.Buffers;

namespace Quire.Allocation;

/// <summary>Elements in native memory as Memory&lt;T&gt;: may be stored, sliced and passed to asynchronous calls. Freed when disposed.</summary>
public sealed unsafe class NativeBuffer<T> : MemoryManager<T>
    where T : unmanaged
{
    private readonly IAllocator _allocator;
    private readonly int _length;
    private void* _block;

    /// <exception cref="OutOfMemoryException">The allocator has no room.</exception>
    public NativeBuffer(IAllocator allocator, int length, int alignment = 16)
    {
        ArgumentNullException.ThrowIfNull(allocator);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _allocator = allocator;
        _length = length;
        _block = allocator.Allocate((nint)length * sizeof(T), alignment);
        if (_block == null)
        {
            throw new OutOfMemoryException($"No room for {length} elements of {sizeof(T)} bytes.");
        }
    }

    public int Length => _length;

    public override Span<T> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_block == null, this);
        return new Span<T>(_block, _length);
    }

    /// <summary>Native memory does not move: the handle only carries the address.</summary>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_block == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new MemoryHandle((T*)_block + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _block != null)
        {
            _allocator.Free(_block);
            _block = null;
        }
    }
}
