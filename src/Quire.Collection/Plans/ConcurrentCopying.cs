using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Copying between two halves on a thread of its own while the program runs. The program sees new places only: a read barrier looks at each reference that is loaded and
/// copies the object itself if the collector has not yet. Two short pauses: the flip with the roots, and the end.
/// </summary>
/// <remarks>
/// H. G. Baker, List Processing in Real Time on a Serial Computer, Communications of the ACM 21(4), 1978: _to and _from are his tospace and fromspace, Flip his FLIP, Forward his MOVE, CopyBesideTheProgram what his CONS does
/// K times, ReadBarrier what his CAR and CDR do. Differs: a second thread scans instead of each allocation, and new objects lie among the copies instead of at the other end; who copies first is settled in the old header, see
/// <see cref="SharedCopier{TSlots}"/>. Nobody writes to an old place, as nobody but the two copying threads sees one, so that copies need no second look. Objects born meanwhile are black: they hold new places only.
/// Room for everything that may yet be copied is kept free of new objects.
/// </remarks>
public sealed unsafe class ConcurrentCopying : Plan
{
    private const long WorkBetweenLooks = 32 << 10;
    private const int EntriesBetweenLooks = 256;

    // What buffers of copies may throw away, as a share of the copies.
    private const int Waste = 16;

    private readonly double _trigger;
    private readonly CollectorThread _thread;
    private readonly Lock _extending = new();

    // Grey objects of the collector's thread, and those that the program's threads have copied.
    private readonly GreyPool _grey;
    private readonly GreyPool _greyOfBarrier;
    private readonly Lock _barrier = new();

    // Held by the collector's thread while it works: a pause waits for it.
    private readonly object _work = new();
    private bool _isPaused;

    private ContiguousSpace _from;
    private ContiguousSpace _to;
    private CopyBuffer _copies;
    private CopyBuffer _copiesOfBarrier;
    private SharedCopier<SharedSlots> _collector;
    private SharedCopier<SharedSlots> _program;
    private long _newBytes;
    private long _chargedAtEnd;
    private volatile bool _isCopying;
    private volatile bool _isIdle;

    private ConcurrentCopying(PlanSetup setup)
        : base(Definition, setup, addresses: 2)
    {
        _to = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _from = new ContiguousSpace(Memory, (nint)setup.HeapLimit, CopyReserve.Same);
        _copies = new CopyBuffer(_to, _extending);
        _copiesOfBarrier = new CopyBuffer(_to, _extending);
        _grey = new GreyPool(1, Budget);
        _greyOfBarrier = new GreyPool(1, Budget);
        _trigger = setup.Parameters.Share("trigger", 0.4);
        _thread = new CollectorThread("copier", setup.Clock);
    }

    /// <summary>Whether a cycle is under way.</summary>
    public bool IsCopying => _isCopying;

    public static PlanDescriptor Definition { get; } = new(
        "concurrent-copying",
        "copying on a second thread, with a read barrier (Baker)",
        PlanFeatures.WeakReferences | PlanFeatures.Finalisers | PlanFeatures.LargeObjects | PlanFeatures.Cycles | PlanFeatures.Moving | PlanFeatures.Exact | PlanFeatures.Threads,
        [new("trigger", "40%", "share of the heap that is left when copying begins")],
        setup => new ConcurrentCopying(setup));

    public override void Dispose()
    {
        StopThread();
        _thread.Dispose();
        _grey.Dispose();
        _greyOfBarrier.Dispose();
        base.Dispose();
    }

    internal override bool MayHold(nint target) => _to.Holds(target) || (_isCopying && _from.Holds(target)) || Large.Range.Contains(target);

    internal override nint PlaceOf(nint target) => _isCopying ? _collector.Resolve(target) is var place && place != 0 ? place : target : target;

    private protected override Mutator CreateMutator() => Mutator.Create<Paths<BumpAllocation, ReadBarrier>>(this);

    private protected override void Prepare(Mutator mutator) => Watch(mutator);

    private protected override CollectionKind KindWhenFull => _isCopying ? CollectionKind.Finish : CollectionKind.Full;

    private protected override nint TryAllocate(Mutator mutator, nint size)
    {
        Pace(BufferBytes);
        nint start;
        lock (_extending)
        {
            start = HasRoomFor(BufferBytes) ? _to.TryExtend(BufferBytes) : 0;
        }

        return AllocateInBuffer(mutator, start, size);
    }

    private protected override nint TryAllocateLarge(Mutator mutator, long size)
    {
        Pace(size);
        var target = base.TryAllocateLarge(mutator, size);
        if (target != 0 && _isCopying)
        {
            Memory.TryMarkShared(target);
        }

        return target;
    }

    private protected override void BeforePause()
    {
        lock (_work)
        {
            _isPaused = true;
        }
    }

    private protected override void AfterPause()
    {
        lock (_work)
        {
            _isPaused = false;
            Monitor.PulseAll(_work);
        }
    }

    private protected override CollectionKind CollectNow(CollectionKind kind, CollectionCause cause)
    {
        switch (kind)
        {
            case CollectionKind.Start:
                Flip();
                _isIdle = false;
                _thread.Begin(CopyBesideTheProgram);
                return kind;
            case CollectionKind.Finish when _isCopying:
                End();
                return kind;
            default:
                if (_isCopying)
                {
                    End();
                }

                // What died since that cycle began may still be there.
                Flip();
                End();
                return CollectionKind.Full;
        }
    }

    private protected override void ForEachSmallObject(Action<nint> visit)
    {
        _to.ForEachObject(this, visit);
        if (_isCopying)
        {
            // Whose place is new has been visited there.
            _from.ForEachUnmoved(this, visit);
        }
    }

    private void Pace(long size)
    {
        if (_isCopying)
        {
            if (_isIdle)
            {
                Collect(CollectionKind.Finish, CollectionCause.Occupancy);
            }
        }
        else if (Barriers == BarrierUse.Needed && Budget.Left - size < (long)(_trigger * Budget.Limit) && Budget.Charged > _chargedAtEnd + (Budget.Limit / 64))
        {
            Collect(CollectionKind.Start, CollectionCause.Occupancy);
        }
    }

    // All of the old space may yet be copied, with what buffers throw away.
    private bool HasRoomFor(nint bytes)
    {
        if (!_isCopying)
        {
            return true;
        }

        if (!_to.TryReserve((nint)(_newBytes + bytes + _from.Used + (_from.Used / Waste))))
        {
            return false;
        }

        _newBytes += bytes;
        return true;
    }

    private void Flip()
    {
        RetireBuffers();
        (_from, _to) = (_to, _from);
        _to.Receive(_from);
        _newBytes = 0;
        _copies = new CopyBuffer(_to, _extending);
        _copiesOfBarrier = new CopyBuffer(_to, _extending);
        _collector = new SharedCopier<SharedSlots>(this, _from.Range, _copies, _grey, 0);
        _program = new SharedCopier<SharedSlots>(this, _from.Range, _copiesOfBarrier, _greyOfBarrier, 0);
        _isCopying = true;
        foreach (var mutator in Mutators)
        {
            Watch(mutator);
        }

        VisitRoots(ref _collector);
    }

    private void End()
    {
        FinishWork();
        FinishTracing(ref _collector);
        _copies.Retire();
        _copiesOfBarrier.Retire();
        _isCopying = false;
        foreach (var mutator in Mutators)
        {
            Watch(mutator);
        }

        _to.Settle(_to.Top);
        Observer?.Freed(_from.Range.Start, _from.Used);
        if (Checker is not null)
        {
            HeapChecker.Overwrite(_from.Range.Start, _from.Used);
        }

        _from.Empty();
        Large.Sweep(0, Observer);
        Log.Copied += _collector.Copied + _program.Copied;
        Log.Marked += _collector.Marked + _program.Marked;
        LiveBytes = _collector.Copied + _program.Copied + Large.Bytes;
        _chargedAtEnd = Budget.Charged;
    }

    // The thread waits at the gate, or is done: the rest is done here.
    private void FinishWork()
    {
        StopThread();
        Log.ConcurrentProcessor = _thread.ProcessorNanoseconds;
        do
        {
            _collector.Drain();
        }
        while (TakeFromProgram());
    }

    private void StopThread()
    {
        lock (_work)
        {
            _isIdle = true;
            Monitor.PulseAll(_work);
        }

        _thread.Join();
    }

    private void CopyBesideTheProgram()
    {
        while (!_isIdle)
        {
            lock (_work)
            {
                while (_isPaused && !_isIdle)
                {
                    Monitor.Wait(_work);
                }

                if (!_isIdle)
                {
                    CopySome();
                }
            }
        }
    }

    private void CopySome()
    {
        var grey = _grey[0].Grey;
        var end = _collector.Copied + WorkBetweenLooks;
        for (var i = 0; i < EntriesBetweenLooks && !grey.IsEmpty && _collector.Copied < end; i++)
        {
            _collector.ScanNext();
        }

        if (grey.IsEmpty && !TakeFromProgram())
        {
            _isIdle = true;
        }
    }

    private bool TakeFromProgram()
    {
        lock (_barrier)
        {
            var copied = _greyOfBarrier[0].Grey;
            var hasMore = !copied.IsEmpty;
            copied.MoveOldest(copied.Count, _grey[0].Grey);
            return hasMore;
        }
    }

    // Everything that does not lie in the new space is looked at while copying goes on; no address is so far from the space otherwise.
    private void Watch(Mutator mutator)
    {
        mutator.WatchedStart = _to.Range.Start;
        mutator.WatchedLength = _isCopying ? _to.Range.Length : -1;
    }

    private nint Look(nint* slot, nint value)
    {
        lock (_barrier)
        {
            if (Large.Range.Contains(value))
            {
                _program.Mark(value);
                return value;
            }

            var place = _program.Forward(value);
            Interlocked.CompareExchange(ref *slot, place, value);
            return place;
        }
    }

    /// <summary>What is loaded is brought to the new space first; the slot is corrected, so that it is looked at once.</summary>
    private readonly struct ReadBarrier : IBarrier
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Read(Mutator mutator, nint source, nint* slot)
        {
            var value = *slot;
            return (nuint)(value - mutator.WatchedStart) < (nuint)mutator.WatchedLength ? value : LookAt(mutator, slot, value);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint ReadWeak(Mutator mutator, nint source, nint* slot) => Read(mutator, source, slot);

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static nint LookAt(Mutator mutator, nint* slot, nint value) => value == 0 ? 0 : ((ConcurrentCopying)mutator.Plan).Look(slot, value);
    }
}
