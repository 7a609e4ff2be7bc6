namespace Quire.Collection;

public enum CollectionKind
{
    /// <summary>The young objects only.</summary>
    Minor,

    /// <summary>The whole heap at once.</summary>
    Full,

    /// <summary>A piece of a collection that goes on beside the program.</summary>
    Increment,

    /// <summary>The roots, at the start of a collection that goes on beside the program.</summary>
    Start,

    /// <summary>The end of a collection that went on beside the program.</summary>
    Finish,
}

public enum CollectionCause
{
    AllocationFailure,

    /// <summary>The heap is full enough that a collection should start.</summary>
    Occupancy,

    /// <summary>The program, or its user, asked for it.</summary>
    Asked,

    /// <summary>What was tried before freed too little.</summary>
    LastResort,
}

/// <summary>A time during which the program stood still. Times in nanoseconds, sizes in bytes.</summary>
/// <param name="Start">Wall time since the heap was built.</param>
/// <param name="Wall">How long by the wall clock.</param>
/// <param name="Processor">Processor time of the collecting thread.</param>
/// <param name="Before">Bytes in use before and after: what is charged to the heap.</param>
/// <param name="Copied">Bytes copied, promoted ones among them.</param>
/// <param name="Promoted">Bytes that went to an older generation.</param>
/// <param name="Marked">Objects found reachable.</param>
/// <param name="Remembered">Entries of remembered sets, or cards, looked at.</param>
/// <param name="YoungBefore">The young generation before and after.</param>
public readonly record struct Pause(
    CollectionKind Kind, CollectionCause Cause, long Start, long Wall, long Processor, long Before, long After, long Copied, long Promoted, long Marked, long Remembered,
    YoungUse YoungBefore, YoungUse YoungAfter);

/// <summary>What a young generation holds, and could: bytes of new objects, and of those that have survived. All zero where there is none.</summary>
public readonly record struct YoungUse(long Eden, long EdenCapacity, long Survivors, long SurvivorCapacity)
{
    public long Bytes => Eden + Survivors;

    /// <summary>With one of the two spaces of survivors, as only one is in use.</summary>
    public long Capacity => EdenCapacity + SurvivorCapacity;

    /// <summary>Addresses taken: both spaces of survivors.</summary>
    public long Reserved => EdenCapacity + (2 * SurvivorCapacity);
}
