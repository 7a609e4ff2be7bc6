using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Marks the card of a slot of an older object that a reference to a younger one is stored to. Young objects lie between WatchedStart and WatchedStart + WatchedLength.</summary>
internal readonly unsafe struct CardBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        *slot = value;
        if ((nuint)(source - mutator.WatchedStart) >= (nuint)mutator.WatchedLength && (nuint)(value - mutator.WatchedStart) < (nuint)mutator.WatchedLength)
        {
            mutator.Cards[(nint)slot >> CardTable.CardShift] = 1;
        }
    }
}

/// <summary>Writes the address of such a slot down in a sequential store buffer.</summary>
/// <remarks>D. Ungar, Generation Scavenging, SDE 1984, whose remembered set this is, of slots and with duplicates as A. L. Hosking, J. E. B. Moss and D. Stefanovic have it, OOPSLA 1992.</remarks>
internal readonly unsafe struct StoreBufferBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        *slot = value;
        if ((nuint)(source - mutator.WatchedStart) >= (nuint)mutator.WatchedLength && (nuint)(value - mutator.WatchedStart) < (nuint)mutator.WatchedLength)
        {
            mutator.Log!.Push((nint)slot);
        }
    }
}
