using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>
/// Huge pages of one size that are set aside for MAP_HUGETLB (mm/hugetlb.c of Linux): never reclaimed, split, merged or moved. A mapping reserves what it may need
/// when it is made, so that faults later do not fail.
/// </summary>
public sealed unsafe class HugePagePool
{
    private readonly KernelMemory _memory;
    private readonly Stack<FrameNumber> _free = [];

    // Leaves and shared memory that name a page in use.
    private readonly Dictionary<FrameNumber, int> _users = [];

    internal HugePagePool(KernelMemory memory, PageSize size)
    {
        _memory = memory;
        Size = size;
    }

    public PageSize Size { get; }

    /// <summary>HugePages_Total.</summary>
    public long Total => _free.Count + _users.Count;

    /// <summary>HugePages_Free.</summary>
    public long Free => _free.Count;

    /// <summary>HugePages_Rsvd: free pages that are promised.</summary>
    public long Reserved { get; private set; }

    private int Order => Size.Shift - Page.Shift;

    internal IReadOnlyDictionary<FrameNumber, int> Users => _users;

    /// <summary>Makes the pool as near to a size as it can be: it grows while frames can be had, and shrinks by what is free and not promised.</summary>
    public void Resize(long pages)
    {
        while (Total < pages && TryGrow())
        {
        }

        while (Total > pages && Free > Reserved)
        {
            var first = _free.Pop();
            for (uint i = 0; i < 1u << Order; i++)
            {
                _memory.Frames.Release(first + i);
            }
        }
    }

    /// <summary>Promises free pages. False: there are not so many.</summary>
    internal bool TryReserve(long pages)
    {
        if (Free - Reserved < pages)
        {
            return false;
        }

        Reserved += pages;
        return true;
    }

    internal void CancelReservation(long pages) => Reserved -= pages;

    /// <summary>A page for the user who had it reserved.</summary>
    internal FrameNumber TakeReserved()
    {
        Reserved--;
        return Take();
    }

    /// <summary>A page that is promised to nobody. False: there is none.</summary>
    internal bool TryTake(out FrameNumber first)
    {
        var isFree = Free > Reserved;
        first = isFree ? Take() : FrameNumber.None;
        return isFree;
    }

    internal void AddUser(FrameNumber first) => _users[first]++;

    internal bool HasOneUser(FrameNumber first) => _users[first] == 1;

    /// <summary>One user less; the page is free with the last.</summary>
    internal void Release(FrameNumber first)
    {
        if (--_users[first] == 0)
        {
            _users.Remove(first);
            _free.Push(first);
        }
    }

    internal Span<byte> Bytes(FrameNumber first) => new(_memory.Physical.Pointer(first), (int)Size.Bytes);

    private FrameNumber Take()
    {
        var first = _free.Pop();
        _users[first] = 1;
        return first;
    }

    private bool TryGrow()
    {
        var frames = _memory.Frames;
        if (!frames.TryAllocateBlock(FrameUse.HugePage, Order, out var first)
            && !(Order <= Zone.MaxOrder && _memory.Compactor.TryMakeRoom(Order) && frames.TryAllocateBlock(FrameUse.HugePage, Order, out first)))
        {
            return false;
        }

        _free.Push(first);
        return true;
    }
}
