using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Cells of size classes from ranges of free neighbours, so that a block without survivors is as fast as bump allocation.</summary>
internal readonly unsafe struct CellAllocation : IAllocationPath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Allocate(Mutator mutator, nint size, ulong header)
    {
        var range = mutator.Ranges + mutator.ClassOfWords[size >> 3];
        var target = range->Cursor;
        if (target == range->Limit)
        {
            target = mutator.Plan.AllocateSlowly(mutator, size);
        }
        else
        {
            range->Cursor = target + range->CellSize;
        }

        *(ulong*)target = header;
        return target;
    }
}
