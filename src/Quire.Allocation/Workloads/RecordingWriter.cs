using System.Buffers.Binary;

namespace Quire.Allocation;

/// <summary>Writes a recording (<see cref="RecordingFormat"/>) call by call. The stream is the caller's.</summary>
public sealed class RecordingWriter
{
    private readonly Stream _stream;
    private readonly byte[] _record = new byte[RecordingFormat.RecordBytes];

    public RecordingWriter(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        WriteHeader();
    }

    /// <summary>Calls written so far; a reallocation is one.</summary>
    public long Calls { get; private set; }

    public void Allocated(ulong address, ulong size, uint thread) => Add(RecordingFormat.Allocate, address, size, thread);

    public void Freed(ulong address, uint thread) => Add(RecordingFormat.Free, address, 0, thread);

    public void Reallocated(ulong old, ulong address, ulong size, uint thread)
    {
        Write(RecordingFormat.From, old, 0, thread);
        Add(RecordingFormat.To, address, size, thread);
    }

    /// <summary>Takes back what was written; the stream must be able to seek.</summary>
    public void Restart()
    {
        _stream.SetLength(0);
        _stream.Position = 0;
        Calls = 0;
        WriteHeader();
    }

    private void WriteHeader()
    {
        Array.Clear(_record);
        RecordingFormat.Magic.CopyTo(_record);
        _stream.Write(_record);
    }

    private void Add(uint operation, ulong address, ulong size, uint thread)
    {
        Write(operation, address, size, thread);
        Calls++;
    }

    private void Write(uint operation, ulong address, ulong size, uint thread)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_record, address);
        BinaryPrimitives.WriteUInt64LittleEndian(_record.AsSpan(8), size);
        BinaryPrimitives.WriteUInt32LittleEndian(_record.AsSpan(16), thread);
        BinaryPrimitives.WriteUInt32LittleEndian(_record.AsSpan(20), operation);
        _stream.Write(_record);
    }
}
