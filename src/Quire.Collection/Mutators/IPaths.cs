namespace Quire.Collection;

/// <summary>How a plan hands out memory for an object: the fast path. A struct, so that it is compiled into the program.</summary>
public interface IAllocationPath
{
    /// <summary>Zeroed memory that begins with the header.</summary>
    /// <param name="mutator">Whose buffers are used.</param>
    /// <param name="size">Bytes with header, a multiple of eight, at most <see cref="Plan.LargestSmall"/>.</param>
    /// <param name="header">The new object's first word.</param>
    static abstract nint Allocate(Mutator mutator, nint size, ulong header);

    /// <summary>Whether programs are to say what is dead.</summary>
    static virtual bool IsManual => false;
}

/// <summary>What a plan does when references are read and written. A struct, so that it is compiled into the program; a plan overrides what it needs.</summary>
public unsafe interface IBarrier
{
    /// <summary>Stores a reference to a field of a heap object.</summary>
    static virtual void Write(Mutator mutator, nint source, nint* slot, nint value) => *slot = value;

    /// <summary>Loads a reference from a field of a heap object.</summary>
    static virtual nint Read(Mutator mutator, nint source, nint* slot) => *slot;

    /// <summary>Loads the reference of a weak object: from here on it is strong.</summary>
    static virtual nint ReadWeak(Mutator mutator, nint source, nint* slot) => *slot;

    /// <summary>Stores a reference to a frame or handle.</summary>
    static virtual void WriteRoot(Mutator mutator, nint* slot, nint value) => *slot = value;

    /// <summary>A frame's slots are about to go.</summary>
    static virtual void PopRoots(Mutator mutator, nint* from, nint* to)
    {
    }
}

/// <summary>All fast paths of a plan, or what watches or checks them.</summary>
public interface IPaths : IAllocationPath, IBarrier
{
    /// <summary>Whether the plan's observer is told of payload, too.</summary>
    static virtual bool IsObserved => false;

    /// <summary>Whether what the program passes is looked at first.</summary>
    static virtual bool IsChecked => false;
}

/// <summary>Plain loads and stores: what a collector needs that stops the program and traces everything.</summary>
public readonly struct NoBarrier : IBarrier;
