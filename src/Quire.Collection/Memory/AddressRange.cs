using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Addresses from Start up to End.</summary>
public readonly record struct AddressRange(nint Start, nint End)
{
    public nint Length => End - Start;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(nint address) => (nuint)(address - Start) < (nuint)(End - Start);
}
