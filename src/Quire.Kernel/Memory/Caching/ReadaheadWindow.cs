namespace Quire.Kernel.Memory.Caching;

/// <summary>
/// How far to read ahead in one file: a window that grows while reads are sequential (mm/readahead.c of Linux, ondemand_readahead).
/// Differs from Linux: one window a file instead of one an open file; a window is read when its first page is missed, not one window earlier.
/// </summary>
internal sealed class ReadaheadWindow(int largest)
{
    // Linux's MMAP_LOTSAMISS: mapped files that keep missing are not read around any more.
    private const int ManyMisses = 100;

    private ulong _nextPage;
    private ulong _size;
    private ulong _mappedEnd;
    private int _mappedMisses;

    public ReadaheadHint Hint { get; set; }

    private ulong Largest => (ulong)(Hint == ReadaheadHint.Sequential ? 2 * largest : largest);

    /// <summary>Pages to read for a read call that misses a page.</summary>
    /// <param name="index">The page missed.</param>
    /// <param name="requested">Pages that the call wants from there on.</param>
    public ulong ForRead(ulong index, ulong requested)
    {
        if (Hint == ReadaheadHint.Random || Largest == 0)
        {
            _size = 0;
            return Math.Max(1, requested);
        }

        if (index == _nextPage && _size > 0)
        {
            _size = Math.Min(_size < Largest / 16 ? 4 * _size : 2 * _size, Largest);
        }
        else if (index == 0 || index == _nextPage || requested > Largest)
        {
            _size = FirstSize(requested);
        }
        else
        {
            // A random read brings in what it asks for and no more.
            _size = 0;
            _nextPage = index + requested;
            return requested;
        }

        var pages = Math.Max(_size, Math.Min(requested, Largest));
        _nextPage = index + pages;
        return pages;
    }

    /// <summary>The range of pages to read for a fault on a page that is not cached: around it, or ahead of it in a region read sequentially.</summary>
    public (ulong First, ulong Count) ForFault(ulong index, ReadaheadHint regionHint)
    {
        var hint = regionHint == ReadaheadHint.Normal ? Hint : regionHint;
        if (hint == ReadaheadHint.Random || Largest == 0)
        {
            return (index, 1);
        }

        if (hint == ReadaheadHint.Sequential)
        {
            return (index, ForRead(index, 1));
        }

        if (_mappedMisses < ManyMisses * 2)
        {
            _mappedMisses++;
        }

        if (_mappedMisses > ManyMisses)
        {
            return (index, 1);
        }

        // Where one window ended the next begins; anywhere else the page is in the middle of it.
        var first = index == _mappedEnd ? index : index - Math.Min(index, Largest / 2);
        _mappedEnd = first + Largest;
        return (first, Largest);
    }

    /// <summary>A fault found its page cached: reading around pays.</summary>
    public void MappedHit() => _mappedMisses -= _mappedMisses > 0 ? 1 : 0;

    /// <summary>Reads go on after these pages, which were found cached.</summary>
    public void Passed(ulong index)
    {
        if (_size == 0)
        {
            _nextPage = index + 1;
        }
    }

    private ulong FirstSize(ulong requested)
    {
        var size = System.Numerics.BitOperations.RoundUpToPowerOf2(Math.Max(1, requested));
        if (size <= Largest / 32)
        {
            return size * 4;
        }

        return size <= Largest / 4 ? size * 2 : Largest;
    }
}
