namespace Quire.Kernel.Memory.Reclaim;

/// <summary>What a former run of the same program referred to, and when: for policies that have to know the future. Positions count its references from 0.</summary>
public interface IPageFuture
{
    /// <summary>The page is referred to now; gives the position of its next reference, or <see cref="Replacement.IReplacementPolicy.Never"/>.</summary>
    long Refer(ulong page);

    /// <summary>The page comes in without being referred to.</summary>
    long NextOf(ulong page);
}

/// <summary>Is told which page each reference is to; several in a row to one page are told once.</summary>
public interface IPageReferenceRecording
{
    void Refer(ulong page);
}
