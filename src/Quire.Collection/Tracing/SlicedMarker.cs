using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>Marking that can stop after any amount of work: long arrays are looked at in slices.</summary>
internal sealed unsafe class SlicedMarker : IDisposable
{
    private const long SliceBytes = 16 << 10;

    private readonly AddressStack _slices;
    private readonly Plan _plan;
    public SharedTracer Tracer;

    public SlicedMarker(Plan plan, AddressStack grey)
    {
        _plan = plan;
        _slices = new AddressStack(plan.Budget);
        Tracer = new SharedTracer(this, plan, grey);
    }

    public bool IsDone => Tracer.Grey.IsEmpty && _slices.IsEmpty;

    /// <summary>Of this cycle.</summary>
    public long Marked => Tracer.Marked;

    public long Bytes { get; private set; }

    /// <summary>What <see cref="Work"/> has done in this cycle, as it counts.</summary>
    public long Done { get; private set; }

    public void Begin()
    {
        Bytes = 0;
        Done = 0;
        Tracer.Marked = 0;
        Tracer.Grey.Clear();
        _slices.Clear();
    }

    public void VisitRoots() => _plan.VisitRoots(ref Tracer);

    public void Shade(nint target) => Tracer.Mark(target);

    /// <summary>Looks at objects until so many bytes of them have been looked at, or nothing is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Work(long bytes)
    {
        var left = bytes;
        while (left > 0 && !IsDone)
        {
            left -= _slices.IsEmpty ? Scan(Tracer.Grey.Pop()) : ScanSlice();
        }

        Done += bytes - left;
    }

    public void Dispose() => _slices.Dispose();

    // An object costs more than its bytes: finding it does.
    private long Scan(nint target)
    {
        var descriptor = TypeTable.DescriptorOf(_plan.Types.Table, *(ulong*)target);
        var size = descriptor->SizeOf(target);
        Bytes += size;
        if (descriptor->Shape == ObjectShape.ReferenceArray && size > SliceBytes)
        {
            _slices.Push(target + descriptor->First);
            _slices.Push(target + descriptor->First + (nint)(*(long*)(target + ObjectHeader.Bytes) * 8));
            return 64;
        }

        ObjectScan.Scan(target, descriptor, ref Tracer);
        _plan.Observer?.Scanned(target);
        return 64 + (descriptor->Shape is ObjectShape.Data or ObjectShape.DataArray ? 0 : size);
    }

    private long ScanSlice()
    {
        var end = _slices.Pop();
        var slot = _slices.Pop();
        var stop = Math.Min(end, slot + (nint)SliceBytes);
        if (stop < end)
        {
            _slices.Push(stop);
            _slices.Push(end);
        }

        var work = 2 * (stop - slot);
        for (; slot < stop; slot += 8)
        {
            Tracer.Visit((nint*)slot);
        }

        return work;
    }
}

/// <summary>Marks objects and puts them on a stack; other threads may set marks at the same time.</summary>
internal struct SharedTracer(SlicedMarker marker, Plan plan, AddressStack grey) : ITracer
{
    private readonly HeapMemory _memory = plan.Memory;

    public readonly AddressStack Grey => grey;

    public long Marked { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Visit(nint* slot)
    {
        var target = Volatile.Read(ref *slot);
        if (target != 0)
        {
            Mark(target);
        }
    }

    public readonly nint Resolve(nint target) => _memory.IsMarked(target) ? target : 0;

    public readonly void Drain() => marker.Work(long.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mark(nint target)
    {
        if (_memory.TryMarkShared(target))
        {
            Marked++;
            plan.Observer?.Marked(target);
            grey.Push(target);
        }
    }
}
