namespace Quire.Allocation;

/// <summary>Lines "operation,id,size[,thread]"; the operation is malloc, free or realloc, or its first letter; a header line may come first.</summary>
internal static class CsvFormat
{
    public static HeapTrace Read(Stream stream, string file)
    {
        using var reader = new StreamReader(stream);
        var trace = new NamedTrace(file);
        var number = 0;
        while (reader.ReadLine() is { } text)
        {
            number++;
            var fields = text.Split(',', StringSplitOptions.TrimEntries);
            if (text.Length == 0 || text[0] == '#' || (number == 1 && Kind(fields[0]) is null))
            {
                continue;
            }

            var kind = Kind(fields[0]) ?? throw new WorkloadFormatException(file, number, $"\"{fields[0]}\" is none of malloc, free, realloc");
            var needed = kind == HeapEventKind.Free ? 2 : 3;
            if (fields.Length < needed)
            {
                throw new WorkloadFormatException(file, number, $"{fields.Length} fields; {fields[0]} has {needed}");
            }

            var size = kind == HeapEventKind.Free ? 0 : WorkloadFields.Number(fields[2], "size", file, number);
            var thread = fields.Length > 3 ? (uint)WorkloadFields.Number(fields[3], "thread", file, number, uint.MaxValue) : 0;
            trace.Add(number, kind, WorkloadFields.Number(fields[1], "block", file, number), size, thread);
        }

        return trace.Finish();
    }

    private static HeapEventKind? Kind(string text) => text.ToLowerInvariant() switch
    {
        "malloc" or "m" or "a" or "alloc" => HeapEventKind.Allocate,
        "free" or "f" => HeapEventKind.Free,
        "realloc" or "r" => HeapEventKind.Reallocate,
        _ => null,
    };
}
