using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// Marks what is reachable, in place: a mark bit beside the heap for each object, and a stack of those still to be scanned.
/// </summary>
internal unsafe struct Marker : ITracer
{
    private readonly HeapMemory _memory;
    private readonly AddressStack _grey;
    private readonly TypeDescriptor* _types;
    private readonly HeapObserver? _observer;
    private long _marked;

    public Marker(Plan plan, AddressStack grey)
    {
        _memory = plan.Memory;
        _grey = grey;
        _types = plan.Types.Table;
        _observer = plan.Observer;
    }

    /// <summary>Objects marked.</summary>
    public readonly long Marked => _marked;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Visit(nint* slot)
    {
        var target = *slot;
        if (target != 0 && _memory.TryMark(target))
        {
            _marked++;
            _observer?.Marked(target);
            _grey.Push(target);
        }
    }

    public readonly nint Resolve(nint target) => _memory.IsMarked(target) ? target : 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Drain()
    {
        var queue = default(PrefetchQueue);
        var position = 0;
        var waiting = 0;
        while (true)
        {
            nint next = 0;
            if (!_grey.IsEmpty)
            {
                next = _grey.Pop();
                waiting++;
            }
            else if (waiting == 0)
            {
                return;
            }

            var target = PrefetchQueue.Exchange(ref queue, ref position, next);
            if (target != 0)
            {
                waiting--;
                ObjectScan.Scan(target, TypeTable.DescriptorOf(_types, *(ulong*)target), ref this);
                _observer?.Scanned(target);
            }
        }
    }
}
