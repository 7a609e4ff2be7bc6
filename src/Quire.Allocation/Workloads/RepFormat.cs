namespace Quire.Allocation;

/// <summary>
/// The traces of the malloc laboratory of "Computer Systems: A Programmer's Perspective": four header numbers (suggested heap size, number
/// of ids, number of operations, weight), then lines "a id bytes", "r id bytes", "f id".
/// </summary>
internal static class RepFormat
{
    private const int HeaderLines = 4;

    public static HeapTrace Read(Stream stream, string file)
    {
        using var reader = new StreamReader(stream);
        var trace = new NamedTrace(file);
        var number = 0;
        var header = 0;
        while (reader.ReadLine() is { } text)
        {
            number++;
            var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0)
            {
                continue;
            }

            if (header < HeaderLines && fields.Length == 1 && char.IsAsciiDigit(fields[0][0]))
            {
                header++;
                continue;
            }

            ReadCall(trace, file, number, fields);
        }

        if (number > 0 && header == 0 && trace.IsEmpty)
        {
            throw new WorkloadFormatException(file, number, "neither a header nor a call");
        }

        return trace.Finish();
    }

    private static void ReadCall(NamedTrace trace, string file, int line, string[] fields)
    {
        switch (fields)
        {
            case ["a", var id, var size]:
                trace.Add(line, HeapEventKind.Allocate, WorkloadFields.Number(id, "block", file, line), WorkloadFields.Number(size, "size", file, line));
                break;
            case ["r", var id, var size]:
                trace.Add(line, HeapEventKind.Reallocate, WorkloadFields.Number(id, "block", file, line), WorkloadFields.Number(size, "size", file, line));
                break;
            case ["f", var id]:
                trace.Add(line, HeapEventKind.Free, WorkloadFields.Number(id, "block", file, line), 0);
                break;
            default:
                throw new WorkloadFormatException(file, line, $"\"{string.Join(' ', fields)}\" is none of: a id bytes, r id bytes, f id");
        }
    }
}
