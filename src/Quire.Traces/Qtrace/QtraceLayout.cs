using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>How much of each reference a .qtrace file keeps.</summary>
public enum QtraceDetail : byte
{
    /// <summary>Runs of pages with their lengths and whether they write.</summary>
    PagesOnly = 0,

    /// <summary>Also kind, size, offset in the page and time of each reference.</summary>
    EveryReference = 1,
}

/// <summary>What the file header of a .qtrace says. Layout: docs/trace-format.md.</summary>
public readonly record struct QtraceHeader(TraceUnit Unit, int PageShift, QtraceDetail Detail, bool HasTimes)
{
    public const int Size = 32;
    /// <summary>Version 2 knows deletions and sizes of 64 bits; version 1 is read like it.</summary>
    public const ushort Version = 2;

    public static ReadOnlySpan<byte> Magic => "QTRACE\u001a\n"u8;

    public void Write(Span<byte> bytes)
    {
        bytes.Clear();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Version);
        bytes[10] = (byte)Unit;
        bytes[11] = (byte)PageShift;
        bytes[12] = (byte)Detail;
        bytes[13] = HasTimes ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], Checksum.Of(bytes[..28]));
    }

    public static QtraceHeader Read(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.Length < Size)
        {
            throw new TraceFormatException($"{name}: cut short at offset {bytes.Length}, inside the file header; 0 references read before it");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) != Checksum.Of(bytes[..28]))
        {
            throw new TraceFormatException($"{name}: file header at offset 0 is damaged; 0 references read before it");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        if (version is 0 or > Version || bytes[10] > 2 || bytes[11] > 30 || bytes[12] > 1)
        {
            throw new TraceFormatException($"{name}: .qtrace version {version} is not one that is known here (offset 8)");
        }

        return new QtraceHeader((TraceUnit)bytes[10], bytes[11], (QtraceDetail)bytes[12], bytes[13] != 0);
    }
}

/// <summary>What stands in front of each block. Layout: docs/trace-format.md.</summary>
internal readonly record struct QtraceBlockHeader(
    int PayloadLength, int References, int Runs, int Symbols, int SymbolWidth, long FirstReference, long StartTime, uint PayloadChecksum)
{
    public const int Size = 48;
    public const uint Magic = 0x4B4C4251; // "QBLK"
    public const uint EndMagic = 0x444E4551; // "QEND"
    public const int MostRuns = 1 << 16;
    public const int MostReferences = 1 << 20;
    public const int MostPayload = 1 << 26;

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], PayloadLength);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], References);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Runs);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Symbols);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], SymbolWidth);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], FirstReference);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], StartTime);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], PayloadChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], Checksum.Of(bytes[..44]));
    }

    /// <summary>False if the bytes are not a header that a writer could have written.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out QtraceBlockHeader header)
    {
        header = new QtraceBlockHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]) == Checksum.Of(bytes[..44])
            && header.PayloadLength is >= 12 and <= MostPayload
            && header.Runs is >= 1 and <= MostRuns && header.Symbols >= 1 && header.Symbols <= header.Runs
            && header.References >= header.Runs && header.References <= MostReferences
            && header.SymbolWidth == (header.Symbols <= 256 ? 1 : 2);
    }
}

/// <summary>The three sections of varying length in a payload, whose sizes stand at its start.</summary>
internal readonly record struct QtraceSections(int Dictionary, int Symbols, int Counts, int LongCounts, int Detail)
{
    public const int PrefixSize = 12;

    public int SymbolsAt => PrefixSize + Dictionary;

    public int CountsAt => SymbolsAt + Symbols;

    public int LongCountsAt => CountsAt + Counts;

    public int DetailAt => LongCountsAt + LongCounts;

    public static bool TryRead(ReadOnlySpan<byte> payload, in QtraceBlockHeader header, out QtraceSections sections)
    {
        sections = new QtraceSections(
            BinaryPrimitives.ReadInt32LittleEndian(payload),
            header.Runs * header.SymbolWidth,
            header.Runs,
            BinaryPrimitives.ReadInt32LittleEndian(payload[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(payload[8..]));
        return sections is { Dictionary: >= 0, LongCounts: >= 0, Detail: >= 0 }
            && (long)PrefixSize + sections.Dictionary + sections.Symbols + sections.Counts + sections.LongCounts + sections.Detail == payload.Length;
    }
}

/// <summary>CRC-32C (Castagnoli), by the processor's own instruction where it has one.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }
}

/// <summary>Sizes of accesses as four bits: the usual ones by number, 15 for one that is written out.</summary>
internal static class SizeClass
{
    public const int Explicit = 15;

    private static ReadOnlySpan<ushort> Usual => [1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 32, 64, 128, 256, 512];

    public static int Of(ulong size) => size switch
    {
        >= 1 and <= 8 => (int)size - 1,
        10 => 8,
        >= 16 and <= 512 when ulong.IsPow2(size) => 5 + BitOperations.Log2(size),
        _ => Explicit,
    };

    public static uint SizeOf(int sizeClass) => Usual[sizeClass];
}
