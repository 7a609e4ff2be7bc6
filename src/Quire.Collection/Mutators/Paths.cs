using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>A way to allocate and a barrier, put together.</summary>
public readonly unsafe struct Paths<TAllocation, TBarrier> : IPaths
    where TAllocation : struct, IAllocationPath
    where TBarrier : struct, IBarrier
{
    public static bool IsManual
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TAllocation.IsManual;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Allocate(Mutator mutator, nint size, ulong header) => TAllocation.Allocate(mutator, size, header);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value) => TBarrier.Write(mutator, source, slot, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Read(Mutator mutator, nint source, nint* slot) => TBarrier.Read(mutator, source, slot);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ReadWeak(Mutator mutator, nint source, nint* slot) => TBarrier.ReadWeak(mutator, source, slot);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRoot(Mutator mutator, nint* slot, nint value) => TBarrier.WriteRoot(mutator, slot, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PopRoots(Mutator mutator, nint* from, nint* to) => TBarrier.PopRoots(mutator, from, to);
}
