namespace Quire.Kernel.Memory.Reclaim;

/// <summary>What page tables say of a page since they were last asked (folio_referenced of Linux).</summary>
/// <param name="Accessed">Mappings that were used.</param>
/// <param name="IsLocked">A region that maps it is locked.</param>
/// <param name="IsExecutable">A region that maps it holds code.</param>
internal readonly record struct PageUse(int Accessed, bool IsLocked, bool IsExecutable)
{
    public static PageUse operator +(PageUse a, PageUse b) => new(a.Accessed + b.Accessed, a.IsLocked | b.IsLocked, a.IsExecutable | b.IsExecutable);
}
