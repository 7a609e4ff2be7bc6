using System.Buffers.Binary;
using System.IO.Compression;

namespace Quire.Traces;

/// <summary>Reads .qtrace block by block: as records (<see cref="TraceReader.Read"/>) or as runs of pages (<see cref="QtraceRuns"/>), not both.</summary>
public sealed class QtraceReader : TraceReader
{
    private readonly QtraceBlock _block = new();
    private readonly OffsetPredictor _predictor = new();
    private byte[] _detail = new byte[1 << 16];
    private QtraceDetailColumns _columns;
    private bool _hasBlock;
    private int _run;
    private int _leftInRun;
    private int _longCountsTaken;
    private long _referencesRead;
    private long _ordinal;
    private long _time;

    public QtraceReader(ByteSource source)
        : base(source)
    {
        Header = QtraceHeader.Read(source.Peek(QtraceHeader.Size), source.Name);
        source.Skip(QtraceHeader.Size);
    }

    public QtraceHeader Header { get; }

    public override string Format => "qtrace";

    public override TraceUnit Unit => Header.Unit;

    public override string Reading => $"qtrace ({(Unit == TraceUnit.Addresses ? $"pages of {1 << Header.PageShift} bytes" : Unit == TraceUnit.Pages ? "pages" : "objects")})";

    public override bool HasTimes => Header.HasTimes;

    /// <summary>
    /// True if every reference is a record, so that <see cref="SeekTo"/> finds records by number. Where sizes of addresses are kept a reference
    /// that straddles pages is one record and two references, and the index counts references.
    /// </summary>
    public bool CountsRecords => Header.Detail == QtraceDetail.PagesOnly || Header.Unit != TraceUnit.Addresses;

    /// <summary>References of all blocks read so far.</summary>
    public long ReferencesRead => _referencesRead;

    public static bool Recognises(ReadOnlySpan<byte> start) => start.StartsWith(QtraceHeader.Magic);

    /// <summary>
    /// Goes to the block that holds a reference (from 1), if the source can seek and its index is whole; otherwise stays. Returns the number of
    /// the next reference that will be read.
    /// </summary>
    public long SeekTo(long reference)
    {
        if (!Source.CanSeek || Source.Length is not { } length || length < QtraceHeader.Size + 32)
        {
            return _referencesRead + 1;
        }

        var back = Source.Offset;
        Source.Seek(length - 16);
        var start = BinaryPrimitives.ReadInt64LittleEndian(Source.Peek(16));
        if (start < QtraceHeader.Size || start > length - 32)
        {
            Source.Seek(back);
            return _referencesRead + 1;
        }

        Source.Seek(start);
        var index = Source.Peek((int)Math.Min(length - start, int.MaxValue));
        if (BinaryPrimitives.ReadUInt32LittleEndian(index) != QtraceBlockHeader.EndMagic
            || BinaryPrimitives.ReadUInt32LittleEndian(index[^8..]) != Checksum.Of(index[..^8]))
        {
            Source.Seek(back);
            return _referencesRead + 1;
        }

        var (target, first) = (back, _referencesRead + 1);
        for (var block = 0; block < BinaryPrimitives.ReadInt32LittleEndian(index[4..]); block++)
        {
            var blockFirst = BinaryPrimitives.ReadInt64LittleEndian(index[(24 + (block * 16))..]);
            if (blockFirst <= reference)
            {
                (target, first) = (BinaryPrimitives.ReadInt64LittleEndian(index[(16 + (block * 16))..]), blockFirst);
            }
        }

        Source.Seek(target);
        _referencesRead = first - 1;
        _ordinal = first - 1;
        _hasBlock = false;
        return first;
    }

    /// <summary>The next block, null at the index. Throws if the file is cut short or damaged.</summary>
    internal QtraceBlock? NextBlock()
    {
        var offset = Source.Offset;
        var head = Source.Peek(QtraceBlockHeader.Size);
        if (head.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(head) == QtraceBlockHeader.EndMagic)
        {
            return ReadEnd(offset) ? null : throw Damaged(offset, "index is cut short or damaged");
        }

        if (head.Length < QtraceBlockHeader.Size)
        {
            throw Damaged(offset + head.Length, "file is cut short");
        }

        if (!QtraceBlockHeader.TryRead(head, out var header))
        {
            throw Damaged(offset, "block header is damaged");
        }

        var bytes = Source.Peek(QtraceBlockHeader.Size + header.PayloadLength);
        if (bytes.Length < QtraceBlockHeader.Size + header.PayloadLength)
        {
            throw Damaged(offset + bytes.Length, "file is cut short");
        }

        if (_block.Load(header, bytes[QtraceBlockHeader.Size..]) is { } fault)
        {
            throw Damaged(offset, $"block is damaged ({fault})");
        }

        Source.Skip(bytes.Length);
        _referencesRead += header.References;
        return _block;
    }

    internal TraceFormatException Damaged(long offset, string what) =>
        new($"{Source.Name}: {what} at offset {offset}; {_referencesRead} references read before it");

    protected override void Fill(TraceRecords records)
    {
        while (!records.IsFull)
        {
            if (!_hasBlock)
            {
                if (NextBlock() is not { } block)
                {
                    return;
                }

                StartBlock(block);
            }

            if (!FillFromBlock(records))
            {
                _hasBlock = false;
            }
        }
    }

    private void StartBlock(QtraceBlock block)
    {
        _hasBlock = true;
        _longCountsTaken = 0;
        var references = 0L;
        for (var run = 0; run < block.Header.Runs; run++)
        {
            references += CountOf(run);
        }

        if (references != block.Header.References)
        {
            throw Damaged(Source.Offset, "block is damaged (counts)");
        }

        _run = -1;
        _leftInRun = 0;
        _longCountsTaken = 0;
        _time = block.Header.StartTime;
        if (Header.Detail == QtraceDetail.EveryReference)
        {
            _columns = UnpackDetail(block);
            _predictor.Clear();
        }
    }

    private bool FillFromBlock(TraceRecords records)
    {
        var attributes = _detail.AsSpan(0, _columns.Attributes);
        var sizes = new VariableIntegerReader(_detail.AsSpan(_columns.SizesAt, _columns.Sizes)[_columns.SizesTaken..]);
        var offsets = new VariableIntegerReader(_detail.AsSpan(_columns.OffsetsAt, _columns.Offsets)[_columns.OffsetsTaken..]);
        var times = new VariableIntegerReader(_detail.AsSpan(_columns.TimesAt, _columns.Times)[_columns.TimesTaken..]);
        while (!records.IsFull)
        {
            while (_leftInRun == 0)
            {
                if (++_run == _block.Header.Runs)
                {
                    return false;
                }

                _leftInRun = CountOf(_run);
            }

            _leftInRun--;
            _ordinal++;
            var symbol = _block.SymbolOf(_run);
            var page = _block.Pages[symbol];
            if (Header.Detail == QtraceDetail.PagesOnly)
            {
                var runKind = _block.Counts[_run] == 0 ? ReferenceKind.Delete : (_block.Counts[_run] & 0x80) != 0 ? ReferenceKind.Write : ReferenceKind.Read;
                records.Add(page << Header.PageShift, Math.Max(1, _block.Sizes[symbol]), runKind, _block.Processes[symbol], _ordinal);
                continue;
            }

            var attribute = attributes[_columns.Taken++];
            var kind = (ReferenceKind)(attribute & 3);
            var size = Header.Unit == TraceUnit.Objects ? _block.Sizes[symbol] : attribute >> 3 == SizeClass.Explicit ? sizes.Read() : SizeClass.SizeOf(attribute >> 3);
            if (Header.HasTimes)
            {
                _time += VariableInteger.UnZigZag(times.Read());
            }

            if ((attribute & 4) != 0)
            {
                // The second part of a reference that straddles pages; the first part's record has the whole size.
                _ordinal--;
                continue;
            }

            var offset = 0L;
            if (Header.PageShift > 0)
            {
                offset = _predictor.Guess(symbol, kind) + VariableInteger.UnZigZag(offsets.Read());
                _predictor.Learn(symbol, kind, offset, size);
            }

            records.Add((page << Header.PageShift) + (ulong)offset, size, kind, _block.Processes[symbol], Header.HasTimes ? _time : _ordinal);
        }

        _columns = _columns with { SizesTaken = _columns.Sizes - sizes.Left, OffsetsTaken = _columns.Offsets - offsets.Left, TimesTaken = _columns.Times - times.Left };
        return true;
    }

    private int CountOf(int run)
    {
        var count = _block.Counts[run] & 0x7f;
        if (count < 127)
        {
            // 0 is a run of one deletion.
            return Math.Max(1, count);
        }

        var reader = new VariableIntegerReader(_block.LongCounts[_longCountsTaken..]);
        count = (int)reader.Read();
        _longCountsTaken = _block.LongCounts.Length - reader.Left;
        return count;
    }

    private QtraceDetailColumns UnpackDetail(QtraceBlock block)
    {
        var detail = block.Detail;
        if (detail.Count < 16)
        {
            throw Damaged(Source.Offset, "block is damaged (detail)");
        }

        var columns = new QtraceDetailColumns(
            BinaryPrimitives.ReadInt32LittleEndian(detail), BinaryPrimitives.ReadInt32LittleEndian(detail[4..]), BinaryPrimitives.ReadInt32LittleEndian(detail[8..]), BinaryPrimitives.ReadInt32LittleEndian(detail[12..]));
        var total = (long)columns.Attributes + columns.Sizes + columns.Offsets + columns.Times;
        if (columns.Attributes != block.Header.References || columns.Sizes < 0 || columns.Offsets < 0 || columns.Times < 0 || total > QtraceBlockHeader.MostPayload * 4L)
        {
            throw Damaged(Source.Offset, "block is damaged (detail)");
        }

        if (_detail.Length < total)
        {
            _detail = new byte[total * 2];
        }

        try
        {
            using var deflate = new DeflateStream(new MemoryStream(detail.Array!, detail.Offset + 16, detail.Count - 16), CompressionMode.Decompress);
            deflate.ReadExactly(_detail, 0, (int)total);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(Source.Offset, "block is damaged (detail)");
        }

        return columns;
    }

    private bool ReadEnd(long offset)
    {
        var end = Source.Peek(16);
        if (end.Length < 16)
        {
            return false;
        }

        var blocks = BinaryPrimitives.ReadInt32LittleEndian(end[4..]);
        var references = BinaryPrimitives.ReadInt64LittleEndian(end[8..]);
        if (blocks is < 0 or > 1 << 26)
        {
            return false;
        }

        var bytes = Source.Peek(32 + (blocks * 16));
        return bytes.Length == 32 + (blocks * 16)
            && BinaryPrimitives.ReadInt64LittleEndian(bytes[^16..]) == offset
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) == QtraceBlockHeader.EndMagic
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[^8..]) == Checksum.Of(bytes[..^8])
            && references >= _referencesRead;
    }

    /// <summary>Lengths of the unpacked columns, one behind the other, and how much of each was taken.</summary>
    private record struct QtraceDetailColumns(int Attributes, int Sizes, int Offsets, int Times)
    {
        public int Taken { get; set; }

        public int SizesTaken { get; set; }

        public int OffsetsTaken { get; set; }

        public int TimesTaken { get; set; }

        public readonly int SizesAt => Attributes;

        public readonly int OffsetsAt => Attributes + Sizes;

        public readonly int TimesAt => Attributes + Sizes + Offsets;
    }
}
