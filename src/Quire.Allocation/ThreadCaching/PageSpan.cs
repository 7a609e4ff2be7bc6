namespace Quire.Allocation;

/// <summary>A run of pages that holds blocks of one class, or one large block. In a table by its first page.</summary>
internal unsafe struct PageSpan
{
    public uint Pages;
    public ushort Blocks;

    // Blocks given to threads (or, in a large span, 1); blocks beyond Carved have never been used.
    public ushort Taken;
    public ushort Carved;
    public byte SizeClass;
    public void* Free;

    // Neighbours in the list of spans with free blocks, as page + 1; 0 is none.
    public uint Next;
    public uint Previous;
}
