using System.Security.Cryptography;

namespace Quire.Allocation;

/// <summary>
/// Any heap with every call verified: each block lies between two canaries, and a table beside the heap knows every block, so double
/// frees, foreign pointers, wrong sizes and writes over either end are found at the next call that names the block.
/// </summary>
/// <remarks>Thread-safe. What was freed is remembered until its address is given out again.</remarks>
public sealed unsafe class CheckedHeap(IAllocator inner) : IAllocator, IExplained
{
    private const int CanaryBytes = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<nint, Block> _live = [];
    private readonly HashSet<nint> _freed = [];
    private readonly ulong _secret = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private bool _isDisposed;

    public AllocatorStatistics Statistics => inner.Statistics;

    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        var front = Math.Max(CanaryBytes, alignment);
        if (size > nint.MaxValue - front - CanaryBytes)
        {
            return null;
        }

        lock (_lock)
        {
            var start = (byte*)inner.Allocate(size + front + CanaryBytes, alignment);
            if (start == null)
            {
                return null;
            }

            var block = start + front;
            _freed.Remove((nint)block);

            // Known already when the heap below freed it by other means, as an arena's scope does.
            _live[(nint)block] = new Block(size, front);
            Canaries(block, size, out var before, out var after);
            Fill(before, (ulong)block);
            Fill(after, (ulong)block);
            return block;
        }
    }

    /// <exception cref="HeapMisuseException">The pointer is no live block, or an end of the block was overwritten.</exception>
    public void Free(void* block)
    {
        if (block == null)
        {
            return;
        }

        lock (_lock)
        {
            Release(block, Verify(block));
        }
    }

    /// <summary>Frees and verifies the size that the block was allocated with.</summary>
    public void Free(void* block, nint size)
    {
        lock (_lock)
        {
            var known = Verify(block);
            if (known.Size != size)
            {
                throw new HeapMisuseException(HeapMisuse.SizeMismatch, $"The block at 0x{(nint)block:x} has {known.Size} bytes, not {size}.");
            }

            Release(block, known);
        }
    }

    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        return block == null ? Allocate(size) : BlockRequest.Move(this, block, UsableSize(block), size);
    }

    /// <summary>Exactly what was asked for.</summary>
    public nint UsableSize(void* block)
    {
        lock (_lock)
        {
            return Verify(block).Size;
        }
    }

    /// <summary>Verifies every live block.</summary>
    public void VerifyAll()
    {
        lock (_lock)
        {
            foreach (var block in _live.Keys)
            {
                Verify((void*)block);
            }
        }
    }

    public nint Trim()
    {
        lock (_lock)
        {
            return inner.Trim();
        }
    }

    public nint OffsetOf(void* block)
    {
        lock (_lock)
        {
            return inner.OffsetOf((byte*)block - Verify(block).Front) + _live[(nint)block].Front;
        }
    }

    string? IExplained.Placed(void* block) => (inner as IExplained)?.Placed((byte*)block - Verify(block).Front);

    string? IExplained.Freeing(void* block) => (inner as IExplained)?.Freeing((byte*)block - Verify(block).Front);

    public IReadOnlyList<HeapBlock> Walk() => inner.Walk();

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            inner.Dispose();
        }
    }

    private void Release(void* block, Block known)
    {
        _live.Remove((nint)block);
        _freed.Add((nint)block);
        inner.Free((byte*)block - known.Front);
    }

    private Block Verify(void* block)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_live.TryGetValue((nint)block, out var known))
        {
            throw _freed.Contains((nint)block)
                ? new HeapMisuseException(HeapMisuse.DoubleFree, $"The block at 0x{(nint)block:x} was freed before.")
                : new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block of this heap.");
        }

        Canaries(block, known.Size, out var before, out var after);
        if (!IsIntact(before, (ulong)block))
        {
            throw new HeapMisuseException(HeapMisuse.HeaderDamaged, $"The bytes before the block at 0x{(nint)block:x} were overwritten.");
        }

        if (!IsIntact(after, (ulong)block))
        {
            throw new HeapMisuseException(HeapMisuse.RedZoneOverwritten, $"The bytes after the {known.Size} of the block at 0x{(nint)block:x} were overwritten.");
        }

        return known;
    }

    private static void Canaries(void* block, nint size, out Span<byte> before, out Span<byte> after)
    {
        before = new Span<byte>((byte*)block - CanaryBytes, CanaryBytes);
        after = new Span<byte>((byte*)block + size, CanaryBytes);
    }

    private void Fill(Span<byte> canary, ulong place)
    {
        BitConverter.TryWriteBytes(canary, _secret ^ place);
        BitConverter.TryWriteBytes(canary[sizeof(ulong)..], ~_secret ^ place);
    }

    private bool IsIntact(ReadOnlySpan<byte> canary, ulong place) =>
        BitConverter.ToUInt64(canary) == (_secret ^ place) && BitConverter.ToUInt64(canary[sizeof(ulong)..]) == (~_secret ^ place);

    private readonly record struct Block(nint Size, nint Front);
}
