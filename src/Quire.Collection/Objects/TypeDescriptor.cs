using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>How an object's references are found.</summary>
public enum ObjectShape
{
    /// <summary>No references: numbers and bytes.</summary>
    Data,

    /// <summary>References in consecutive words.</summary>
    Run,

    /// <summary>References at the offsets of a list.</summary>
    Listed,

    /// <summary>A word of length, then that many references.</summary>
    ReferenceArray,

    /// <summary>A word of length, then that many elements without references.</summary>
    DataArray,

    /// <summary>One reference in the first word that does not keep its object alive; words without references may follow.</summary>
    Weak,
}

/// <summary>A type as tracing reads it, in native memory: 32 bytes, so that a header's upper half is an offset into the table.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
public unsafe struct TypeDescriptor
{
    public const int Bytes = 32;

    /// <summary>Bytes of an object, header included; of an array those before the first element.</summary>
    public int Size;

    /// <summary>Bytes of an array's element; 0 for what is no array.</summary>
    public int ElementSize;

    /// <summary>References of an object: in a run, or of the list.</summary>
    public int References;

    /// <summary>Offset of the first reference from the header, in bytes.</summary>
    public int First;

    public ObjectShape Shape;

    private readonly int _unused;

    /// <summary>Offsets from the header, in bytes, of all references of a <see cref="ObjectShape.Listed"/> type.</summary>
    public int* Offsets;

    /// <summary>Bytes of an object of this type, header included: a multiple of eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly nint SizeOf(nint target) =>
        ElementSize == 0 ? Size : (nint)((Size + (*(long*)(target + ObjectHeader.Bytes) * ElementSize) + 7) & ~7L);
}
