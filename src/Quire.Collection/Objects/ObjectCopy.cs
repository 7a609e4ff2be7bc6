using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Copies objects: most are of a few words, for which a call costs more than the copying.</summary>
internal static unsafe class ObjectCopy
{
    private const nint Short = 128;

    /// <summary>The places do not overlap, or the copy goes to lower addresses.</summary>
    /// <param name="size">Bytes, a multiple of eight.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(nint from, nint to, nint size)
    {
        if (size > Short)
        {
            Buffer.MemoryCopy((void*)from, (void*)to, size, size);
            return;
        }

        for (nint offset = 0; offset < size; offset += 8)
        {
            *(ulong*)(to + offset) = *(ulong*)(from + offset);
        }
    }
}
