namespace Quire.Traces;

/// <summary>What a user says about a trace, where its content does not tell.</summary>
public sealed record TraceReading
{
    /// <summary>Name of the format.</summary>
    public string? Format { get; init; }

    /// <summary>What plain numbers, or the numbers of a table, are.</summary>
    public TraceUnit? Unit { get; init; }

    /// <summary>Columns of a table: "id=2,size=3,time=1,op=4", numbers from 1 or names.</summary>
    public string? Columns { get; init; }
}
