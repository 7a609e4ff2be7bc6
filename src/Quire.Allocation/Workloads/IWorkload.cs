namespace Quire.Allocation;

/// <summary>A sequence of heap calls, recorded or made up; one that reacts to where blocks were placed hears it through <see cref="Placed"/>.</summary>
public interface IWorkload
{
    bool TryNext(out HeapEvent next);

    /// <summary>Called for each allocation: where the block begins, in bytes from the heap's start, or -1 when it failed.</summary>
    void Placed(long id, long offset)
    {
    }
}
