using Quire.Allocation;

namespace Quire.Kernel.Memory.Slabs;

/// <summary>
/// The slots of one kind of kernel object. The object itself is a C# object; the slot it holds charges its size to the machine's RAM, so that
/// kernel memory is bounded and reported.
/// </summary>
public sealed class KernelObjectCache
{
    private readonly SlabCache _cache;
    private readonly Func<int> _currentCpu;

    internal KernelObjectCache(SlabCache cache, Func<int> currentCpu)
    {
        _cache = cache;
        _currentCpu = currentCpu;
    }

    public string Name => _cache.Name;

    /// <summary>Bytes that each object takes.</summary>
    public int Size => _cache.Statistics.ObjectSize;

    public SlabStatistics Statistics => _cache.Statistics;

    /// <summary>False: no memory (ENOMEM).</summary>
    public bool TryTake(out SlabSlot slot) => _cache.TryAllocate(_currentCpu(), out slot);

    public void Return(SlabSlot slot) => _cache.Free(_currentCpu(), slot);

    /// <summary>Gives empty slabs back; the number of frames freed.</summary>
    internal int Shrink() => _cache.Shrink();

    /// <summary>The bytes of a slot, for objects that do live in frames.</summary>
    internal Span<byte> Bytes(SlabSlot slot) => _cache.Bytes(slot);
}
