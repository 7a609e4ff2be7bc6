using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>How a slot is brought up to date whose object was copied.</summary>
internal unsafe interface ISlotUpdate
{
    static abstract void Update(nint* slot, nint old, nint now);
}

/// <summary>The program stands still, and one thread alone scans an object.</summary>
internal readonly unsafe struct ExclusiveSlots : ISlotUpdate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Update(nint* slot, nint old, nint now) => *slot = now;
}

/// <summary>The program may write to the slot meanwhile: then what it has written stays.</summary>
internal readonly unsafe struct SharedSlots : ISlotUpdate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Update(nint* slot, nint old, nint now) => Interlocked.CompareExchange(ref *slot, now, old);
}

/// <summary>
/// Copies objects out of a space beside other threads that do the same: each copies to a buffer of its own, and whose copy's address gets into the old header first has copied the
/// object. Objects of other spaces are marked. Nobody writes to an object that is being copied.
/// </summary>
/// <remarks>
/// R. H. Halstead, Multilisp: A Language for Concurrent Symbolic Computation, TOPLAS 7(4), 1985, section 4, for copying by several threads with a part of the new space each; the header takes the place of
/// his lock bit. C. H. Flood, D. Detlefs, N. Shavit and X. Zhang, Parallel Garbage Collection for Shared Memory Multiprocessors, JVM 2001: the compare-and-swap of the forwarding pointer, and the
/// copy given back by who comes second.
/// </remarks>
internal unsafe struct SharedCopier<TSlots>(Plan plan, AddressRange from, CopyBuffer buffer, GreyPool pool, int number) : IWorkerTracer
    where TSlots : struct, ISlotUpdate
{
    private const int BetweenOffers = 64;

    private readonly HeapMemory _memory = plan.Memory;
    private readonly AddressRange _large = plan.Large.Range;
    private readonly TypeDescriptor* _types = plan.Types.Table;
    private readonly HeapObserver? _observer = plan.Observer;
    private readonly GreyPool.Worker _worker = pool[number];
    private readonly AddressStack _grey = pool[number].Grey;

    /// <summary>Objects copied or marked, and bytes copied.</summary>
    public long Marked { get; private set; }

    public long Copied { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Visit(nint* slot)
    {
        var target = Volatile.Read(ref *slot);
        if (from.Contains(target))
        {
            TSlots.Update(slot, target, Forward(target));
        }
        else if (_large.Contains(target))
        {
            Mark(target);
        }
    }

    /// <summary>Where the copy of an object is, which is made if nobody has.</summary>
    public nint Forward(nint target)
    {
        ref var place = ref *(ulong*)target;
        var header = Volatile.Read(ref place);
        if (ObjectHeader.IsForwarded(header))
        {
            return ObjectHeader.CopyOf(header);
        }

        var size = TypeTable.DescriptorOf(_types, header)->SizeOf(target);
        var copy = buffer.Place(size);
        ObjectCopy.Words(target, copy, size);
        *(ulong*)copy = ObjectHeader.Older(header);
        var seen = Interlocked.CompareExchange(ref place, ObjectHeader.ForwardTo(copy), header);
        if (seen != header)
        {
            buffer.Retract(copy, size);
            return ObjectHeader.CopyOf(seen);
        }

        Marked++;
        Copied += size;
        _observer?.Copied(target, copy, size);
        _grey.Push(copy);
        return copy;
    }

    /// <summary>Keeps an object that is not copied.</summary>
    public void Mark(nint target)
    {
        if (_memory.TryMarkShared(target))
        {
            Marked++;
            _observer?.Marked(target);
            _grey.Push(target);
        }
    }

    public readonly nint Resolve(nint target)
    {
        if (from.Contains(target))
        {
            var header = *(ulong*)target;
            return ObjectHeader.IsForwarded(header) ? ObjectHeader.CopyOf(header) : 0;
        }

        return !_large.Contains(target) || _memory.IsMarked(target) ? target : 0;
    }

    public void Drain()
    {
        pool.Begin(1);
        Work();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Work()
    {
        for (var scanned = 0; ;)
        {
            if (_grey.IsEmpty)
            {
                if (!pool.TryFind(_worker))
                {
                    return;
                }

                continue;
            }

            ScanNext();
            if (++scanned % BetweenOffers == 0)
            {
                _worker.Offer();
            }
        }
    }

    /// <summary>Looks at the grey object, or slice, that came last. There is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ScanNext()
    {
        var entry = _grey.Pop();
        GreyEntry.Scan(entry, _types, _grey, ref this);
        _observer?.Scanned(GreyEntry.ObjectOf(entry));
    }
}
