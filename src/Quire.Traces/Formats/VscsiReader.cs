using System.Buffers.Binary;

namespace Quire.Traces;

/// <summary>
/// Block traces of VMware's vscsiStats as libCacheSim takes them (vscsi.h): little-endian records with natural alignment.
/// <code>
/// version 1, 32 bytes: u32 serial, u32 length, u32 segments, u16 command, u16 version, u64 block, u64 microseconds
/// version 2, 40 bytes: u16 command, u16 version, u32 serial, u32 length, u32 segments, u64 block, u64 microseconds, u64 response time
/// </code>
/// The version's high byte is 1 or 2. A block is an object of the request's length, as there; with unit address the bytes from block times 512 on.
/// </summary>
public sealed class VscsiReader : TraceReader
{
    private const int SectorSize = 512;
    private const int TimeAt = 24;
    private const int BlockAt = 16;

    private readonly int _version;

    public VscsiReader(ByteSource source, TraceReading reading)
        : base(source)
    {
        Unit = reading.Unit ?? TraceUnit.Objects;
        _version = VersionOf(source.Peek(2 * RecordSizeOf(2)));
        if (_version == 0)
        {
            throw new TraceFormatException($"{source.Name}: offset 0: not a record of vscsi version 1 or 2");
        }
    }

    public override string Format => "vscsi";

    public override string Reading => $"vscsi version {_version} ({(Unit == TraceUnit.Objects ? "blocks are objects" : Unit.ToString().ToLowerInvariant())})";

    public override TraceUnit Unit { get; }

    public override bool HasTimes => true;

    public static bool Recognises(ReadOnlySpan<byte> start) => VersionOf(start) != 0;

    protected override void Fill(TraceRecords records)
    {
        var size = RecordSizeOf(_version);
        while (!records.IsFull)
        {
            var bytes = Source.Peek(size);
            if (bytes.IsEmpty)
            {
                return;
            }

            if (bytes.Length < size)
            {
                throw new TraceFormatException($"{Source.Name}: cut short at offset {Source.Offset + bytes.Length}, inside a record of {size} bytes");
            }

            if (!IsOf(_version, bytes))
            {
                throw new TraceFormatException($"{Source.Name}: offset {Source.Offset}: not a record of vscsi version {_version}");
            }

            Add(bytes, records);
            Source.Skip(size);
        }
    }

    private void Add(ReadOnlySpan<byte> record, TraceRecords records)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(record[(_version == 1 ? 4 : 8)..]);
        var command = BinaryPrimitives.ReadUInt16LittleEndian(record[(_version == 1 ? 12 : 0)..]) & 0xff;
        var block = BinaryPrimitives.ReadUInt64LittleEndian(record[BlockAt..]);
        var time = (long)Math.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(record[TimeAt..]));
        // WRITE(6), (10), (12) and (16) of SCSI block commands.
        var kind = command is 0x0a or 0x2a or 0xaa or 0x8a ? ReferenceKind.Write : ReferenceKind.Read;
        records.Add(Unit == TraceUnit.Addresses ? block * SectorSize : block, Unit == TraceUnit.Pages ? 1 : length, kind, 0, time);
    }

    /// <summary>0 if all records of the start do not say one version.</summary>
    private static int VersionOf(ReadOnlySpan<byte> start)
    {
        foreach (var version in (ReadOnlySpan<int>)[2, 1])
        {
            var size = RecordSizeOf(version);
            var records = Math.Min(start.Length / size, 1000);
            var agree = 0;
            while (agree < records && IsOf(version, start[(agree * size)..]))
            {
                agree++;
            }

            if (records > 0 && agree == records)
            {
                return version;
            }
        }

        return 0;
    }

    // Commands have a byte; the other one of the field is 0.
    private static bool IsOf(int version, ReadOnlySpan<byte> record) => record[VersionAt(version) + 1] == version && record[(version == 1 ? 12 : 0) + 1] == 0;

    private static int RecordSizeOf(int version) => version == 1 ? 32 : 40;

    private static int VersionAt(int version) => version == 1 ? 14 : 2;
}
