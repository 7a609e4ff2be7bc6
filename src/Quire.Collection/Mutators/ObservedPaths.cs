namespace Quire.Collection;

/// <summary>The paths of a plan with an observer told of each step: used only when there is one, so that otherwise it costs nothing.</summary>
public readonly unsafe struct ObservedPaths<TPaths> : IPaths
    where TPaths : struct, IPaths
{
    public static bool IsObserved => true;

    public static bool IsChecked => TPaths.IsChecked;

    public static bool IsManual => TPaths.IsManual;

    public static nint Allocate(Mutator mutator, nint size, ulong header)
    {
        var target = TPaths.Allocate(mutator, size, header);
        mutator.Plan.Observer!.Allocated(target, size);
        return target;
    }

    public static void Write(Mutator mutator, nint source, nint* slot, nint value)
    {
        mutator.Plan.Observer!.Written(source, (nint)slot, *slot, value);
        TPaths.Write(mutator, source, slot, value);
    }

    public static nint Read(Mutator mutator, nint source, nint* slot)
    {
        var value = TPaths.Read(mutator, source, slot);
        mutator.Plan.Observer!.Read(source, (nint)slot, value);
        return value;
    }

    public static nint ReadWeak(Mutator mutator, nint source, nint* slot)
    {
        var value = TPaths.ReadWeak(mutator, source, slot);
        mutator.Plan.Observer!.Read(source, (nint)slot, value);
        return value;
    }

    public static void WriteRoot(Mutator mutator, nint* slot, nint value)
    {
        mutator.Plan.Observer!.RootWritten((nint)slot, *slot, value);
        TPaths.WriteRoot(mutator, slot, value);
    }

    public static void PopRoots(Mutator mutator, nint* from, nint* to)
    {
        for (var slot = from; slot < to; slot++)
        {
            mutator.Plan.Observer!.RootWritten((nint)slot, *slot, 0);
        }

        TPaths.PopRoots(mutator, from, to);
    }
}
