namespace Quire.Collection;

/// <summary>The paths of a plan under the sanity plan: each reference that the program uses or stores must be an object's. Who kept one across an allocation is told at its first use.</summary>
public readonly unsafe struct CheckedPaths<TPaths> : IPaths
    where TPaths : struct, IPaths
{
    public static bool IsObserved => TPaths.IsObserved;

    public static bool IsChecked => true;

    public static bool IsManual => TPaths.IsManual;

    public static nint Allocate(Mutator mutator, nint size, ulong header) => TPaths.Allocate(mutator, size, header);

    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        mutator.Plan.Checker!.RequireUsable(source, "writes a field of");
        if (value != 0)
        {
            mutator.Plan.Checker!.RequireUsable(value, $"stores, in a {mutator.Plan.Types.NameOf(*(ulong*)source)},");
        }

        TPaths.Write(mutator, source, slot, value);
    }

    public static nint Read(Mutator mutator, nint source, nint* slot)
    {
        mutator.Plan.Checker!.RequireUsable(source, "reads a field of");
        return TPaths.Read(mutator, source, slot);
    }

    public static nint ReadWeak(Mutator mutator, nint source, nint* slot)
    {
        mutator.Plan.Checker!.RequireUsable(source, "reads the weak reference of");
        return TPaths.ReadWeak(mutator, source, slot);
    }

    public static void WriteRoot(Mutator mutator, nint* slot, nint value)
    {
        if (value != 0)
        {
            mutator.Plan.Checker!.RequireUsable(value, "stores, in a frame or handle,");
        }

        TPaths.WriteRoot(mutator, slot, value);
    }

    public static void PopRoots(Mutator mutator, nint* from, nint* to) => TPaths.PopRoots(mutator, from, to);
}
