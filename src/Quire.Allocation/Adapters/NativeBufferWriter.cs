using System.Buffers;

namespace Quire.Allocation;

/// <summary>IBufferWriter over an allocator: one block that doubles when it is full.</summary>
public sealed class NativeBufferWriter(IAllocator allocator) : IBufferWriter<byte>, IDisposable
{
    private const int LeastBytes = 256;

    private NativeBuffer<byte>? _buffer;
    private bool _isDisposed;

    /// <summary>What was written; valid until the next call that needs room.</summary>
    public ReadOnlySpan<byte> Written => _buffer is null ? [] : _buffer.GetSpan()[..Count];

    /// <summary>Bytes written.</summary>
    public int Count { get; private set; }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > (_buffer?.Length ?? 0) - Count)
        {
            throw new InvalidOperationException($"{count} bytes are more than were asked for.");
        }

        Count += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => Grown(sizeHint).Memory[Count..];

    public Span<byte> GetSpan(int sizeHint = 0) => Grown(sizeHint).GetSpan()[Count..];

    /// <summary>Forgets what was written and keeps the memory.</summary>
    public void Clear() => Count = 0;

    public void Dispose()
    {
        _isDisposed = true;
        ((IDisposable?)_buffer)?.Dispose();
        _buffer = null;
        Count = 0;
    }

    private NativeBuffer<byte> Grown(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (sizeHint > Array.MaxLength - Count)
        {
            throw new OutOfMemoryException($"{sizeHint} bytes after {Count} are more than a buffer holds.");
        }

        var needed = Count + Math.Max(sizeHint, 1);
        if (_buffer is not null && _buffer.Length >= needed)
        {
            return _buffer;
        }

        var grown = new NativeBuffer<byte>(allocator, Math.Max(Math.Max(LeastBytes, needed), (int)Math.Min(Array.MaxLength, 2L * Count)));
        Written.CopyTo(grown.GetSpan());
        ((IDisposable?)_buffer)?.Dispose();
        _buffer = grown;
        return grown;
    }
}
