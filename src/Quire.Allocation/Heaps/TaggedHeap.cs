namespace Quire.Allocation;

/// <summary>
/// A malloc with boundary tags inside the memory. Chunks lie side by side up to the top, beyond which nothing has been used;
/// no two neighbours are both free, and the chunk before the top is never free: it would be part of it.
/// </summary>
/// <remarks>
/// Not thread-safe. In Release a caller must pass Free only what Allocate returned, and write only inside blocks; in Checked the
/// headers carry checksums, which Free verifies on the block and its neighbours.
/// </remarks>
internal sealed unsafe partial class TaggedHeap<TBins> : IAllocator
    where TBins : struct, IChunkBins
{
    private readonly NativeRegion _region;
    private readonly bool _checked;
    private readonly byte* _first;
    private readonly byte* _end;
    private TBins _bins;
    private byte* _top;
    private byte* _committed;
    private nint _allocated;
    private long _splits;
    private long _merges;
    private long _examined;
    private bool _isDisposed;

    public TaggedHeap(NativeRegion region, SafetyLevel safety)
    {
        ArgumentNullException.ThrowIfNull(region);
        _region = region;
        _checked = safety != SafetyLevel.Release;
        var state = (TBins.StateBytes + 15) & -16;
        if (state + Chunk.LeastBytes > region.Capacity || !region.TryCommit(0, state + Chunk.LeastBytes))
        {
            throw new OutOfMemoryException($"{region.Capacity} bytes do not hold the {state} of the bins.");
        }

        _bins = default;
        _bins.Open(region.Base);
        _first = region.Base + state + Chunk.HeaderBytes;
        _end = region.Base + region.Capacity;
        _top = _first;
        _committed = region.Base + Math.Min(region.Capacity, NativeRegion.CommitGranule);
        SetHeader((Chunk*)_top, 0, 0);
    }

    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (size > _region.Capacity)
        {
            return null;
        }

        var needed = ChunkBytes(size);
        return alignment <= 16 ? Contents(Take(needed)) : AllocateAligned(needed, alignment);
    }

    public void Free(void* block)
    {
        if (block == null)
        {
            return;
        }

        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_checked)
        {
            ThrowIfNotAllocated(block);
        }

        var chunk = ChunkOf(block);
        _allocated -= chunk->Size;
        Release(chunk, chunk->Size);
    }

    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        if (block == null)
        {
            return Allocate(size);
        }

        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_checked)
        {
            ThrowIfNotAllocated(block);
        }

        if (size > _region.Capacity)
        {
            return null;
        }

        var chunk = ChunkOf(block);
        var needed = ChunkBytes(size);
        if (needed <= chunk->Size || TryGrow(chunk, needed))
        {
            TrimTail(chunk, needed);
            return block;
        }

        return BlockRequest.Move(this, block, chunk->Size - Chunk.HeaderBytes, size);
    }

    public nint UsableSize(void* block)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_checked)
        {
            ThrowIfNotAllocated(block);
        }

        return ChunkOf(block)->Size - Chunk.HeaderBytes;
    }

    public nint OffsetOf(void* block) => _region.TryOffsetOf(block, out var offset)
        ? offset
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");

    /// <summary>Free chunks keep their pages committed, but their inner pages hold nothing; beyond the top they are decommitted.</summary>
    public nint Trim()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        nint given = 0;
        for (var chunk = (Chunk*)_first; (byte*)chunk < _top; chunk = After(chunk, chunk->Size))
        {
            if ((chunk->Header & Chunk.IsFree) != 0)
            {
                // Links at its start, the length at its end.
                given += _region.Discard((nint)((byte*)chunk - _region.Base) + sizeof(Chunk), chunk->Size - sizeof(Chunk) - sizeof(nint));
            }
        }

        var before = _region.CommittedBytes;
        var used = (nint)(_top - _region.Base) + Chunk.HeaderBytes;
        var end = (used + NativeRegion.CommitGranule - 1) & -NativeRegion.CommitGranule;
        var committed = (nint)(_committed - _region.Base);
        if (end < committed)
        {
            _region.Decommit(end, committed - end);
            _committed = _region.Base + end;
        }

        return given + before - _region.CommittedBytes;
    }

    public void Dispose()
    {
        _isDisposed = true;
        _region.Dispose();
    }

    // Room for the header, and enough to become a free chunk later.
    private static nint ChunkBytes(nint size) => Math.Max(Chunk.LeastBytes, (size + Chunk.HeaderBytes + 15) & -16);

    private static Chunk* ChunkOf(void* block) => (Chunk*)((byte*)block - Chunk.HeaderBytes);

    private static void* Contents(Chunk* chunk) => chunk == null ? null : (byte*)chunk + Chunk.HeaderBytes;

    private static Chunk* After(Chunk* chunk, nint size) => (Chunk*)((byte*)chunk + size);

    private Chunk* Take(nint needed)
    {
        var chunk = _bins.Find(needed, ref _examined);
        if (chunk == null)
        {
            return TakeFromTop(needed);
        }

        var size = chunk->Size;
        if (_checked)
        {
            ThrowIfHeaderDamaged(chunk);
        }

        _bins.Remove(chunk, size);
        var next = After(chunk, size);
        SetHeader(next, next->Size, next->Header & Chunk.IsFree);
        SetHeader(chunk, size, 0);
        _allocated += size;
        TrimTail(chunk, needed);
        return chunk;
    }

    // The last 8 bytes before the end stay free for the header of an empty top.
    private Chunk* TakeFromTop(nint needed)
    {
        var top = _top;
        var newTop = top + needed;
        if (needed > _end - top - Chunk.HeaderBytes || !TryCommit(newTop + Chunk.HeaderBytes))
        {
            return null;
        }

        SetHeader((Chunk*)top, needed, 0);
        _top = newTop;
        SetHeader((Chunk*)newTop, 0, 0);
        _allocated += needed;
        return (Chunk*)top;
    }

    private bool TryCommit(byte* end)
    {
        if (end <= _committed)
        {
            return true;
        }

        var offset = (nint)(_committed - _region.Base);
        var length = (nint)(end - _committed);
        if (!_region.TryCommit(offset, length))
        {
            return false;
        }

        _committed += (length + NativeRegion.CommitGranule - 1) & -NativeRegion.CommitGranule;
        return true;
    }

    private void* AllocateAligned(nint needed, nint alignment)
    {
        var chunk = Take(needed + alignment + Chunk.LeastBytes);
        if (chunk == null)
        {
            return null;
        }

        var contents = (nint)Contents(chunk);
        var aligned = (contents + alignment - 1) & -alignment;
        if (aligned != contents)
        {
            // The part cut off in front has to be a chunk of its own.
            aligned = (contents + Chunk.LeastBytes + alignment - 1) & -alignment;
            var front = aligned - contents;
            var size = chunk->Size;
            var block = ChunkOf((void*)aligned);
            SetHeader(block, size - front, 0);
            SetHeader(chunk, front, chunk->Header & Chunk.PreviousIsFree);
            _splits++;
            _allocated -= front;
            Release(chunk, front);
            chunk = block;
        }

        TrimTail(chunk, needed);
        return Contents(chunk);
    }

    // Cuts off what an allocated chunk has too much, if that makes a chunk.
    private void TrimTail(Chunk* chunk, nint needed)
    {
        var size = chunk->Size;
        if (size - needed < Chunk.LeastBytes)
        {
            return;
        }

        SetHeader(chunk, needed, chunk->Header & Chunk.PreviousIsFree);
        var tail = After(chunk, needed);
        SetHeader(tail, size - needed, 0);
        _splits++;
        _allocated -= size - needed;
        Release(tail, size - needed);
    }

    // Joins a chunk with its free neighbours and the top. Its header still says allocated.
    private void Release(Chunk* chunk, nint size)
    {
        var flags = chunk->Header & Chunk.PreviousIsFree;

        // Left in place when the chunk is swallowed by the one before: a second free then finds a free header.
        SetHeader(chunk, size, flags | Chunk.IsFree);
        if (flags != 0)
        {
            var before = *(nint*)((byte*)chunk - sizeof(nint));
            if (_checked)
            {
                ThrowIfFooterDamaged(chunk, before);
            }

            chunk = (Chunk*)((byte*)chunk - before);
            _bins.Remove(chunk, before);
            size += before;
            _merges++;
        }

        var next = After(chunk, size);
        if ((byte*)next == _top)
        {
            _top = (byte*)chunk;
            SetHeader(chunk, 0, 0);
            return;
        }

        if (_checked)
        {
            ThrowIfHeaderDamaged(next);
        }

        if ((next->Header & Chunk.IsFree) != 0)
        {
            var after = next->Size;
            _bins.Remove(next, after);
            size += after;
            next = After(chunk, size);
            _merges++;
        }

        SetHeader(chunk, size, Chunk.IsFree);
        *(nint*)((byte*)next - sizeof(nint)) = size;
        SetHeader(next, next->Size, (next->Header & Chunk.IsFree) | Chunk.PreviousIsFree);
        _bins.Insert(chunk, size);
    }

    private bool TryGrow(Chunk* chunk, nint needed)
    {
        var size = chunk->Size;
        var next = After(chunk, size);
        var flags = chunk->Header & Chunk.PreviousIsFree;
        if ((byte*)next == _top)
        {
            if (TakeFromTop(Math.Max(needed - size, 16)) is var more && more == null)
            {
                return false;
            }

            SetHeader(chunk, Math.Max(needed, size + 16), flags);
            return true;
        }

        if ((next->Header & Chunk.IsFree) == 0 || size + next->Size < needed)
        {
            return false;
        }

        var joined = size + next->Size;
        _bins.Remove(next, next->Size);
        _allocated += next->Size;
        _merges++;
        SetHeader(chunk, joined, flags);
        var following = After(chunk, joined);
        SetHeader(following, following->Size, following->Header & Chunk.IsFree);
        return true;
    }
}
