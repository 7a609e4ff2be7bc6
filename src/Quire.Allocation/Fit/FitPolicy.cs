namespace Quire.Allocation;

/// <summary>Which of the holes that are large enough gets the block (Knuth, TAOCP vol. 1, 2.5). Equals go to the lowest address.</summary>
public enum FitPolicy
{
    /// <summary>The hole with the lowest address.</summary>
    First,

    /// <summary>The first hole that starts at or after the end of the last block placed, going round.</summary>
    Next,

    /// <summary>The smallest hole.</summary>
    Best,

    /// <summary>The largest hole.</summary>
    Worst,
}
