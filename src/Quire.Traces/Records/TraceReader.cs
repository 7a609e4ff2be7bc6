namespace Quire.Traces;

/// <summary>Reads a trace of some format front to back in batches; never holds more than a batch and a buffer.</summary>
public abstract class TraceReader(ByteSource source) : IDisposable
{
    /// <summary>Name of the format as the registry lists it.</summary>
    public abstract string Format { get; }

    /// <summary>What the content was taken for, in words for the header of a result.</summary>
    public virtual string Reading => $"{Format} ({(Unit == TraceUnit.Addresses ? "addresses" : Unit == TraceUnit.Pages ? "pages" : "objects")})";

    public abstract TraceUnit Unit { get; }

    /// <summary>True if records carry times of their own.</summary>
    public virtual bool HasTimes => false;

    /// <summary>True if a record's size is the size of a cached object.</summary>
    public bool HasObjectSizes => Unit == TraceUnit.Objects;

    public ByteSource Source { get; } = source;

    /// <summary>Replaces the batch by the next records; false at the end. Throws <see cref="TraceFormatException"/> after what was good has been returned.</summary>
    public bool Read(TraceRecords records)
    {
        records.Clear();
        if (_pending is not null)
        {
            throw _pending;
        }

        try
        {
            Fill(records);
        }
        catch (TraceFormatException exception) when (records.Length > 0)
        {
            _pending = exception;
        }

        return records.Length > 0;
    }

    public void Dispose()
    {
        Source.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds at least one record unless the trace is at its end.</summary>
    protected abstract void Fill(TraceRecords records);

    /// <summary>The start of a line or word, for messages.</summary>
    protected static string Shown(ReadOnlySpan<byte> line)
    {
        var characters = new char[Math.Min(line.Length, 40)];
        for (var index = 0; index < characters.Length; index++)
        {
            characters[index] = line[index] is >= 0x20 and < 0x7f ? (char)line[index] : '.';
        }

        return new string(characters) + (line.Length > 40 ? "..." : "");
    }

    private TraceFormatException? _pending;
}
