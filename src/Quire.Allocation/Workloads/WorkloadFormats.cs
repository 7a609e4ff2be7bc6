using System.IO.Compression;
using System.Text;

namespace Quire.Allocation;

/// <summary>One file format of heap calls.</summary>
/// <param name="Name">For messages and documentation.</param>
/// <param name="Recognises">Whether a file name and the first bytes look like it.</param>
/// <param name="Read">Reads a whole file; throws <see cref="WorkloadFormatException"/>.</param>
public sealed record WorkloadFormat(string Name, Func<string, string, bool> Recognises, Func<Stream, string, HeapTrace> Read);

/// <summary>All formats. The first that recognises a file reads it; .gz is unpacked.</summary>
public static class WorkloadFormats
{
    private const int SampleBytes = 256;

    public static IReadOnlyList<WorkloadFormat> All { get; } =
    [
        new("Quire recording", (_, start) => start.StartsWith("QUIREHP1", StringComparison.Ordinal), RecordingFormat.Read),
        new("mtrace", (_, start) => start.StartsWith("= Start", StringComparison.Ordinal) || start.StartsWith("@ ", StringComparison.Ordinal), MtraceFormat.Read),
        new("heaptrack raw", (_, start) => start.StartsWith("v ", StringComparison.Ordinal) || start.StartsWith("X ", StringComparison.Ordinal), HeaptrackFormat.Read),
        new("CS:APP .rep", (name, start) => name.EndsWith(".rep", StringComparison.OrdinalIgnoreCase) || IsRep(start), RepFormat.Read),
        new("CSV", (name, start) => name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || start.Contains(',', StringComparison.Ordinal), CsvFormat.Read),
    ];

    /// <exception cref="WorkloadFormatException">No format recognises the file, or it is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static HeapTrace Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var file = File.OpenRead(path);
        if (path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase))
        {
            throw new WorkloadFormatException(path, 0, "unpack it first (zstd -d)");
        }

        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            return Read(file, path);
        }

        using var unpacked = new MemoryStream();
        try
        {
            using var packed = new GZipStream(file, CompressionMode.Decompress);
            packed.CopyTo(unpacked);
        }
        catch (InvalidDataException error)
        {
            throw new WorkloadFormatException(path, 0, error.Message);
        }

        unpacked.Position = 0;
        return Read(unpacked, path[..^3]);
    }

    /// <summary>Reads from a stream that can seek; the name helps to recognise the format.</summary>
    public static HeapTrace Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var sample = new byte[SampleBytes];
        var read = stream.ReadAtLeast(sample, SampleBytes, throwOnEndOfStream: false);
        if (read == 0)
        {
            throw new WorkloadFormatException(name, 0, "the file is empty");
        }

        stream.Position = 0;
        var start = Encoding.Latin1.GetString(sample, 0, read);
        var format = All.FirstOrDefault(candidate => candidate.Recognises(name, start))
            ?? throw new WorkloadFormatException(name, 0, $"the format is none of {string.Join(", ", All.Select(candidate => candidate.Name))}");
        return format.Read(stream, name);
    }

    private static bool IsRep(string start) => start.Split('\n') is [var first, ..] && long.TryParse(first.Trim(), out _);
}
