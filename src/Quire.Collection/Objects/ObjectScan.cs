using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>What is done at each place that holds a reference: a struct, so that scanning compiles to one loop for each kind of tracing.</summary>
public unsafe interface ISlotVisitor
{
    /// <summary>The slot may hold null.</summary>
    void Visit(nint* slot);
}

/// <summary>Goes through the references of an object.</summary>
public static unsafe class ObjectScan
{
    /// <summary>Visits every strong reference of an object. The reference of a weak object is not among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scan<TVisitor>(nint target, TypeDescriptor* descriptor, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct
    {
        switch (descriptor->Shape)
        {
            case ObjectShape.Run:
                var slot = (nint*)(target + descriptor->First);
                for (var end = slot + descriptor->References; slot < end; slot++)
                {
                    visitor.Visit(slot);
                }

                break;
            case ObjectShape.ReferenceArray:
                var element = (nint*)(target + descriptor->First);
                for (var end = element + *(long*)(target + ObjectHeader.Bytes); element < end; element++)
                {
                    visitor.Visit(element);
                }

                break;
            case ObjectShape.Listed:
                for (var i = 0; i < descriptor->References; i++)
                {
                    visitor.Visit((nint*)(target + descriptor->Offsets[i]));
                }

                break;
        }
    }
}
