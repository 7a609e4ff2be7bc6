using System.Buffers.Binary;

namespace Quire.Traces;

/// <summary>
/// libCacheSim's oracleGeneral: packed little-endian records of 24 bytes: u32 time in seconds, u64 object, u32 size in bytes, i64 number of the
/// object's next request (-1 or the largest number for none, -2 where it is not known). The next use is not taken: OPT finds its own.
/// </summary>
public sealed class OracleGeneralReader(ByteSource source) : TraceReader(source)
{
    private const int RecordSize = 24;

    public override string Format => "oracleGeneral";

    public override TraceUnit Unit => TraceUnit.Objects;

    public override bool HasTimes => true;

    /// <summary>Times that do not fall and next uses in the future, in every whole record of the start.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var records = start.Length / RecordSize;
        var previous = 0u;
        for (var record = 0; record < records; record++)
        {
            var bytes = start[(record * RecordSize)..];
            var time = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            var next = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
            if (time < previous || (next is not (-1 or -2 or long.MaxValue) && (next <= record || next > 1L << 40)))
            {
                return false;
            }

            previous = time;
        }

        return records > 0;
    }

    protected override void Fill(TraceRecords records)
    {
        while (!records.IsFull)
        {
            var bytes = Source.Peek(RecordSize);
            if (bytes.Length == 0)
            {
                return;
            }

            if (bytes.Length < RecordSize)
            {
                throw new TraceFormatException($"{Source.Name}: cut short at offset {Source.Offset + bytes.Length}, inside a record of 24 bytes");
            }

            bytes = Source.Buffered();
            var taken = 0;
            while (bytes.Length - taken >= RecordSize && !records.IsFull)
            {
                var record = bytes.Slice(taken, RecordSize);
                records.Add(
                    BinaryPrimitives.ReadUInt64LittleEndian(record[4..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(record[12..]),
                    ReferenceKind.Read,
                    0,
                    BinaryPrimitives.ReadUInt32LittleEndian(record));
                taken += RecordSize;
            }

            Source.Skip(taken);
        }
    }
}
