using Quire.Allocation;

namespace Quire.Kernel.Memory.Slabs;

/// <summary>Kernel memory that things of varying number and length take, in slots of one size: names, locks, tables. Never more bytes than slots.</summary>
public sealed class KernelCharge(KernelObjectCache cache)
{
    private readonly Stack<SlabSlot> _slots = [];
    private long _bytes;

    /// <summary>False, and nothing is charged: no memory.</summary>
    public bool TryAdd(long bytes)
    {
        var before = _slots.Count;
        while ((long)_slots.Count * cache.Size < _bytes + bytes)
        {
            if (!cache.TryTake(out var slot))
            {
                ReturnDownTo(before);
                return false;
            }

            _slots.Push(slot);
        }

        _bytes += bytes;
        return true;
    }

    public void Remove(long bytes)
    {
        _bytes -= bytes;
        ReturnDownTo((int)((_bytes + cache.Size - 1) / cache.Size));
    }

    public void Clear() => Remove(_bytes);

    private void ReturnDownTo(int count)
    {
        while (_slots.Count > count)
        {
            cache.Return(_slots.Pop());
        }
    }
}
