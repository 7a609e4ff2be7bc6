using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>The paths of a plan with its barrier compiled out: what the barrier costs is the difference. Sound only while every collection is full and at once.</summary>
internal readonly struct WithoutBarrier<TPaths> : IPaths
    where TPaths : struct, IPaths
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Allocate(Mutator mutator, nint size, ulong header) => TPaths.Allocate(mutator, size, header);
}

/// <summary>How a heap's barrier takes part in a run.</summary>
public enum BarrierUse
{
    /// <summary>The plan collects as it likes, and its barrier helps it.</summary>
    Needed,

    /// <summary>Collections are full and at once: the barrier runs, and nobody needs it.</summary>
    Unneeded,

    /// <summary>The same without it.</summary>
    CompiledOut,
}
