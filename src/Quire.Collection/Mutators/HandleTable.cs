using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>A root of its own, outside of every frame.</summary>
public readonly record struct Handle(int Index);

/// <summary>Handles: globals and references that programs keep for long. Blocks of slots that never move, charged to the heap.</summary>
public sealed unsafe class HandleTable(HeapBudget budget) : IDisposable
{
    private const int SlotsOfBlock = 512;

    private readonly List<nint> _blocks = [];
    private readonly Stack<int> _free = [];
    private readonly Lock _lock = new();
    private int _used;

    ~HandleTable() => Dispose();

    public int Count => _used - _free.Count;

    public long MetadataBytes => (long)_blocks.Count * SlotsOfBlock * sizeof(nint);

    public Handle Create()
    {
        lock (_lock)
        {
            if (_free.TryPop(out var index))
            {
                return new Handle(index);
            }

            if (_used == _blocks.Count * SlotsOfBlock)
            {
                _blocks.Add((nint)NativeMemory.AllocZeroed(SlotsOfBlock, (nuint)sizeof(nint)));
                budget.Charge(SlotsOfBlock * sizeof(nint));
            }

            return new Handle(_used++);
        }
    }

    public void Free(Handle handle)
    {
        lock (_lock)
        {
            *SlotOf(handle) = 0;
            _free.Push(handle.Index);
        }
    }

    public nint* SlotOf(Handle handle) => handle.Index >= 0 && handle.Index < _used
        ? (nint*)_blocks[handle.Index / SlotsOfBlock] + (handle.Index % SlotsOfBlock)
        : throw new ArgumentOutOfRangeException(nameof(handle), $"There is no handle {handle.Index}.");

    internal void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct
    {
        for (var index = 0; index < _used; index++)
        {
            visitor.Visit((nint*)_blocks[index / SlotsOfBlock] + (index % SlotsOfBlock));
        }
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
        {
            NativeMemory.Free((void*)block);
        }

        budget.Release(MetadataBytes);
        _blocks.Clear();
        GC.SuppressFinalize(this);
    }
}
