namespace Quire.Collection;

/// <summary>A type that objects are allocated with: passed by value, so that allocation reads no memory for it.</summary>
/// <param name="Header">A new object's header.</param>
/// <param name="Size">Bytes of an object, header included; of an array those before the first element.</param>
/// <param name="ElementSize">Bytes of an array's element; 0 for what is no array.</param>
public readonly record struct ObjectType(ulong Header, int Size, int ElementSize)
{
    /// <summary>Bytes of an array of a length, header included.</summary>
    public long SizeOfArray(int length) => (Size + ((long)length * ElementSize) + 7) & ~7L;
}
