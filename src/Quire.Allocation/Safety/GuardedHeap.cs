using System.Diagnostics;

namespace Quire.Allocation;

/// <summary>A block that was never freed, and where it was allocated.</summary>
public sealed record Leak(nint Address, nint Size, string AllocatedAt);

/// <summary>
/// Each block has pages of its own and ends where an unmapped page begins, so that a read or write beyond it faults; freed blocks are
/// unmapped and their addresses not used again for a long time (Perens, Electric Fence). When the host would give the process no more
/// mappings, allocation gives null. At dispose, what is still allocated is reported.
/// </summary>
/// <remarks>Thread-safe. Alignment leaves up to alignment - 1 bytes before the guard page; they hold a pattern that Free verifies.</remarks>
public sealed unsafe class GuardedHeap : IAllocator, IExplained
{
    private const byte Slack = 0xA5;

    // Its pages, and the guard after or the gap before them.
    private const int MappingsOfABlock = 2;

    // Of all guarded heaps of the process, which share the host's limit.
    private static readonly HostMappings s_mappings = HostMappings.OfThisProcess();

    private readonly Lock _lock = new();
    private readonly IVirtualMemory _memory;
    private readonly nint _capacity;
    private readonly nint _quarantine;
    private readonly Action<IReadOnlyList<Leak>>? _onLeaks;
    private readonly SortedDictionary<nint, Block> _live = [];
    private readonly Queue<Block> _unmapped = new();
    private readonly HashSet<nint> _freed = [];
    private nint _used;
    private nint _peak;
    private nint _unmappedBytes;
    private bool _isDisposed;

    /// <param name="capacity">Bytes of pages that may be allocated at a time.</param>
    /// <param name="onLeaks">Called at dispose when blocks are left.</param>
    /// <param name="quarantine">Bytes of addresses kept unusable after free.</param>
    /// <param name="memory">The host's address space when null.</param>
    public GuardedHeap(nint capacity, Action<IReadOnlyList<Leak>>? onLeaks = null, nint quarantine = 1 << 30, IVirtualMemory? memory = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _capacity = capacity;
        _onLeaks = onLeaks;
        _quarantine = quarantine;
        _memory = memory ?? HostMemory.Current;
    }

    public AllocatorStatistics Statistics
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                var free = Math.Max(0, _capacity - _used);
                return new AllocatorStatistics
                {
                    Capacity = _capacity,
                    Footprint = _used,
                    PeakFootprint = _peak,
                    AllocatedBytes = _used,
                    FreeBytes = free,
                    LargestFree = free,
                    FreeBlocks = 1,
                };
            }
        }
    }

    public void* Allocate(nint size, nint alignment = 16)
    {
        BlockRequest.ThrowIfInvalid(size, alignment);
        nint page = _memory.PageSize;
        if (size > _capacity)
        {
            return null;
        }

        var pages = (Math.Max(size, 1) + page - 1) & -page;
        var reserved = pages + page + (alignment > page ? alignment : 0);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (pages > _capacity - _used || !TryTakeMappings() || _memory.Reserve(reserved) is var reservation && reservation == 0)
            {
                return null;
            }

            s_mappings.Take(MappingsOfABlock);

            // Above page alignment the block begins aligned, and what it lacks to its last page's end is slack.
            var start = alignment > page ? (reservation + alignment - 1) & -alignment : reservation;
            if (!_memory.TryCommit(start, pages))
            {
                _memory.Release(reservation, reserved);
                s_mappings.Return(MappingsOfABlock);
                return null;
            }

            var address = alignment > page ? start : (start + pages - size) & -alignment;
            new Span<byte>((void*)(address + size), (int)(start + pages - address - size)).Fill(Slack);
            _freed.Remove(address);
            _live.Add(address, new Block(reservation, reserved, start, pages, size, new StackTrace(1, fNeedFileInfo: true)));
            _used += pages;
            _peak = Math.Max(_peak, _used);
            return (void*)address;
        }
    }

    /// <exception cref="HeapMisuseException">The pointer is no live block, or bytes between its end and the guard page were written.</exception>
    public void Free(void* block)
    {
        if (block == null)
        {
            return;
        }

        lock (_lock)
        {
            var known = Find(block);
            var slack = new ReadOnlySpan<byte>((byte*)block + known.Size, (int)(known.Start + known.Pages - (nint)block - known.Size));
            if (slack.ContainsAnyExcept(Slack))
            {
                throw new HeapMisuseException(HeapMisuse.RedZoneOverwritten, $"Bytes after the {known.Size} of the block at 0x{(nint)block:x} were written. Allocated{Environment.NewLine}{known.Stack}");
            }

            _live.Remove((nint)block);
            _freed.Add((nint)block);
            _memory.Decommit(known.Start, known.Pages);
            _used -= known.Pages;
            _unmapped.Enqueue(known);
            _unmappedBytes += known.Reserved;
            while (_unmappedBytes > _quarantine)
            {
                ReleaseOldest();
            }
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
            return Find(block).Size;
        }
    }

    /// <summary>Gives up the quarantine: the memory itself is given back by each free.</summary>
    public nint Trim()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            while (_unmapped.Count > 0)
            {
                ReleaseOldest();
            }

            return 0;
        }
    }

    /// <summary>The address: there is no common base.</summary>
    public nint OffsetOf(void* block)
    {
        lock (_lock)
        {
            _ = Find(block);
            return (nint)block;
        }
    }

    string IExplained.Placed(void* block) => "pages of its own; it ends where a guard page begins";

    string IExplained.Freeing(void* block) => "its pages are taken away, and their addresses not used again for long";

    /// <summary>The live blocks by address; offsets are addresses here, since there is no common base.</summary>
    public IReadOnlyList<HeapBlock> Walk()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return [.. _live.Values.Select(block => new HeapBlock(block.Start, block.Pages, BlockState.Allocated))];
        }
    }

    /// <summary>What is allocated now.</summary>
    public IReadOnlyList<Leak> Leaks()
    {
        lock (_lock)
        {
            return [.. _live.Select(entry => new Leak(entry.Key, entry.Value.Size, entry.Value.Stack.ToString()))];
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        if (_onLeaks is not null && Leaks() is { Count: > 0 } leaks)
        {
            _onLeaks(leaks);
        }

        lock (_lock)
        {
            _isDisposed = true;
            foreach (var block in _live.Values.Concat(_unmapped))
            {
                _memory.Release(block.Reservation, block.Reserved);
                s_mappings.Return(MappingsOfABlock);
            }

            _live.Clear();
            _unmapped.Clear();
            _freed.Clear();
            _used = _unmappedBytes = 0;
        }
    }

    // The quarantine gives way before an allocation fails.
    private bool TryTakeMappings()
    {
        while (!s_mappings.Has(MappingsOfABlock) && _unmapped.Count > 0)
        {
            ReleaseOldest();
        }

        return s_mappings.Has(MappingsOfABlock);
    }

    private void ReleaseOldest()
    {
        var oldest = _unmapped.Dequeue();
        _unmappedBytes -= oldest.Reserved;
        _memory.Release(oldest.Reservation, oldest.Reserved);
        s_mappings.Return(MappingsOfABlock);
    }

    private Block Find(void* block)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_live.TryGetValue((nint)block, out var known))
        {
            return known;
        }

        throw _freed.Contains((nint)block)
            ? new HeapMisuseException(HeapMisuse.DoubleFree, $"The block at 0x{(nint)block:x} was freed before.")
            : new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block of this heap.");
    }

    private sealed record Block(nint Reservation, nint Reserved, nint Start, nint Pages, nint Size, StackTrace Stack);
}
