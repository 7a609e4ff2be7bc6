namespace Quire.Allocation;

/// <summary>
/// What glibc's mtrace(3) writes: "@ caller + address size" for malloc, "- address" for free, and for realloc a line "&lt; old" followed by
/// "&gt; new size"; "! old size" is a realloc that failed.
/// </summary>
internal static class MtraceFormat
{
    public static HeapTrace Read(Stream stream, string file)
    {
        using var reader = new StreamReader(stream);
        var trace = new AddressTrace();
        ulong old = 0;
        var number = 0;
        while (reader.ReadLine() is { } text)
        {
            number++;
            var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0 || fields[0] == "=")
            {
                continue;
            }

            // The caller, "@ program:[0x401136]" or "@ program:(main+0x1d)[0x401136]", is of no interest here; a path may hold blanks.
            var at = fields[0] == "@" ? Array.FindIndex(fields, 1, field => field is "+" or "-" or "<" or ">" or "!") : 0;
            switch (at < 0 ? [] : fields.AsSpan(at))
            {
                case ["+", var address, var size]:
                    trace.Allocated(WorkloadFields.Address(address, file, number), WorkloadFields.HexadecimalSize(size, file, number));
                    break;
                case ["-", var address]:
                    trace.Freed(WorkloadFields.Address(address, file, number));
                    break;
                case ["<", var address]:
                    old = WorkloadFields.Address(address, file, number);
                    break;
                case [">", var address, var size]:
                    trace.Reallocated(old, WorkloadFields.Address(address, file, number), WorkloadFields.HexadecimalSize(size, file, number));
                    break;
                case ["!", _, _]:
                    break;
                default:
                    throw new WorkloadFormatException(file, number, $"\"{text}\" is no line of mtrace");
            }
        }

        return trace.Finish();
    }
}
