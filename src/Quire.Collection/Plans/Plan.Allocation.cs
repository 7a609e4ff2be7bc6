namespace Quire.Collection;

/// <summary>The slow paths of allocation: refill, collect, refill, give up; and the two ways in which plans refill, from a contiguous space and from cells.</summary>
public abstract unsafe partial class Plan
{
    /// <summary>What a mutator bump allocates into at a time: few enough bytes that they are in the cache, zeroed, when it gets to them.</summary>
    private protected const nint BufferBytes = 32 << 10;

    /// <summary>What the fast paths of allocation call when a buffer is used up.</summary>
    internal nint AllocateSlowly(Mutator mutator, nint size)
    {
        _cancellation.ThrowIfCancellationRequested();
        _world.Enter();
        try
        {
            return AllocateAlone(mutator, size);
        }
        finally
        {
            _world.Leave();
        }
    }

    private nint AllocateAlone(Mutator mutator, nint size)
    {
        var target = TryAllocate(mutator, size);
        if (target == 0)
        {
            var kind = FirstKind;
            Collect(kind, CollectionCause.AllocationFailure);
            target = TryAllocate(mutator, size);
            if (target == 0 && kind != CollectionKind.Full)
            {
                Collect(CollectionKind.Full, CollectionCause.LastResort);
                target = TryAllocate(mutator, size);
            }
        }

        return target != 0 ? target : throw Exhausted(size);
    }

    internal nint AllocateLarge(Mutator mutator, long size, ulong header)
    {
        Require(PlanFeatures.LargeObjects, "large objects");
        _cancellation.ThrowIfCancellationRequested();
        _world.Enter();
        try
        {
            return AllocateLargeAlone(mutator, size, header);
        }
        finally
        {
            _world.Leave();
        }
    }

    /// <summary>A large object has its memory and its header.</summary>
    private protected virtual void LargeBorn(nint target)
    {
    }

    private nint AllocateLargeAlone(Mutator mutator, long size, ulong header)
    {
        var target = TryAllocateLarge(mutator, size);
        if (target == 0)
        {
            Collect(FirstKind, CollectionCause.AllocationFailure);
            target = TryAllocateLarge(mutator, size);
            if (target == 0)
            {
                Collect(CollectionKind.Full, CollectionCause.LastResort);
                target = TryAllocateLarge(mutator, size);
            }
        }

        if (target == 0)
        {
            throw Exhausted(size);
        }

        *(ulong*)target = header;
        LargeBorn(target);
        Observer?.Allocated(target, (nint)size);
        return target;
    }

    /// <summary>Refills the mutator's buffer and takes an object from it; 0 when it is time to collect.</summary>
    private protected abstract nint TryAllocate(Mutator mutator, nint size);

    /// <summary>A large object; 0 when it is time to collect.</summary>
    private protected virtual nint TryAllocateLarge(Mutator mutator, long size) => Large.TryAllocate(size);

    /// <summary>What kind of collection is made first when no memory is left.</summary>
    private protected virtual CollectionKind KindWhenFull => CollectionKind.Full;

    private CollectionKind FirstKind => Barriers == BarrierUse.Needed ? KindWhenFull : CollectionKind.Full;

    /// <summary>Counts what a mutator has allocated from its buffer and takes the buffer away.</summary>
    private protected void RetireBuffer(Mutator mutator)
    {
        SmallAllocated += mutator.Cursor - mutator.BufferStart;
        mutator.Cursor = mutator.Limit = mutator.BufferStart = 0;
    }

    private protected HeapExhaustedException Exhausted(long asked) => new(Descriptor.Name, Budget.Limit, LiveBytes, asked);

    private protected void RetireBuffers()
    {
        foreach (var mutator in Mutators)
        {
            RetireBuffer(mutator);
        }
    }

    /// <summary>Gives a mutator a buffer of <see cref="BufferBytes"/> and takes an object from it; 0 when there is none. One right behind the last one continues it.</summary>
    private protected nint AllocateInBuffer(Mutator mutator, nint start, nint size)
    {
        if (start == 0)
        {
            return 0;
        }

        if (start != mutator.Limit)
        {
            RetireBuffer(mutator);
            mutator.Cursor = mutator.BufferStart = start;
        }

        mutator.Limit = start + BufferBytes;
        var target = mutator.Cursor;
        mutator.Cursor += size;
        return target;
    }

    /// <summary>Gives a mutator the next range of free cells of an object's size and takes the first; 0 when there is none.</summary>
    private protected nint AllocateInCells(Mutator mutator, CellSpace cells, nint size)
    {
        var sizeClass = CellSizes.ClassOfWords[size >> 3];
        ref var range = ref mutator.Ranges[sizeClass];
        SmallAllocated += CellSpace.Retire(ref range);
        if (!cells.TryRefill(ref range, sizeClass, Observer))
        {
            return 0;
        }

        var target = range.Cursor;
        range.Cursor += range.CellSize;
        return target;
    }

    private protected void RetireCells()
    {
        foreach (var mutator in Mutators)
        {
            SmallAllocated += CellSpace.RetireAll(mutator.Ranges);
        }
    }
}
