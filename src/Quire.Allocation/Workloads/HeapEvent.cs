namespace Quire.Allocation;

public enum HeapEventKind
{
    Allocate,
    Free,
    Reallocate,
}

/// <summary>One call of a program to its heap. Id names the block, not its address; a reallocation keeps it. Size in bytes, 0 for a free.</summary>
public readonly record struct HeapEvent(HeapEventKind Kind, long Id, long Size, uint Thread = 0);
