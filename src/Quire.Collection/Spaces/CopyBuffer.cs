using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>Where one of several threads puts its copies: a piece of the space that objects are copied to, taken under a lock that all of them share.</summary>
/// <remarks>What is left of a buffer is zeros, which are no headers: the space can be walked at any time.</remarks>
internal sealed unsafe class CopyBuffer(ContiguousSpace space, Lock gate)
{
    private const nint Bytes = 32 << 10;

    // Larger objects that do not fit take none of the next buffer: what is thrown away with a buffer's end is less than a thirtieth.
    private const nint Small = 1 << 10;

    private nint _cursor;
    private nint _limit;

    /// <summary>Room for a copy, contents undefined. Never 0: beyond the limit if it must be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Place(nint size)
    {
        var place = _cursor;
        if (size > _limit - place)
        {
            return PlaceSlowly(size);
        }

        _cursor = place + size;
        return place;
    }

    /// <summary>The last place is not needed: another thread has copied the object.</summary>
    public void Retract(nint place, nint size)
    {
        NativeMemory.Clear((void*)place, (nuint)size);
        if (place + size == _cursor)
        {
            _cursor = place;
        }
    }

    /// <summary>No more copies go here.</summary>
    public void Retire() => _cursor = _limit = 0;

    private nint PlaceSlowly(nint size)
    {
        lock (gate)
        {
            if (size > Small)
            {
                return space.Extend(size);
            }

            _cursor = space.Extend(Bytes);
        }

        NativeMemory.Clear((void*)_cursor, (nuint)Bytes);
        _limit = _cursor + Bytes;
        return Place(size);
    }
}
