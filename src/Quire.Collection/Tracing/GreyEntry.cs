using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// What threads that trace together put on their stacks: an object, or a slice of a long array of references, so that an array is work for all of them.
/// <code>
///  63          48 47                        1  0
/// +--------------+---------------------------+---+
/// | slice number | address of the object     | 1 |
/// +--------------+---------------------------+---+
/// </code>
/// An entry without bit 0 is a whole object's address.
/// </summary>
internal static unsafe class GreyEntry
{
    private const int NumberShift = 48;
    private const nint SliceBit = 1;
    private const long LeastSlice = 2048;
    private const long MostSlices = 1 << 15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ObjectOf(nint entry) => (nint)(entry & ((1L << NumberShift) - 2));

    /// <summary>Visits the references of an entry; of a long array those of one slice, after the rest has been put on the stack.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scan<TVisitor>(nint entry, TypeDescriptor* types, AddressStack grey, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var target = ObjectOf(entry);
        var descriptor = TypeTable.DescriptorOf(types, *(ulong*)target);
        if (descriptor->Shape == ObjectShape.ReferenceArray && *(long*)(target + ObjectHeader.Bytes) > LeastSlice)
        {
            ScanSlice(entry, target, descriptor, grey, ref visitor);
        }
        else
        {
            ObjectScan.Scan(target, descriptor, ref visitor);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ScanSlice<TVisitor>(nint entry, nint target, TypeDescriptor* descriptor, AddressStack grey, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var length = *(long*)(target + ObjectHeader.Bytes);
        var slice = Math.Max(LeastSlice, (length + MostSlices - 1) / MostSlices);
        var number = (long)entry >> NumberShift;
        if ((number + 1) * slice < length)
        {
            grey.Push((nint)(target | SliceBit | ((number + 1) << NumberShift)));
        }

        var slot = (nint*)(target + descriptor->First) + (number * slice);
        for (var end = slot + Math.Min(slice, length - (number * slice)); slot < end; slot++)
        {
            visitor.Visit(slot);
        }
    }
}
