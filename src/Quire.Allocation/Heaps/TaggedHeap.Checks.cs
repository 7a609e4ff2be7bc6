namespace Quire.Allocation;

/// <summary>What a Checked heap verifies, and the walk over all chunks.</summary>
internal sealed unsafe partial class TaggedHeap<TBins>
{
    public AllocatorStatistics Statistics
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            long blocks = 0;
            long bytes = 0;
            long largest = 0;
            foreach (var block in Walk())
            {
                if (block.State == BlockState.Free)
                {
                    blocks++;
                    bytes += block.Length;
                    largest = Math.Max(largest, block.Length);
                }
            }

            return new AllocatorStatistics
            {
                Capacity = (long)(_end - _first),
                Footprint = _region.CommittedBytes,
                PeakFootprint = _region.PeakCommittedBytes,
                AllocatedBytes = _allocated,
                FreeBytes = bytes,
                FreeBlocks = blocks,
                LargestFree = largest,
                Splits = _splits,
                Merges = _merges,
                Examined = _examined,
                MetadataBytes = TBins.StateBytes,
            };
        }
    }

    public IReadOnlyList<HeapBlock> Walk()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var blocks = new List<HeapBlock>();
        var at = _first;
        while (at < _top)
        {
            var chunk = (Chunk*)at;
            if (_checked)
            {
                ThrowIfHeaderDamaged(chunk);
            }

            var state = (chunk->Header & Chunk.IsFree) != 0 ? BlockState.Free : BlockState.Allocated;
            blocks.Add(new HeapBlock((nint)(at - _region.Base), chunk->Size, state));
            at += chunk->Size;
        }

        if (_end - _top > Chunk.HeaderBytes)
        {
            blocks.Add(new HeapBlock((nint)(_top - _region.Base), (nint)(_end - _top), BlockState.Free));
        }

        return blocks;
    }

    private void SetHeader(Chunk* chunk, nint size, ulong flags)
    {
        var header = (ulong)size | flags;
        chunk->Header = _checked ? header | Checksum(chunk, header) : header;
    }

    // Sixteen bits of a multiplicative hash of the place and the rest of the header.
    private static ulong Checksum(Chunk* chunk, ulong header) => ((header ^ ((ulong)chunk << 7)) * 0x9E37_79B9_7F4A_7C15) & 0xFFFF_0000_0000_0000;

    private static bool IsIntact(Chunk* chunk)
    {
        var header = chunk->Header & 0x0000_FFFF_FFFF_FFFF;
        return chunk->Header == (header | Checksum(chunk, header));
    }

    private void ThrowIfNotAllocated(void* block)
    {
        var chunk = ChunkOf(block);
        if ((byte*)chunk < _first || (byte*)chunk >= _committed || ((nint)block & 15) != 0)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"0x{(nint)block:x} is not a block of this heap.");
        }

        if (IsIntact(chunk) && (chunk->Header & Chunk.IsFree) == 0 && chunk->Size >= Chunk.LeastBytes && (byte*)chunk < _top)
        {
            return;
        }

        // An error is certain; which one is worth a walk.
        var start = (nint)((byte*)chunk - _region.Base);
        var state = StateAt(start);
        throw state switch
        {
            BlockState.Allocated => new HeapMisuseException(HeapMisuse.HeaderDamaged, $"The header before 0x{(nint)block:x} was overwritten."),
            BlockState.Free => new HeapMisuseException(HeapMisuse.DoubleFree, $"0x{(nint)block:x} is free already."),
            _ => new HeapMisuseException(HeapMisuse.ForeignPointer, $"No block starts at 0x{(nint)block:x}."),
        };
    }

    // What a pointer that failed the checks points to; null when it is inside of an allocated block.
    private BlockState? StateAt(nint start)
    {
        var at = _first;
        var target = _region.Base + start;
        while (at < _top)
        {
            var chunk = (Chunk*)at;
            if (at == target && !IsIntact(chunk))
            {
                return BlockState.Allocated;
            }

            ThrowIfHeaderDamaged(chunk);
            if (target < at + chunk->Size)
            {
                return (chunk->Header & Chunk.IsFree) != 0 ? BlockState.Free : null;
            }

            at += chunk->Size;
        }

        return BlockState.Free;
    }

    private void ThrowIfHeaderDamaged(Chunk* chunk)
    {
        if (!IsIntact(chunk))
        {
            throw new HeapMisuseException(HeapMisuse.HeaderDamaged, $"The header at offset {(nint)((byte*)chunk - _region.Base)} was overwritten.");
        }
    }

    private void ThrowIfFooterDamaged(Chunk* chunk, nint before)
    {
        var previous = (byte*)chunk - before;
        if (previous < _first || before < Chunk.LeastBytes || (before & 15) != 0 || !IsIntact((Chunk*)previous) || ((Chunk*)previous)->Size != before)
        {
            throw new HeapMisuseException(HeapMisuse.HeaderDamaged, $"The end of the free block before offset {(nint)((byte*)chunk - _region.Base)} was overwritten.");
        }
    }
}
