using System.Buffers.Binary;

namespace Quire.Allocation;

/// <summary>
/// Quire's own recordings, as the preload library writes them: records of 24 bytes, little-endian:
/// <code>
///   0  address     8 bytes
///   8  size        8 bytes
///  16  thread      4 bytes
///  20  operation   4 bytes: 1 allocate, 2 free, 3 reallocated from, 4 reallocated to (follows 3 of the same thread)
/// </code>
/// The first record is the header: the eight characters "QUIREHP1", then zeros. A record of zeros is the unused end of the file.
/// </summary>
public static class RecordingFormat
{
    public const int RecordBytes = 24;

    internal const uint Allocate = 1;
    internal const uint Free = 2;
    internal const uint From = 3;
    internal const uint To = 4;

    public static ReadOnlySpan<byte> Magic => "QUIREHP1"u8;

    public static HeapTrace Read(Stream stream, string file)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var record = new byte[RecordBytes];
        if (stream.ReadAtLeast(record, RecordBytes, throwOnEndOfStream: false) < RecordBytes || !record.AsSpan().StartsWith(Magic))
        {
            throw new WorkloadFormatException(file, 0, "the header of a recording is missing");
        }

        var trace = new AddressTrace();
        var moving = new Dictionary<uint, ulong>();
        for (long number = 1; ; number++)
        {
            var read = stream.ReadAtLeast(record, RecordBytes, throwOnEndOfStream: false);
            if (read == 0)
            {
                return trace.Finish();
            }

            if (read < RecordBytes)
            {
                throw new WorkloadFormatException(file, 0, $"record {number} is cut off after {read} bytes");
            }

            var address = BinaryPrimitives.ReadUInt64LittleEndian(record);
            var size = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(8));
            var thread = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(16));
            switch (BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(20)))
            {
                case 0 when address == 0 && size == 0:
                    break;
                case Allocate when size >= 0:
                    trace.Allocated(address, size, thread);
                    break;
                case Free:
                    trace.Freed(address, thread);
                    break;
                case From:
                    moving[thread] = address;
                    break;
                case To when size >= 0 && moving.Remove(thread, out var old):
                    trace.Reallocated(old, address, size, thread);
                    break;
                default:
                    throw new WorkloadFormatException(file, 0, $"record {number} (operation {BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(20))}, size {size}) is no allocation, free or reallocation");
            }
        }
    }

    /// <summary>Writes a trace; block numbers stand for addresses.</summary>
    public static void Write(Stream stream, HeapTrace trace)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(trace);
        var writer = new RecordingWriter(stream);
        foreach (var call in trace.Events)
        {
            // Address 0 is no block.
            var address = (ulong)call.Id + 1;
            switch (call.Kind)
            {
                case HeapEventKind.Allocate:
                    writer.Allocated(address, (ulong)call.Size, call.Thread);
                    break;
                case HeapEventKind.Free:
                    writer.Freed(address, call.Thread);
                    break;
                default:
                    writer.Reallocated(address, address, (ulong)call.Size, call.Thread);
                    break;
            }
        }
    }
}
