namespace Quire.Allocation;

internal enum SpanState : byte
{
    /// <summary>No span starts here.</summary>
    None,

    Free,

    /// <summary>Holds blocks of one size class.</summary>
    Blocks,

    /// <summary>Is one block.</summary>
    Large,
}

/// <summary>A run of pages that is free, holds blocks of one class, or is one large block. In a table by its first page.</summary>
internal unsafe struct PageSpan
{
    public uint Pages;
    public ushort Blocks;

    // Blocks given to threads; blocks beyond Carved have never been used.
    public ushort Taken;
    public ushort Carved;
    public byte SizeClass;
    public SpanState State;
    public void* Free;

    // Neighbours in a list as page + 1; 0 is none: of a class' spans with free blocks, or of a bin's free spans.
    public uint Next;
    public uint Previous;
}
