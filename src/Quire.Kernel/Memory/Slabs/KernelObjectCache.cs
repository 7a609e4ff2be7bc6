using Quire.Allocation;
using Quire.Kernel.Memory.Groups;

namespace Quire.Kernel.Memory.Slabs;

/// <summary>
/// The slots of one kind of kernel object. The object itself is a C# object; the slot it holds charges its size to the machine's RAM, so that
/// kernel memory is bounded and reported, and to the control group that the kernel worked for when it was taken.
/// </summary>
public sealed class KernelObjectCache
{
    private readonly SlabCaches _caches;
    private readonly SlabCache _cache;
    private readonly KernelMemoryKind _kind;

    // Accounts of charged slots by slab and place in it; 0 for none. Null until the first is charged.
    private uint[]?[]? _accounts;

    internal KernelObjectCache(SlabCaches caches, SlabCache cache, KernelMemoryKind kind)
    {
        _caches = caches;
        _cache = cache;
        _kind = kind;
        Size = cache.Statistics.ObjectSize;
    }

    public string Name => _cache.Name;

    /// <summary>Bytes that each object takes.</summary>
    public int Size { get; }

    /// <summary>Under which line of memory.stat its objects are charged.</summary>
    internal KernelMemoryKind Kind => _kind;

    public SlabStatistics Statistics => _cache.Statistics;

    /// <summary>False: no memory (ENOMEM).</summary>
    public bool TryTake(out SlabSlot slot) =>
        _caches.Groups is { Current.IsRoot: false } groups ? TryTakeCharged(groups, out slot) : _cache.TryAllocate(_caches.CurrentCpu, out slot);

    public void Return(SlabSlot slot)
    {
        if (_accounts is not null && slot.Slab < _accounts.Length && _accounts[slot.Slab] is { } slab && slab[slot.Object] is var account and not 0)
        {
            slab[slot.Object] = 0;
            _caches.Groups!.UnchargeKernel(account, Size, _kind);
        }

        _cache.Free(_caches.CurrentCpu, slot);
    }

    /// <summary>Gives empty slabs back; the number of frames freed.</summary>
    internal int Shrink() => _cache.Shrink();

    /// <summary>The bytes of a slot, for objects that do live in frames.</summary>
    internal Span<byte> Bytes(SlabSlot slot) => _cache.Bytes(slot);

    private bool TryTakeCharged(MemoryGroups groups, out SlabSlot slot)
    {
        if (!groups.TryMakeRoom(Size) || !_cache.TryAllocate(_caches.CurrentCpu, out slot))
        {
            slot = SlabSlot.None;
            return false;
        }

        if (_accounts is null || slot.Slab >= _accounts.Length)
        {
            Array.Resize(ref _accounts, Math.Max(slot.Slab + 1, 2 * (_accounts?.Length ?? 0)));
        }

        (_accounts[slot.Slab] ??= new uint[_cache.ObjectsPerSlab])[slot.Object] = groups.ChargeKernel(Size, _kind);
        return true;
    }
}
