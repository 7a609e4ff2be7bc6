using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>Blocks of one size: free ones are linked through their first words, fresh ones are cut from the region in order.</summary>
/// <remarks>Not thread-safe. In Checked, double and foreign frees throw.</remarks>
public sealed unsafe class BlockPool : IDisposable
{
    private readonly NativeRegion _region;
    private readonly nint _stride;
    // Null where nothing is checked.
    private System.Collections.BitArray? _taken;
    private void* _free;
    private byte* _fresh;
    private byte* _committed;
    private readonly byte* _end;

    /// <param name="region">Taken over.</param>
    /// <param name="blockSize">Bytes, at least 1; blocks are 16-aligned, or 8-aligned when no larger than 8.</param>
    /// <param name="safety">Guarded is not offered here: it would need a page a block.</param>
    public BlockPool(NativeRegion region, int blockSize, SafetyLevel safety = SafetyLevel.Release)
    {
        ArgumentNullException.ThrowIfNull(region);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockSize);
        ArgumentOutOfRangeException.ThrowIfEqual((int)safety, (int)SafetyLevel.Guarded, nameof(safety));
        _region = region;
        _stride = blockSize <= 8 ? 8 : ((nint)blockSize + 15) & -16;
        _fresh = _committed = region.Base;
        _end = region.Base + (region.Capacity / _stride * _stride);
        _taken = safety == SafetyLevel.Checked ? new System.Collections.BitArray(checked((int)(region.Capacity / _stride))) : null;
        BlockSize = blockSize;
    }

    public int BlockSize { get; }

    /// <summary>Blocks out.</summary>
    public long Count { get; private set; }

    /// <summary>A block, contents undefined; null when the region is full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void* Allocate()
    {
        var block = _free;
        if (block != null)
        {
            _free = *(void**)block;
        }
        else if ((block = TakeFresh()) == null)
        {
            return null;
        }

        Count++;
        if (_taken is not null)
        {
            _taken[NumberOf(block)] = true;
        }

        return block;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Free(void* block)
    {
        if (block == null)
        {
            return;
        }

        if (_taken is not null)
        {
            ThrowIfNotTaken(block);
        }

        *(void**)block = _free;
        _free = block;
        Count--;
    }

    public void Dispose()
    {
        // Allocation and free go the long way from now on, and are refused there.
        _free = null;
        _fresh = _end;
        _taken ??= new System.Collections.BitArray(0);
        _region.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* TakeFresh()
    {
        if (_fresh == _end)
        {
            ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
            return null;
        }

        if (_fresh + _stride > _committed)
        {
            var offset = (nint)(_committed - _region.Base);
            var length = Math.Min(_region.Capacity - offset, Math.Max(_stride, NativeRegion.CommitGranule));
            if (!_region.TryCommit(offset, length))
            {
                return null;
            }

            _committed += length;
        }

        var block = _fresh;
        _fresh += _stride;
        return block;
    }

    private int NumberOf(void* block) => (int)((nint)((byte*)block - _region.Base) / _stride);

    private void ThrowIfNotTaken(void* block)
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        if ((byte*)block < _region.Base || (byte*)block >= _fresh || (nint)((byte*)block - _region.Base) % _stride != 0)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block of this pool.");
        }

        if (!_taken![NumberOf(block)])
        {
            throw new HeapMisuseException(HeapMisuse.DoubleFree, $"0x{(nint)block:x} is free already.");
        }

        _taken[NumberOf(block)] = false;
    }
}
