namespace Quire.Kernel.Memory.Reclaim;

/// <summary>Kernel objects that only save work, and can go when memory is short (struct shrinker of Linux).</summary>
public interface IShrinker
{
    /// <summary>How many there are, those in use among them.</summary>
    long Count { get; }

    /// <summary>Looks at up to so many, the longest unused first, and frees those that nobody uses; gives how many.</summary>
    long Scan(long objects);
}
