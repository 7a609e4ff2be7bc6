namespace Quire.Allocation;

/// <summary>
/// The raw data of heaptrack's preload library (libheaptrack.cpp): lines of hexadecimal numbers led by a letter; "+ size trace address" is an
/// allocation, "- address" a free (a realloc is written as both). Stacks, modules and times are passed over.
/// </summary>
internal static class HeaptrackFormat
{
    private const string Known = "vXItmxcRASs#k";

    public static HeapTrace Read(Stream stream, string file)
    {
        using var reader = new StreamReader(stream);
        var trace = new AddressTrace();
        var number = 0;
        while (reader.ReadLine() is { } text)
        {
            number++;
            switch (text.Split(' '))
            {
                case ["+", var size, _, var address]:
                    trace.Allocated(WorkloadFields.Address(address, file, number), WorkloadFields.HexadecimalSize(size, file, number));
                    break;
                case ["-", var address]:
                    trace.Freed(WorkloadFields.Address(address, file, number));
                    break;
                default:
                    if (text.Length > 0 && !Known.Contains(text[0], StringComparison.Ordinal))
                    {
                        throw new WorkloadFormatException(file, number, $"\"{text}\" is no line of heaptrack's raw data");
                    }

                    break;
            }
        }

        return trace.Finish();
    }
}
