namespace Quire.Traces;

public enum ReferenceKind : byte
{
    Instruction = 0,
    Read = 1,
    Write = 2,

    /// <summary>The object or page goes away and its place is free: nothing is brought in.</summary>
    Delete = 3,
}

/// <summary>What the numbers of a trace are.</summary>
public enum TraceUnit
{
    /// <summary>Byte addresses with sizes in bytes; cut into pages when replayed.</summary>
    Addresses,

    /// <summary>Page numbers; a size is a number of pages one after another.</summary>
    Pages,

    /// <summary>Objects of a cache; a size is the object's own and never splits it.</summary>
    Objects,
}

/// <summary>A batch of references as a trace holds them, column by column.</summary>
public sealed class TraceRecords(int capacity = TraceRecords.StandardCapacity)
{
    public const int StandardCapacity = 1 << 14;

    public ulong[] Address { get; } = new ulong[capacity];

    public ulong[] Size { get; } = new ulong[capacity];

    public ReferenceKind[] Kind { get; } = new ReferenceKind[capacity];

    public uint[] Process { get; } = new uint[capacity];

    /// <summary>Virtual time in the trace's own unit; counts references where the trace has none.</summary>
    public long[] Time { get; } = new long[capacity];

    public int Length { get; set; }

    public bool IsFull => Length == Address.Length;

    public void Clear() => Length = 0;

    /// <summary>Adds the newest record again, as often as there is room; returns how often.</summary>
    public long Repeat(long times)
    {
        var count = (int)Math.Min(times, Address.Length - Length);
        for (var index = Length; index < Length + count; index++)
        {
            (Address[index], Size[index], Kind[index], Process[index], Time[index]) = (Address[index - 1], Size[index - 1], Kind[index - 1], Process[index - 1], Time[index - 1]);
        }

        Length += count;
        return count;
    }

    public void Add(ulong address, ulong size, ReferenceKind kind, uint process, long time)
    {
        var index = Length++;
        Address[index] = address;
        Size[index] = size;
        Kind[index] = kind;
        Process[index] = process;
        Time[index] = time;
    }
}

/// <summary>A trace that cannot be read further. The message is one line and says where, by line or byte offset.</summary>
public sealed class TraceFormatException(string message) : Exception(message);
