namespace Quire.Traces;

/// <summary>
/// Output of valgrind --tool=lackey --trace-mem=yes: "I  address,size", " L address,size", " S ..." and " M ..." with hexadecimal addresses.
/// A modify is one reference that writes. Lines of the valgrind core and of the program itself are passed over.
/// </summary>
public sealed class LackeyReader(ByteSource source) : TextTraceReader(source)
{
    public override string Format => "lackey";

    public override TraceUnit Unit => TraceUnit.Addresses;

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        var references = 0;
        var others = 0;
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range];
            if (line.StartsWith("=="u8))
            {
                if (line.IndexOf(" Lackey"u8) >= 0)
                {
                    return true;
                }

                continue;
            }

            if (IsReference(line) && line.IndexOf((byte)',') > 3)
            {
                references++;
            }
            else if (!line.IsEmpty)
            {
                others++;
            }
        }

        return references > others;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (!IsReference(line))
        {
            return;
        }

        var address = 0UL;
        var index = 3;
        for (; index < line.Length && line[index] != ','; index++)
        {
            var digit = TextFields.HexDigit(line[index]);
            if (digit > 15 || address >> 60 != 0)
            {
                throw Bad("not a hexadecimal address of 64 bits", line);
            }

            address = (address << 4) | digit;
        }

        var size = 0u;
        for (index++; index < line.Length && line[index] - (uint)'0' <= 9 && size < 100_000; index++)
        {
            size = (size * 10) + line[index] - '0';
        }

        if (index < line.Length || size == 0 || line[^1] == ',')
        {
            throw Bad("not address,size", line);
        }

        var kind = line[0] == 'I' ? ReferenceKind.Instruction : line[1] == 'L' ? ReferenceKind.Read : ReferenceKind.Write;
        records.Add(address, size, kind, 0, Ordinal++);
    }

    private static bool IsReference(ReadOnlySpan<byte> line) =>
        line.Length > 3 && line[2] == ' '
        && ((line[0] == 'I' && line[1] == ' ') || (line[0] == ' ' && line[1] is (byte)'L' or (byte)'S' or (byte)'M'))
        && TextFields.HexDigit(line[3]) <= 15;
}
