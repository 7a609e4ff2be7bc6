using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Writes an old object down before it is first written to after a collection: its header's bit Logged says that it has not been yet.</summary>
internal readonly unsafe struct ObjectLogBarrier : IBarrier
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        *slot = value;
        if ((*(ulong*)source & ObjectHeader.Logged) != 0)
        {
            WriteDown(mutator, source);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteDown(Mutator mutator, nint source)
    {
        *(ulong*)source &= ~ObjectHeader.Logged;
        mutator.Log!.Push(source);
    }
}
