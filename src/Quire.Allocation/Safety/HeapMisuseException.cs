namespace Quire.Allocation;

public enum HeapMisuse
{
    DoubleFree,
    ForeignPointer,
    SizeMismatch,
    HeaderDamaged,
    RedZoneOverwritten,
    WriteAfterFree,
    Pinned,
}

/// <summary>The caller broke an allocator's contract. Thrown at the call that shows it; the allocator's own state is unchanged by that call.</summary>
public sealed class HeapMisuseException(HeapMisuse kind, string message) : InvalidOperationException(message)
{
    public HeapMisuse Kind { get; } = kind;
}
