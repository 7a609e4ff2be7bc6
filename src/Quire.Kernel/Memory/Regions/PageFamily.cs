namespace Quire.Kernel.Memory.Regions;

/// <summary>
/// Which private pages may come to lie in one region (Linux's anon_vma): a region gets one with its first private page, the one of a neighbour that it could be
/// joined with if their rights were the same. Regions of different families stay apart; one without private pages joins any family but an inherited one.
/// </summary>
/// <param name="IsInherited">The pages were there before a fork made this space: several families in one (a chain that is not singular).</param>
internal readonly record struct PageFamily(uint Number, bool IsInherited)
{
    public static PageFamily None => default;

    public bool IsNone => Number == 0;

    /// <summary>Whether regions of both may become one (is_mergeable_anon_vma of mm/vma.c).</summary>
    public bool Joins(PageFamily other) =>
        Number == other.Number || (IsNone && !other.IsInherited) || (other.IsNone && !IsInherited);
}
