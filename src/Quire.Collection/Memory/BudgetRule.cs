namespace Quire.Collection;

/// <summary>What a taker of memory does at the heap's limit.</summary>
internal enum BudgetRule
{
    /// <summary>It gets none: time to collect.</summary>
    WithinLimit,

    /// <summary>It gets it: a collection cannot stop half-way, and finds out afterwards.</summary>
    BeyondLimit,
}
