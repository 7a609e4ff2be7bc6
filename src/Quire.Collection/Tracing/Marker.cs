using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Quire.Collection;

/// <summary>
/// Marks what is reachable, in place: a mark bit beside the heap for each object, and a stack of those still to be scanned. Objects taken from the
/// stack wait in a short queue while their first cache line comes from memory.
/// </summary>
/// <remarks>The queue: C.-Y. Cher, A. L. Hosking and T. N. Vijaykumar, Software Prefetching for Mark-Sweep Garbage Collection, ASPLOS 2004.</remarks>
internal unsafe struct Marker : ITracer
{
    private const int QueueLength = 16;

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
        var queue = stackalloc nint[QueueLength];
        new Span<nint>(queue, QueueLength).Clear();
        var position = 0;
        var waiting = 0;
        while (true)
        {
            nint next = 0;
            if (!_grey.IsEmpty)
            {
                next = _grey.Pop();
                waiting++;
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0((void*)next);
                }
            }
            else if (waiting == 0)
            {
                return;
            }

            var target = queue[position];
            queue[position] = next;
            position = (position + 1) & (QueueLength - 1);
            if (target != 0)
            {
                waiting--;
                ObjectScan.Scan(target, TypeTable.DescriptorOf(_types, *(ulong*)target), ref this);
                _observer?.Scanned(target);
            }
        }
    }
}
