using System.Runtime.CompilerServices;
using Quire.Allocation;

namespace Quire.Collection;

/// <summary>A mutator's stack of references, frame upon frame: the roots that a precise collector finds and may change. Charged as it grows.</summary>
public sealed unsafe class RootStack : IDisposable
{
    /// <summary>Slots at most: 8 Mi.</summary>
    public const int MostSlots = 1 << 23;

    private readonly HeapBudget _budget;
    private readonly NativeRegion _region = new((nint)MostSlots * sizeof(long));
    private nint* _committed;

    public RootStack(HeapBudget budget)
    {
        _budget = budget;
        Bottom = (nint*)_region.Base;
        Top = Bottom;
        _committed = Bottom;
    }

    public nint* Bottom { get; }

    /// <summary>The slots in use are those from <see cref="Bottom"/> up to here.</summary>
    public nint* Top { get; private set; }

    /// <summary>Adds slots that hold null and returns the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint* Push(int slots)
    {
        var first = Top;
        var top = first + slots;
        if (top > _committed)
        {
            Grow(top);
        }

        for (var slot = first; slot < top; slot++)
        {
            *slot = 0;
        }

        Top = top;
        return first;
    }

    /// <summary>Drops all slots from here on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PopTo(nint* first) => Top = first;

    public void Dispose()
    {
        _budget.Release(_region.CommittedBytes);
        _region.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(nint* top)
    {
        if (top > Bottom + MostSlots)
        {
            throw new InsufficientExecutionStackException($"A program's frames hold more than {MostSlots} references.");
        }

        var bytes = (((nint)top - (nint)_committed) + NativeRegion.CommitGranule - 1) & -NativeRegion.CommitGranule;
        if (!_region.TryCommit((nint)_committed - (nint)Bottom, bytes))
        {
            throw new OutOfMemoryException("The host has no memory left for a program's frames.");
        }

        _budget.Charge(bytes);
        _committed = (nint*)((nint)_committed + bytes);
    }
}
