using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Allocation;

/// <summary>Bump allocation: blocks follow one another, none is freed alone, a scope frees all that was allocated in it.</summary>
/// <remarks>Not thread-safe. Spans and pointers must not be used after their scope ends or the arena is reset.</remarks>
public sealed unsafe class Arena : IAllocator
{
    private readonly NativeRegion _region;
    private byte* _next;
    private byte* _committed;
    private int _depth;

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

    /// <summary>Bytes in use, alignment gaps included.</summary>
    public nint Used => (nint)(_next - _region.Base);

    public AllocatorStatistics Statistics => new()
    {
        Capacity = _region.Capacity,
        Footprint = _region.CommittedBytes,
        PeakFootprint = _region.PeakCommittedBytes,
        AllocatedBytes = Used,
        FreeBytes = _region.Capacity - Used,
        FreeBlocks = 1,
        LargestFree = _region.Capacity - Used,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        var start = (byte*)(((nint)_next + alignment - 1) & -alignment);
        if (size <= (nint)(_committed - start))
        {
            _next = start + size;
            return start;
        }

        return AllocateBeyondCommitted(start, size);
    }

    /// <summary>Elements whose contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException">The region is full.</exception>
    public Span<T> Allocate<T>(int count)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var block = Allocate((nint)count * sizeof(T), Math.Max(1, nint.Min(16, (nint)BitOperations.RoundUpToPowerOf2((uint)sizeof(T)))));
        return block != null ? new Span<T>(block, count) : throw new OutOfMemoryException($"{count} elements do not fit the arena.");
    }

    /// <summary>Does nothing: the scope or <see cref="Reset"/> frees.</summary>
    public void Free(void* block)
    {
    }

    /// <summary>Copies to a new block. An arena does not know how long the old one was, so what follows it may be copied too.</summary>
    public void* Reallocate(void* block, nint size)
    {
        BlockRequest.ThrowIfInvalid(size, 1);
        return block == null ? Allocate(size) : BlockRequest.Move(this, block, UsableSize(block), size);
    }

    /// <summary>Bytes from the block to the end of what is in use: an upper bound, as blocks have no headers.</summary>
    public nint UsableSize(void* block) => _region.TryOffsetOf(block, out var offset) && offset < Used
        ? Used - offset
        : throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not in use in this arena.");

    /// <summary>Until the scope is disposed, allocations belong to it. Scopes nest and end in reverse order.</summary>
    public Scope EnterScope() => new(this, Used, ++_depth);

    /// <summary>Frees everything; the memory stays committed.</summary>
    public void Reset()
    {
        _next = _region.Base;
        _depth = 0;
    }

    public IReadOnlyList<HeapBlock> Walk()
    {
        List<HeapBlock> blocks = [];
        if (Used > 0)
        {
            blocks.Add(new HeapBlock(0, Used, BlockState.Allocated));
        }

        if (Used < _region.Capacity)
        {
            blocks.Add(new HeapBlock(Used, _region.Capacity - Used, BlockState.Free));
        }

        return blocks;
    }

    public void Dispose() => _region.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* AllocateBeyondCommitted(byte* start, nint size)
    {
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
        private readonly int _depth;

        internal Scope(Arena arena, nint mark, int depth)
        {
            _arena = arena;
            _mark = mark;
            _depth = depth;
        }

        /// <exception cref="InvalidOperationException">An inner scope is still open, or this one is not.</exception>
        public void Dispose()
        {
            if (_arena._depth != _depth)
            {
                throw new InvalidOperationException($"Scope {_depth} of the arena ends while {_arena._depth} are open.");
            }

            _arena._depth--;
            _arena._next = _arena._region.Base + _mark;
        }
    }
}
