namespace Quire.Collection;

/// <summary>
/// Told of everything that happens in a heap, by whoever wants to draw, log, step, count or page it. All of it does nothing until overridden. Addresses are
/// those of headers, sizes bytes with headers; what is called within a pause comes from the collector, the rest from the mutator.
/// A concurrent plan calls from its collector's thread, too.
/// </summary>
public abstract class HeapObserver
{
    /// <summary>The heap is built; its programs have not started.</summary>
    public virtual void Attached(Plan plan)
    {
    }

    public virtual void Allocated(nint target, nint size)
    {
    }

    /// <summary>A reference field was read by the program.</summary>
    public virtual void Read(nint source, nint slot, nint value)
    {
    }

    /// <summary>A reference field is about to be written by the program.</summary>
    public virtual void Written(nint source, nint slot, nint old, nint value)
    {
    }

    /// <summary>A frame's or handle's slot is about to be written, or goes with its frame (then the value is 0).</summary>
    public virtual void RootWritten(nint slot, nint old, nint value)
    {
    }

    /// <summary>Words of payload without references are read or written by the program.</summary>
    public virtual void PayloadTouched(nint address, nint bytes, bool isWrite)
    {
    }

    public virtual void PauseBegan(CollectionKind kind, CollectionCause cause)
    {
    }

    public virtual void PauseEnded(in Pause pause)
    {
    }

    /// <summary>A root is looked at by the collector.</summary>
    public virtual void RootVisited(nint slot, nint value)
    {
    }

    /// <summary>An object was found reachable and is grey from now on.</summary>
    public virtual void Marked(nint target)
    {
    }

    /// <summary>All references of an object have been looked at: it is black.</summary>
    public virtual void Scanned(nint target)
    {
    }

    public virtual void Copied(nint from, nint to, nint size)
    {
    }

    /// <summary>A copy went to an older generation.</summary>
    public virtual void Promoted(nint from, nint to, nint size)
    {
    }

    /// <summary>An object, or a range of dead objects, is free memory from now on.</summary>
    public virtual void Freed(nint start, nint bytes)
    {
    }

    /// <summary>A reference count changed to this value.</summary>
    public virtual void Counted(nint target, int count)
    {
    }

    /// <summary>Bookkeeping beside the heap was read or written: mark bits, cards, buffers.</summary>
    public virtual void MetadataTouched(nint address, nint bytes, bool isWrite)
    {
    }
}
