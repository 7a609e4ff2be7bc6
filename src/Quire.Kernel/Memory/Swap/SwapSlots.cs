using System.Runtime.InteropServices;
using Quire.Kernel.Memory.Reclaim;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap;

/// <summary>
/// Who needs each slot of the swap space: how many leaves and page-cache places name it (Linux's swap_map), and which frame holds the same page
/// (Linux's swap cache). A slot is taken while either is there.
/// </summary>
internal sealed unsafe class SwapSlots : IDisposable
{
    private readonly int* _users;
    private readonly uint* _cached;
    private readonly PageArrival* _arrivals;
    private readonly uint* _groups;

    public SwapSlots(uint count)
    {
        Count = count;

        // Slots start at 1.
        _users = (int*)NativeMemory.AllocZeroed((nuint)count + 1, sizeof(int));
        _cached = (uint*)NativeMemory.AllocZeroed((nuint)count + 1, sizeof(uint));
        _groups = (uint*)NativeMemory.AllocZeroed((nuint)count + 1, sizeof(uint));
        _arrivals = (PageArrival*)NativeMemory.AllocZeroed((nuint)count + 1, (nuint)sizeof(PageArrival));
    }

    public uint Count { get; }

    public ref int Users(SwapEntry entry)
    {
        System.Diagnostics.Debug.Assert(entry.Slot - 1 < Count, "no such slot");
        return ref _users[entry.Slot];
    }

    /// <summary>None: no frame holds the page.</summary>
    public FrameNumber Cached(SwapEntry entry) => new(_cached[entry.Slot] - 1);

    /// <summary>What is to be said of the page when it comes back.</summary>
    public ref PageArrival Arrival(SwapEntry entry) => ref _arrivals[entry.Slot];

    /// <summary>Number of the group that the slot is charged to; 0: none.</summary>
    public ref uint Group(SwapEntry entry) => ref _groups[entry.Slot];

    public void SetCached(SwapEntry entry, FrameNumber frame) => _cached[entry.Slot] = frame.Value + 1;

    public void Dispose()
    {
        NativeMemory.Free(_users);
        NativeMemory.Free(_cached);
        NativeMemory.Free(_arrivals);
        NativeMemory.Free(_groups);
    }
}
