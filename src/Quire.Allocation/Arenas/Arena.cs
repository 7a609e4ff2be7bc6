using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>
/// Bump allocation: blocks follow one another, none is freed alone, a scope frees all that was allocated in it. A block of
/// <see cref="Allocate(nint, nint)"/> has a header before it, as <see cref="IAllocator"/> needs; spans of elements have none:
/// <code>
///   -16  offset of the block allocated before it, from the region's start; -1 for the first
///    -8  mark in the upper 16 bits, size in the lower 48
/// </code>
/// </summary>
/// <remarks>Not thread-safe. Spans and pointers must not be used after their scope ends or the arena is reset.</remarks>
public sealed unsafe class Arena : IAllocator, IExplained
{
    private readonly NativeRegion _region;
    private byte* _next;
    private byte* _committed;

    // The innermost open scope; 0 is none. Numbers are never used again.
    private long _scope;
    private long _scopes;

    // Offset of the last block that has a header.
    private nint _last = -1;

    private const int HeaderBytes = 16;

    // Marks a header, so that what is no block is seldom taken for one. Sizes have less than 48 bits.
    private const ulong HeaderMark = 0xA1E5_0000_0000_0000;
    private const ulong SizeMask = 0x0000_FFFF_FFFF_FFFF;

    /// <summary>Takes the region over.</summary>
    public Arena(NativeRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        _region = region;
        _next = _committed = region.Base;
    }

    /// <summary>An arena of its own region of this many bytes of addresses.</summary>
    public Arena(nint capacity)
        : this(new NativeRegion(capacity))
    {
    }

    /// <summary>Bytes in use, headers and alignment gaps included.</summary>
    public nint Used => (nint)(_next - _region.Base);

    public AllocatorStatistics Statistics
    {
        get
        {
            ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
            return new()
            {
                Capacity = _region.Capacity,
                Footprint = _region.CommittedBytes,
                PeakFootprint = _region.PeakCommittedBytes,
                AllocatedBytes = Used,
                FreeBytes = _region.Capacity - Used,
                FreeBlocks = Used < _region.Capacity ? 1 : 0,
                LargestFree = _region.Capacity - Used,
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        if (alignment < sizeof(ulong))
        {
            alignment = sizeof(ulong);
        }

        // At least a byte, so that no two blocks are one.
        var start = (byte*)(((nint)_next + HeaderBytes + alignment - 1) & -alignment);
        var bytes = size + (size == 0 ? 1 : 0);
        if (bytes <= (nint)(_committed - start))
        {
            _next = start + bytes;
        }
        else if (AllocateBeyondCommitted(start, bytes) == null)
        {
            return null;
        }

        *(nint*)(start - HeaderBytes) = _last;
        *(ulong*)(start - sizeof(ulong)) = HeaderMark | (ulong)size;
        _last = (nint)(start - _region.Base);
        return start;
    }

    /// <summary>Elements whose contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException">The region is full.</exception>
    public Span<T> Allocate<T>(int count)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var block = Bump((nint)count * sizeof(T), Math.Max(1, nint.Min(16, (nint)BitOperations.RoundUpToPowerOf2((uint)sizeof(T)))));
        return block != null ? new Span<T>(block, count) : throw new OutOfMemoryException($"{count} elements do not fit the arena.");
    }

    /// <summary>Does nothing: the scope or <see cref="Reset"/> frees.</summary>
    /// <exception cref="HeapMisuseException">The pointer is no block of the arena.</exception>
    public void Free(void* block)
    {
        if (block != null)
        {
            _ = UsableSize(block);
        }
    }

    /// <summary>The last block changes its length in place, any other is copied when it grows.</summary>
    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        if (block == null)
        {
            return Allocate(size);
        }

        var before = UsableSize(block);
        var isLast = (byte*)block + Math.Max(before, 1) == _next;
        var bytes = Math.Max(size, 1);
        if (isLast ? !(bytes <= (nint)(_committed - (byte*)block) || AllocateBeyondCommitted((byte*)block, bytes) != null) : size > before)
        {
            return isLast ? null : BlockRequest.Move(this, block, before, size);
        }

        if (isLast)
        {
            _next = (byte*)block + bytes;
        }

        *(ulong*)((byte*)block - sizeof(ulong)) = HeaderMark | (ulong)size;
        return block;
    }

    /// <summary>Exactly what was asked for.</summary>
    public nint UsableSize(void* block)
    {
        if (_region.TryOffsetOf(block, out var offset) && offset >= HeaderBytes && offset < Used && (offset & (sizeof(ulong) - 1)) == 0)
        {
            var header = *(ulong*)((byte*)block - sizeof(ulong));
            if ((header & ~SizeMask) == HeaderMark && (nint)(header & SizeMask) <= Used - offset)
            {
                return (nint)(header & SizeMask);
            }
        }

        throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block in use in this arena.");
    }

    /// <summary>Until the scope is disposed, allocations belong to it. Scopes nest and end in reverse order.</summary>
    public Scope EnterScope()
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        var scope = new Scope(this, Used, _last, ++_scopes, _scope);
        _scope = _scopes;
        return scope;
    }

    /// <summary>Frees everything and ends all scopes; the memory stays committed.</summary>
    public void Reset()
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        _next = _region.Base;
        _last = -1;
        _scope = 0;
    }

    public nint Trim()
    {
        var committed = (nint)(_committed - _region.Base);
        var end = (Used + NativeRegion.CommitGranule - 1) & -NativeRegion.CommitGranule;
        _region.Decommit(end, committed - end);
        _committed = _region.Base + end;
        return committed - end;
    }

    public nint OffsetOf(void* block) => _region.TryOffsetOf(block, out var offset)
        ? offset
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in this heap.");

    string IExplained.Placed(void* block) => "next to what was allocated before, behind a header of 16 bytes";

    string IExplained.Freeing(void* block) => "nothing happens: only the end of a scope, or a reset, frees";

    /// <summary>Blocks with their headers, and the gaps between them, which alignment or spans of elements fill.</summary>
    public IReadOnlyList<HeapBlock> Walk()
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        List<HeapBlock> blocks = [];
        if (Used < _region.Capacity)
        {
            blocks.Add(new HeapBlock(Used, _region.Capacity - Used, BlockState.Free));
        }

        var end = Used;
        for (var block = _last; block >= 0; block = *(nint*)(_region.Base + block - HeaderBytes))
        {
            var after = block + Math.Max(1, UsableSize(_region.Base + block));
            AddGap(after, end, blocks);
            end = block - HeaderBytes;
            blocks.Add(new HeapBlock(end, after - end, BlockState.Allocated));
        }

        AddGap(0, end, blocks);
        blocks.Reverse();
        return blocks;
    }

    public void Dispose()
    {
        // Every allocation goes the long way from now on, and is refused there.
        _next = _committed = _region.Base;
        _scope = 0;
        _region.Dispose();
    }

    private static void AddGap(nint from, nint to, List<HeapBlock> blocks)
    {
        if (to > from)
        {
            blocks.Add(new HeapBlock(from, to - from, BlockState.Allocated));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void* Bump(nint size, nint alignment)
    {
        var start = (byte*)(((nint)_next + alignment - 1) & -alignment);
        if (size <= (nint)(_committed - start))
        {
            _next = start + size;
            return start;
        }

        return AllocateBeyondCommitted(start, size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* AllocateBeyondCommitted(byte* start, nint size)
    {
        ObjectDisposedException.ThrowIf(_region.IsDisposed, this);
        var offset = (nint)(start - _region.Base);
        if (offset > _region.Capacity || size > _region.Capacity - offset)
        {
            return null;
        }

        var from = (nint)(_committed - _region.Base);
        var end = Math.Min(_region.Capacity, (offset + size + NativeRegion.CommitGranule - 1) & -NativeRegion.CommitGranule);
        if (!_region.TryCommit(from, end - from))
        {
            return null;
        }

        _committed = _region.Base + end;
        _next = start + size;
        return start;
    }

    /// <summary>Frees what was allocated since <see cref="EnterScope"/>.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Arena _arena;
        private readonly nint _mark;
        private readonly nint _last;
        private readonly long _number;
        private readonly long _outer;

        internal Scope(Arena arena, nint mark, nint last, long number, long outer)
        {
            _arena = arena;
            _mark = mark;
            _last = last;
            _number = number;
            _outer = outer;
        }

        /// <exception cref="InvalidOperationException">An inner scope is still open, or this one is not.</exception>
        public void Dispose()
        {
            if (_arena is null || _arena._scope != _number)
            {
                throw new InvalidOperationException("The scope is not the innermost open one of its arena: an inner one is open, or it ended before.");
            }

            _arena._scope = _outer;
            _arena._next = _arena._region.Base + _mark;
            _arena._last = _last;
        }
    }
}
