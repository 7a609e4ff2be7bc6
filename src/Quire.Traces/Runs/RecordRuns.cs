namespace Quire.Traces;

/// <summary>
/// Cuts the records of any trace into references to pages and folds consecutive ones. A record that straddles pages is one reference to each.
/// Pages of different processes are different pages: the first process keeps its numbers, later ones get a mark in the top bits.
/// </summary>
public sealed class RecordRuns : RunSource
{
    // An endless pipe of one page must give the caller a chance to stop.
    private const long MostReferences = 1 << 20;

    private readonly TraceReader _reader;
    private readonly TraceRecords _records = new();
    private readonly int _pageShift;
    private readonly ProcessMarks _processes = new();
    private int _index;
    private ulong _nextPage;
    private ulong _lastPage;
    private bool _midRecord;

    // The newest run cannot grow: it deletes its page.
    private bool _isClosed;

    /// <param name="reader">Owned from now on.</param>
    /// <param name="pageShift">Page size as a power of two; counts only for addresses.</param>
    public RecordRuns(TraceReader reader, int pageShift)
    {
        _reader = reader;
        _pageShift = reader.Unit == TraceUnit.Addresses ? pageShift : 0;
    }

    public override bool HasObjectSizes => _reader.HasObjectSizes;

    public override TraceUnit Unit => _reader.Unit;

    public override int PageShift => _pageShift;

    public override string Reading => _reader.Reading;

    public override double? Progress => _reader.Source.Length is > 0 and var length ? Math.Min(1, _reader.Source.RawPosition / (double)length) : null;

    public override void Dispose() => _reader.Dispose();

    protected override bool Fill(RunBatch batch)
    {
        if (HasObjectSizes && batch.Sizes.Length == 0)
        {
            batch.Sizes = new ulong[batch.Pages.Length];
        }

        while (batch.Length < batch.Pages.Length && batch.References < MostReferences)
        {
            if (_index == _records.Length)
            {
                _index = 0;
                try
                {
                    if (!_reader.Read(_records))
                    {
                        break;
                    }
                }
                catch (TraceFormatException) when (batch.Length > 0)
                {
                    // What was read before the fault is replayed; the reader throws again at the next call.
                    break;
                }
            }

            Fold(batch);
        }

        return batch.Length > 0;
    }

    private void Fold(RunBatch batch)
    {
        var pages = batch.Pages;
        var counts = batch.Counts;
        var length = batch.Length;
        var previous = length > 0 ? Numbering.PageOf((int)(pages[length - 1] >> 1)) : 0;
        long references = 0;
        var isObject = _reader.Unit == TraceUnit.Objects;
        for (; _index < _records.Length; _index++)
        {
            var address = _records.Address[_index];
            var size = _records.Size[_index];
            if (!_midRecord)
            {
                _nextPage = address >> _pageShift;
                var last = isObject || size <= 1 ? address : address + size - 1;
                _lastPage = (last < address ? ulong.MaxValue : last) >> _pageShift;
                _midRecord = true;
            }

            var kind = _records.Kind[_index];
            var write = kind == ReferenceKind.Write ? 1u : 0u;
            _isClosed |= kind == ReferenceKind.Delete;
            var mark = _processes.Of(_records.Process[_index]);
            while (true)
            {
                var page = _nextPage ^ mark;
                if (length > 0 && page == previous && !_isClosed && counts[length - 1] < int.MaxValue && (!isObject || batch.Sizes[length - 1] == size))
                {
                    counts[length - 1]++;
                    pages[length - 1] |= write;
                }
                else
                {
                    if (length == pages.Length)
                    {
                        batch.Length = length;
                        batch.References += references;
                        return;
                    }

                    pages[length] = ((uint)Numbering.NumberOf(page) << 1) | write;
                    counts[length] = 1;
                    if (isObject)
                    {
                        batch.Sizes[length] = size;
                    }

                    _isClosed = kind == ReferenceKind.Delete;
                    if (_isClosed)
                    {
                        batch.Deletions.Add(length);
                    }

                    length++;
                    previous = page;
                }

                references++;
                if (_nextPage == _lastPage)
                {
                    break;
                }

                _nextPage++;
            }

            _midRecord = false;
        }

        batch.Length = length;
        batch.References += references;
    }
}
