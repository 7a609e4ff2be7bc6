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

    public ref int Users(SwapEntry entry) => ref _users[Checked(entry)];

    /// <summary>None: no frame holds the page.</summary>
    public FrameNumber Cached(SwapEntry entry) => new(_cached[Checked(entry)] - 1);

    /// <summary>What is to be said of the page when it comes back.</summary>
    public ref PageArrival Arrival(SwapEntry entry) => ref _arrivals[Checked(entry)];

    /// <summary>Number of the group that the slot is charged to; 0: none.</summary>
    public ref uint Group(SwapEntry entry) => ref _groups[Checked(entry)];

    public void SetCached(SwapEntry entry, FrameNumber frame) => _cached[Checked(entry)] = frame.Value + 1;

    // Entries come from leaves and the page cache: data.
    private uint Checked(SwapEntry entry) =>
        entry.Slot - 1 < Count ? entry.Slot : throw new InvalidOperationException($"swap has no slot {entry.Slot}, only {Count}");

    public void Dispose()
    {
        NativeMemory.Free(_users);
        NativeMemory.Free(_cached);
        NativeMemory.Free(_arrivals);
        NativeMemory.Free(_groups);
    }
}
