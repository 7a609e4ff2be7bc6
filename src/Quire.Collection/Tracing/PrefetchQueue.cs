using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Quire.Collection;

/// <summary>Objects on their way from the mark stack to being scanned: they wait while their first cache line comes from memory.</summary>
/// <remarks>C.-Y. Cher, A. L. Hosking and T. N. Vijaykumar, Software Prefetching for Mark-Sweep Garbage Collection, ASPLOS 2004.</remarks>
[InlineArray(Length)]
internal unsafe struct PrefetchQueue
{
    public const int Length = 16;

    private nint _first;

    /// <summary>Puts the next object in and takes the one out that has waited longest: either may be 0, for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Exchange(ref PrefetchQueue queue, ref int position, nint next)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0((void*)next);
        }

        ref var place = ref Unsafe.Add(ref queue._first, position);
        var target = place;
        place = next;
        position = (position + 1) & (Length - 1);
        return target;
    }
}
