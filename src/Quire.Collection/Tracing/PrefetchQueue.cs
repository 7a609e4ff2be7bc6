using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Objects that wait a little while something of theirs comes from memory: their mark before they are marked, their first cache line before they are scanned.</summary>
/// <remarks>
/// C.-Y. Cher, A. L. Hosking and T. N. Vijaykumar, Software Prefetching for Mark-Sweep Garbage Collection, ASPLOS 2004, for the queue before scanning; R. Garner, S. M. Blackburn and D. Frampton, Effective Prefetch
/// for Mark-Sweep Garbage Collection, ISMM 2007, for marking what edges lead to as late: differs, as the stack holds objects that were marked, and only the queue edges.
/// </remarks>
[InlineArray(Length)]
internal struct PrefetchQueue
{
    public const int Length = 16;

    private nint _first;

    /// <summary>Puts the next object in and takes the one out that has waited longest: either may be 0, for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Exchange(ref PrefetchQueue queue, ref int position, nint next)
    {
        ref var place = ref Unsafe.Add(ref queue._first, position);
        var target = place;
        place = next;
        position = (position + 1) & (Length - 1);
        return target;
    }
}
