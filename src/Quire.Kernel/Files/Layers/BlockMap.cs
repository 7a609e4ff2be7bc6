using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>Which blocks of the layer a file's pages have. A page without an entry shows what is below the layer.</summary>
internal sealed class BlockMap
{
    private readonly LayerBlocks _blocks;
    private readonly Dictionary<ulong, Entry> _entries = [];

    public BlockMap(LayerBlocks blocks) => _blocks = blocks;

    /// <summary>Blocks taken, written or promised.</summary>
    public ulong Taken { get; private set; }

    /// <summary>The page shows neither a block nor the file below, but zeros.</summary>
    public bool IsHole(ulong page) => _entries.TryGetValue(page, out var entry) && entry.Origin == Origin.Hidden && entry.State != BlockState.Written;

    /// <summary>The first page from this one on that has a block; ulong.MaxValue if there is none.</summary>
    public ulong NextTaken(ulong page)
    {
        if (_entries.TryGetValue(page, out var entry) && entry.State != BlockState.None)
        {
            return page;
        }

        var next = ulong.MaxValue;
        foreach (var (other, its) in _entries)
        {
            next = other > page && other < next && its.State != BlockState.None ? other : next;
        }

        return next;
    }

    /// <summary>Makes sure that the page can be written later. False: the layer is full.</summary>
    public bool TryPromise(ulong page)
    {
        _entries.TryGetValue(page, out var entry);
        if (entry.State != BlockState.None)
        {
            return true;
        }

        if (!_blocks.TryTake(out var block))
        {
            return false;
        }

        Taken++;
        _entries[page] = entry with { Block = block, State = BlockState.Promised };
        return true;
    }

    public bool TryRead(ulong page, Span<byte> bytes, out Errno error)
    {
        error = Errno.None;
        if (!_entries.TryGetValue(page, out var entry) || entry.State != BlockState.Written)
        {
            return false;
        }

        error = _blocks.Read(entry.Block, bytes);
        return true;
    }

    public Errno Write(ulong page, ReadOnlySpan<byte> bytes)
    {
        if (!TryPromise(page))
        {
            return Errno.ENOSPC;
        }

        var entry = _entries[page];
        var error = _blocks.Write(entry.Block, bytes);
        if (error == Errno.None)
        {
            _entries[page] = entry with { State = BlockState.Written };
        }

        return error;
    }

    /// <summary>The page reads as zeros from now on.</summary>
    public void Punch(ulong page)
    {
        ReturnBlock(page);
        _entries[page] = new Entry { Origin = Origin.Hidden };
    }

    /// <summary>Forgets the pages from <paramref name="firstPage"/> on.</summary>
    public void Truncate(ulong firstPage)
    {
        foreach (var page in _entries.Keys.Where(page => page >= firstPage).ToArray())
        {
            ReturnBlock(page);
            _entries.Remove(page);
        }
    }

    private void ReturnBlock(ulong page)
    {
        if (_entries.TryGetValue(page, out var entry) && entry.State != BlockState.None)
        {
            _blocks.Return(entry.Block);
            Taken--;
        }
    }

    private enum BlockState
    {
        None,
        Promised,
        Written,
    }

    private enum Origin
    {
        Shows,
        Hidden,
    }

    private readonly record struct Entry
    {
        public long Block { get; init; }

        public BlockState State { get; init; }

        public Origin Origin { get; init; }
    }
}
