using System.Buffers.Binary;

namespace Quire.Traces;

/// <summary>One block, read and checked: its dictionary, its runs, and its bytes of detail still packed.</summary>
internal sealed class QtraceBlock
{
    private byte[] _payload = new byte[1 << 16];
    private QtraceSections _sections;

    public QtraceBlockHeader Header { get; private set; }

    public ulong[] Pages { get; } = new ulong[QtraceBlockHeader.MostRuns];

    public uint[] Processes { get; } = new uint[QtraceBlockHeader.MostRuns];

    /// <summary>Sizes of objects by symbol, all 0 if there are none.</summary>
    public ulong[] Sizes { get; } = new ulong[QtraceBlockHeader.MostRuns];

    public bool HasOneProcess { get; private set; }

    public ReadOnlySpan<byte> Symbols => _payload.AsSpan(_sections.SymbolsAt, _sections.Symbols);

    public ReadOnlySpan<byte> Counts => _payload.AsSpan(_sections.CountsAt, _sections.Counts);

    public ReadOnlySpan<byte> LongCounts => _payload.AsSpan(_sections.LongCountsAt, _sections.LongCounts);

    public ArraySegment<byte> Detail => new(_payload, _sections.DetailAt, _sections.Detail);

    public int SymbolOf(int run) => Header.SymbolWidth == 1 ? Symbols[run] : BinaryPrimitives.ReadUInt16LittleEndian(Symbols[(run * 2)..]);

    /// <summary>Null if the payload is right, else what is wrong with it.</summary>
    public string? Load(in QtraceBlockHeader header, ReadOnlySpan<byte> payload)
    {
        Header = header;
        if (Checksum.Of(payload) != header.PayloadChecksum)
        {
            return "checksum differs";
        }

        if (_payload.Length < payload.Length)
        {
            _payload = new byte[payload.Length * 2];
        }

        payload.CopyTo(_payload);
        if (!QtraceSections.TryRead(payload, header, out _sections))
        {
            return "sections do not fit";
        }

        return ReadDictionary(_payload.AsSpan(QtraceSections.PrefixSize, _sections.Dictionary)) && SymbolsAreKnown() ? null : "dictionary does not fit";
    }

    private bool ReadDictionary(ReadOnlySpan<byte> bytes)
    {
        var reader = new VariableIntegerReader(bytes);
        var symbol = 0;
        var groups = 0;
        while (symbol < Header.Symbols && !reader.IsBeyondEnd)
        {
            var process = (uint)reader.Read();
            var count = reader.Read();
            groups++;
            if (count == 0 || count > (ulong)(Header.Symbols - symbol))
            {
                return false;
            }

            var page = 0UL;
            for (var end = symbol + (int)count; symbol < end; symbol++)
            {
                page += reader.Read();
                Pages[symbol] = page;
                Processes[symbol] = process;
            }
        }

        HasOneProcess = groups == 1;
        var hasSizes = !reader.IsAtEnd;
        for (symbol = 0; symbol < Header.Symbols; symbol++)
        {
            Sizes[symbol] = hasSizes ? reader.Read() : 0;
        }

        return !reader.IsBeyondEnd && reader.IsAtEnd;
    }

    private bool SymbolsAreKnown()
    {
        if (Header.SymbolWidth == 1)
        {
            return Header.Symbols == 256 || Symbols.IndexOfAnyInRange((byte)Header.Symbols, byte.MaxValue) < 0;
        }

        var symbols = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(Symbols);
        return Header.Symbols == QtraceBlockHeader.MostRuns || symbols.IndexOfAnyInRange((ushort)Header.Symbols, ushort.MaxValue) < 0;
    }
}
