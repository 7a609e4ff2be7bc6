using System.Buffers.Binary;
using System.IO.Compression;

namespace Quire.Traces;

/// <summary>
/// Writes .qtrace, Quire's own format, as a stream: nothing is ever rewritten, so pipes will do. Consecutive references to a page become runs;
/// each block numbers its pages in a dictionary of its own, so that most references cost a byte or less. Layout: docs/trace-format.md.
/// Call <see cref="Dispose"/> to write the last block and the index; a file without it counts as cut short.
/// </summary>
public sealed class QtraceWriter : IDisposable
{
    private const int EscapedCount = 127;

    // The count that says that a run deletes its page.
    private const int Deletion = 0;

    private readonly Stream _stream;
    private readonly QtraceHeader _header;
    private readonly ulong _offsetMask;
    private readonly BlockDictionary _dictionary = new();
    private readonly ushort[] _symbols = new ushort[QtraceBlockHeader.MostRuns];
    private readonly int[] _counts = new int[QtraceBlockHeader.MostRuns];
    private readonly bool[] _writes = new bool[QtraceBlockHeader.MostRuns];
    private readonly ByteColumn _attributes = new();
    private readonly ByteColumn _offsets = new();
    private readonly ByteColumn _sizes = new();
    private readonly ByteColumn _times = new();
    private readonly List<(long Offset, long FirstReference)> _index = [];
    private readonly OffsetPredictor _predictor = new();
    private int _runs;
    private int _references;
    private long _position;
    private long _startTime;
    private long _lastTime;
    private bool _isFinished;

    /// <param name="stream">Owned from now on.</param>
    /// <param name="header">Unit, page size and detail. Addresses are cut into pages of that size.</param>
    public QtraceWriter(Stream stream, QtraceHeader header)
    {
        _stream = stream;
        _header = header.Unit == TraceUnit.Addresses ? header : header with { PageShift = 0 };
        _offsetMask = (1UL << _header.PageShift) - 1;
        Span<byte> bytes = stackalloc byte[QtraceHeader.Size];
        _header.Write(bytes);
        WriteBytes(bytes);
    }

    /// <summary>References written so far; one that straddles pages counts once a page.</summary>
    public long References { get; private set; }

    /// <summary>Bytes handed to the stream so far.</summary>
    public long Length => _position;

    /// <param name="address">Byte address, page or object, as the header says.</param>
    /// <param name="size">Bytes, pages, or the object's size; 0 counts as 1.</param>
    /// <param name="kind">A run is dirty if any of its references writes. A deletion is a run of its own.</param>
    /// <param name="process">Pages of different processes are different pages.</param>
    /// <param name="time">Kept if the header says that there are times.</param>
    public void Add(ulong address, ulong size, ReferenceKind kind, uint process = 0, long time = 0)
    {
        if (_header.Unit == TraceUnit.Objects)
        {
            AddPart(address, 0, size, kind, process, time, isContinuation: 0, size);
            return;
        }

        var last = address + Math.Max(size, 1) - 1;
        var lastPage = (last < address ? ulong.MaxValue : last) >> _header.PageShift;
        var page = address >> _header.PageShift;
        AddPart(page, address & _offsetMask, size, kind, process, time, isContinuation: 0, 0);
        while (page < lastPage)
        {
            AddPart(++page, 0, 1, kind, process, time, isContinuation: 1, 0);
        }
    }

    /// <summary>Writes all records of a batch.</summary>
    public void Add(TraceRecords records)
    {
        for (var index = 0; index < records.Length; index++)
        {
            Add(records.Address[index], records.Size[index], records.Kind[index], records.Process[index], records.Time[index]);
        }
    }

    public void Dispose()
    {
        if (_isFinished)
        {
            return;
        }

        _isFinished = true;
        FlushBlock();
        WriteIndex();
        _stream.Dispose();
    }

    private void AddPart(ulong page, ulong offset, ulong size, ReferenceKind kind, uint process, long time, int isContinuation, ulong objectSize)
    {
        if (_references == QtraceBlockHeader.MostReferences)
        {
            FlushBlock();
        }

        var symbol = _dictionary.SymbolOf(page, process, objectSize);
        if (_runs > 0 && _symbols[_runs - 1] == symbol && kind != ReferenceKind.Delete && _counts[_runs - 1] != Deletion)
        {
            _counts[_runs - 1]++;
        }
        else
        {
            if (_runs == QtraceBlockHeader.MostRuns)
            {
                FlushBlock();
                symbol = _dictionary.SymbolOf(page, process, objectSize);
            }

            _symbols[_runs] = (ushort)symbol;
            _counts[_runs] = kind == ReferenceKind.Delete ? Deletion : 1;
            _writes[_runs++] = false;
        }

        if (_references == 0)
        {
            _startTime = time;
            _lastTime = time;
        }

        _references++;
        _writes[_runs - 1] |= kind == ReferenceKind.Write;
        if (_header.Detail == QtraceDetail.EveryReference)
        {
            AddDetail(symbol, offset, size, kind, time, isContinuation);
        }
    }

    private void AddDetail(int symbol, ulong offset, ulong size, ReferenceKind kind, long time, int isContinuation)
    {
        var isObject = _header.Unit == TraceUnit.Objects;
        var sizeClass = isObject ? 0 : SizeClass.Of(size);
        _attributes.AddByte((byte)((int)kind | (isContinuation << 2) | (sizeClass << 3)));
        if (sizeClass == SizeClass.Explicit)
        {
            _sizes.Add(size);
        }

        if (_header.PageShift > 0 && isContinuation == 0)
        {
            _offsets.Add(VariableInteger.ZigZag(_predictor.Difference(symbol, kind, (long)offset)));
            _predictor.Learn(symbol, kind, (long)offset, size);
        }

        if (_header.HasTimes)
        {
            _times.Add(VariableInteger.ZigZag(time - _lastTime));
            _lastTime = time;
        }
    }

    private void FlushBlock()
    {
        if (_references == 0)
        {
            return;
        }

        var dictionary = _dictionary.Sort(out var order);
        var width = _dictionary.Count <= 256 ? 1 : 2;
        var longCounts = new ByteColumn();
        var detail = _header.Detail == QtraceDetail.EveryReference ? PackDetail() : [];
        var fixedLength = QtraceSections.PrefixSize + dictionary.Length + (_runs * width) + _runs;
        var payload = new byte[fixedLength + (_runs * 5) + detail.Length];
        dictionary.Bytes.CopyTo(payload.AsSpan(QtraceSections.PrefixSize));
        var symbols = payload.AsSpan(QtraceSections.PrefixSize + dictionary.Length, _runs * width);
        var counts = payload.AsSpan(QtraceSections.PrefixSize + dictionary.Length + (_runs * width), _runs);
        for (var run = 0; run < _runs; run++)
        {
            var symbol = order[_symbols[run]];
            if (width == 1)
            {
                symbols[run] = (byte)symbol;
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(symbols[(run * 2)..], (ushort)symbol);
            }

            var count = _counts[run];
            counts[run] = (byte)((_writes[run] ? 0x80 : 0) | Math.Min(count, EscapedCount));
            if (count >= EscapedCount)
            {
                longCounts.Add((ulong)count);
            }
        }

        longCounts.Bytes.CopyTo(payload.AsSpan(fixedLength));
        detail.CopyTo(payload.AsSpan(fixedLength + longCounts.Length));
        BinaryPrimitives.WriteInt32LittleEndian(payload, dictionary.Length);
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(4), longCounts.Length);
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(8), detail.Length);
        var used = payload.AsSpan(0, fixedLength + longCounts.Length + detail.Length);

        Span<byte> head = stackalloc byte[QtraceBlockHeader.Size];
        new QtraceBlockHeader(used.Length, _references, _runs, _dictionary.Count, width, References + 1, _startTime, Checksum.Of(used)).Write(head);
        _index.Add((_position, References + 1));
        WriteBytes(head);
        WriteBytes(used);
        References += _references;
        StartBlock();
    }

    private byte[] PackDetail()
    {
        using var packed = new MemoryStream();
        Span<byte> lengths = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, _attributes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], _sizes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[8..], _offsets.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[12..], _times.Length);
        packed.Write(lengths);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(_attributes.Bytes);
            deflate.Write(_sizes.Bytes);
            deflate.Write(_offsets.Bytes);
            deflate.Write(_times.Bytes);
        }

        return packed.ToArray();
    }

    private void StartBlock()
    {
        _runs = 0;
        _references = 0;
        _dictionary.Clear();
        _attributes.Clear();
        _offsets.Clear();
        _sizes.Clear();
        _times.Clear();
        _predictor.Clear();
    }

    /// <summary>End: magic, blocks, references, then offset and first reference of each block, a checksum, and where the end began.</summary>
    private void WriteIndex()
    {
        var start = _position;
        var bytes = new byte[16 + (_index.Count * 16) + 16];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, QtraceBlockHeader.EndMagic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), _index.Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), References);
        for (var block = 0; block < _index.Count; block++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16 + (block * 16)), _index[block].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24 + (block * 16)), _index[block].FirstReference);
        }

        var tail = bytes.AsSpan(bytes.Length - 16);
        BinaryPrimitives.WriteInt64LittleEndian(tail, start);
        BinaryPrimitives.WriteUInt32LittleEndian(tail[8..], Checksum.Of(bytes.AsSpan(0, bytes.Length - 8)));
        BinaryPrimitives.WriteUInt32LittleEndian(tail[12..], QtraceBlockHeader.EndMagic);
        WriteBytes(bytes);
    }

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _position += bytes.Length;
    }
}

/// <summary>
/// Guesses the offset of the next reference in its page: instructions follow one another, data is near where the page was last used. Writer
/// and reader learn alike, so that only differences need be kept.
/// </summary>
internal sealed class OffsetPredictor
{
    private readonly int[] _lastInPage = new int[QtraceBlockHeader.MostRuns];
    private readonly int[] _nextInstruction = new int[QtraceBlockHeader.MostRuns];

    public void Clear()
    {
        Array.Clear(_lastInPage);
        Array.Clear(_nextInstruction);
    }

    public long Difference(int symbol, ReferenceKind kind, long offset) => offset - Guess(symbol, kind);

    public long Guess(int symbol, ReferenceKind kind) => kind == ReferenceKind.Instruction ? _nextInstruction[symbol] : _lastInPage[symbol];

    public void Learn(int symbol, ReferenceKind kind, long offset, ulong size)
    {
        if (kind == ReferenceKind.Instruction)
        {
            _nextInstruction[symbol] = (int)(offset + (long)size);
        }
        else
        {
            _lastInPage[symbol] = (int)offset;
        }
    }
}

/// <summary>The pages of a block, numbered as they come, sorted when the block is written.</summary>
internal sealed class BlockDictionary
{
    private const int TableSize = QtraceBlockHeader.MostRuns * 4;

    private readonly Entry[] _entries = new Entry[QtraceBlockHeader.MostRuns + 1];
    private readonly int[] _table = new int[TableSize];
    private readonly int[] _places = new int[QtraceBlockHeader.MostRuns + 1];
    private Entry _last;
    private int _lastSymbol = -1;

    public int Count { get; private set; }

    public int SymbolOf(ulong page, uint process, ulong size)
    {
        var entry = new Entry(process, page, size);
        if (_lastSymbol >= 0 && entry == _last)
        {
            return _lastSymbol;
        }

        var place = (int)(((page ^ ((ulong)process << 40) ^ (size << 20)) * 0x9E3779B97F4A7C15UL) >> 46) & (TableSize - 1);
        while (_table[place] != 0 && _entries[_table[place] - 1] != entry)
        {
            place = (place + 1) & (TableSize - 1);
        }

        if (_table[place] == 0)
        {
            _entries[Count] = entry;
            _places[Count] = place;
            _table[place] = ++Count;
        }

        (_last, _lastSymbol) = (entry, _table[place] - 1);
        return _lastSymbol;
    }

    public void Clear()
    {
        for (var symbol = 0; symbol < Count; symbol++)
        {
            _table[_places[symbol]] = 0;
        }

        Count = 0;
        _lastSymbol = -1;
    }

    /// <summary>Groups by process; in each, the differences of the sorted pages, then sizes if any entry has one. <paramref name="order"/> maps old symbols to new.</summary>
    public ByteColumn Sort(out int[] order)
    {
        var symbols = new int[Count];
        for (var symbol = 0; symbol < Count; symbol++)
        {
            symbols[symbol] = symbol;
        }

        var sorted = _entries.AsSpan(0, Count).ToArray();
        Array.Sort(sorted, symbols, EntryOrder.Instance);
        order = new int[Count];
        for (var symbol = 0; symbol < Count; symbol++)
        {
            order[symbols[symbol]] = symbol;
        }

        var bytes = new ByteColumn();
        for (var start = 0; start < Count;)
        {
            var end = start + 1;
            while (end < Count && sorted[end].Process == sorted[start].Process)
            {
                end++;
            }

            bytes.Add(sorted[start].Process);
            bytes.Add((ulong)(end - start));
            var previous = 0UL;
            for (; start < end; start++)
            {
                bytes.Add(sorted[start].Page - previous);
                previous = sorted[start].Page;
            }
        }

        if (sorted.Any(entry => entry.Size != 0))
        {
            foreach (var entry in sorted)
            {
                bytes.Add(entry.Size);
            }
        }

        return bytes;
    }

    private readonly record struct Entry(uint Process, ulong Page, ulong Size);

    private sealed class EntryOrder : IComparer<Entry>
    {
        public static readonly EntryOrder Instance = new();

        public int Compare(Entry x, Entry y) =>
            x.Process != y.Process ? x.Process.CompareTo(y.Process) : x.Page != y.Page ? x.Page.CompareTo(y.Page) : x.Size.CompareTo(y.Size);
    }
}
