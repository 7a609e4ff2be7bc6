using System.Buffers;

namespace Quire.Allocation;

/// <summary>MemoryPool&lt;T&gt; over an allocator: rented memory goes back when its owner is disposed. Rented lengths are exact.</summary>
public sealed class NativeMemoryPool<T>(IAllocator allocator) : MemoryPool<T>
    where T : unmanaged
{
    private const int DefaultLength = 4096;

    private bool _isDisposed;

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<T> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minBufferSize, -1);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new NativeBuffer<T>(allocator, minBufferSize == -1 ? DefaultLength : minBufferSize);
    }

    /// <summary>The allocator, and what is rented, stay the callers'.</summary>
    protected override void Dispose(bool disposing) => _isDisposed = true;
}
