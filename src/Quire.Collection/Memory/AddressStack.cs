using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>A growing stack of addresses in native memory, charged to the heap: objects still to be scanned, remembered slots, tables of weak objects.</summary>
public sealed unsafe class AddressStack : IDisposable
{
    private const int FirstCapacity = 1024;

    private readonly HeapBudget _budget;
    private nint* _start;
    private nint* _top;
    private nint* _end;

    public AddressStack(HeapBudget budget)
    {
        _budget = budget;
        _start = (nint*)NativeMemory.Alloc(FirstCapacity, (nuint)sizeof(nint));
        _top = _start;
        _end = _start + FirstCapacity;
        _budget.Charge(CapacityBytes);
        PeakCount = 0;
    }

    ~AddressStack() => Free();

    public long Count => _top - _start;

    public bool IsEmpty => _top == _start;

    /// <summary>The most there were before the last <see cref="Clear"/> or growth.</summary>
    public long PeakCount { get; private set; }

    public long CapacityBytes => (byte*)_end - (byte*)_start;

    public ref nint this[long index] => ref _start[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(nint address)
    {
        if (_top == _end)
        {
            Grow();
        }

        *_top++ = address;
    }

    /// <summary>The stack must not be empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Pop() => *--_top;

    public void Clear()
    {
        PeakCount = Math.Max(PeakCount, Count);
        _top = _start;
    }

    /// <summary>Keeps the first so many.</summary>
    public void Truncate(long count)
    {
        PeakCount = Math.Max(PeakCount, Count);
        _top = _start + count;
    }

    /// <summary>Moves so many of those that were pushed first to another stack. Those that stay change their order.</summary>
    public void MoveOldest(long count, AddressStack to)
    {
        for (var i = 0L; i < count; i++)
        {
            to.Push(_start[i]);
        }

        var moved = Math.Min(count, Count - count);
        for (var i = 0L; i < moved; i++)
        {
            _start[i] = *--_top;
        }

        _top -= count - moved;
    }

    public void Dispose()
    {
        _budget.Release(CapacityBytes);
        Free();
        GC.SuppressFinalize(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var count = Count;
        PeakCount = Math.Max(PeakCount, count);
        _budget.Charge(CapacityBytes);
        _start = (nint*)NativeMemory.Realloc(_start, (nuint)(2 * CapacityBytes));
        _top = _start + count;
        _end = _start + (2 * count);
    }

    private void Free()
    {
        NativeMemory.Free(_start);
        _start = _top = _end = null;
    }
}
