using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>
/// The nameless file behind a MAP_HUGETLB mapping: which of its pages are still reserved and, if it is shared, where its pages are. It goes when the last region
/// that maps it does.
/// </summary>
internal sealed class ReservedHugeMemory : IMappedFile
{
    private readonly Dictionary<ulong, FrameNumber> _shared = [];
    private readonly HashSet<ulong> _reserved = [];
    private int _references = 1;

    public ReservedHugeMemory(HugePagePool pool) => Pool = pool;

    public HugePagePool Pool { get; }

    public PageCache? Pages => null;

    public string Path => "/anon_hugepage (deleted)";

    /// <summary>As Linux's internal hugetlbfs mount shows: device 0:15.</summary>
    public ulong DeviceNumber => 15;

    public ulong InodeNumber => 1;

    public bool IsReadable => true;

    public bool IsWritable => true;

    /// <summary>False: the pool cannot promise so many pages.</summary>
    public bool TryReserve(ulong pages)
    {
        if (!Pool.TryReserve((long)pages))
        {
            return false;
        }

        for (ulong index = 0; index < pages; index++)
        {
            _reserved.Add(index);
        }

        return true;
    }

    /// <summary>Gives up what was promised for pages [first, end) of a private mapping.</summary>
    public void Abandon(ulong first, ulong end)
    {
        for (var index = first; index < end; index++)
        {
            Pool.CancelReservation(_reserved.Remove(index) ? 1 : 0);
        }
    }

    /// <summary>A page for a place in the memory, with one user. False: none was promised, and none is free.</summary>
    public bool TryTake(ulong index, out FrameNumber first)
    {
        if (!_reserved.Remove(index))
        {
            return Pool.TryTake(out first);
        }

        first = Pool.TakeReserved();
        return true;
    }

    /// <summary>None where nobody has touched the shared memory.</summary>
    public FrameNumber FindShared(ulong index) => _shared.GetValueOrDefault(index, FrameNumber.None);

    /// <summary>The memory is one of the page's users from now on.</summary>
    public void AddShared(ulong index, FrameNumber first) => _shared.Add(index, first);

    public IEnumerable<FrameNumber> SharedPages => _shared.Values;

    public void AddReference() => _references++;

    public void Release()
    {
        if (--_references > 0)
        {
            return;
        }

        Pool.CancelReservation(_reserved.Count);
        _reserved.Clear();
        foreach (var first in _shared.Values)
        {
            Pool.Release(first);
        }

        _shared.Clear();
    }
}
