using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>The next object begins where the last one ended; the buffer is zeroed when it is handed to the mutator.</summary>
public readonly unsafe struct BumpAllocation : IAllocationPath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Allocate(Mutator mutator, nint size, ulong header)
    {
        var target = mutator.Cursor;
        var end = target + size;
        if (end > mutator.Limit)
        {
            target = mutator.Plan.AllocateSlowly(mutator, size);
        }
        else
        {
            mutator.Cursor = end;
        }

        *(ulong*)target = header;
        return target;
    }
}
