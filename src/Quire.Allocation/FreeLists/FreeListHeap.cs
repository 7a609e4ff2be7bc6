namespace Quire.Allocation;

/// <summary>
/// The textbook's free list: one list of holes in a chosen order, searched from its head, joined only when asked. What becomes of the
/// memory depends on the order, which the disciplines of <see cref="FitAllocator"/> do not have: theirs always join.
/// </summary>
/// <remarks>Source: Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", chapter 17 (Free-Space Management), and the rules of its exercises.</remarks>
public sealed class FreeListHeap
{
    private readonly FreeListOptions _options;
    private readonly List<FreeListEntry> _free;
    private readonly Dictionary<long, long> _taken = [];

    public FreeListHeap(FreeListOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Memory);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Header);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Alignment);
        if (options.Policy == FitPolicy.Next)
        {
            throw new ArgumentException("a free list that changes its order has no place where next fit could go on");
        }

        _options = options;
        _free = [new FreeListEntry(options.Base, options.Memory)];
    }

    /// <summary>The holes in the order of the list.</summary>
    public IReadOnlyList<FreeListEntry> Free => _free;

    /// <summary>Address of a block, header included, or null when no hole will do; and how many entries of the list were looked at.</summary>
    public long? Allocate(long size, out int searched)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var needed = ((size + _options.Alignment - 1) / _options.Alignment * _options.Alignment) + _options.Header;
        var chosen = -1;
        for (searched = 0; searched < _free.Count && !(chosen >= 0 && _options.Policy == FitPolicy.First);)
        {
            var length = _free[searched].Size;
            if (length >= needed && (chosen < 0 || (_options.Policy == FitPolicy.Best ? length < _free[chosen].Size : length > _free[chosen].Size)))
            {
                chosen = searched;
            }

            searched++;
        }

        if (chosen < 0)
        {
            return null;
        }

        var (address, found) = _free[chosen];
        _taken[address] = needed;
        if (found > needed)
        {
            // What is left keeps the hole's place in the list, whatever its size is now.
            _free[chosen] = new FreeListEntry(address + needed, found - needed);
        }
        else
        {
            _free.RemoveAt(chosen);
        }

        return address;
    }

    /// <exception cref="HeapMisuseException">No block in use starts at the address.</exception>
    public void Release(long address)
    {
        if (!_taken.Remove(address, out var size))
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"No block in use starts at {address}.");
        }

        var entry = new FreeListEntry(address, size);
        var place = _options.Order switch
        {
            FreeListOrder.Front => 0,
            FreeListOrder.Back => _free.Count,
            _ => -1,
        };
        if (place >= 0)
        {
            _free.Insert(place, entry);
        }
        else
        {
            _free.Add(entry);
            Sort();
        }

        if (_options.Joining == FreeListJoining.AtFree)
        {
            Join();
        }
    }

    // A stable sort of all entries, since allocation leaves remainders out of order.
    private void Sort()
    {
        var sorted = _options.Order switch
        {
            FreeListOrder.SizeUp => _free.OrderBy(entry => entry.Size),
            FreeListOrder.SizeDown => _free.OrderByDescending(entry => entry.Size),
            _ => _free.OrderBy(entry => entry.Address),
        };
        var entries = sorted.ToList();
        _free.Clear();
        _free.AddRange(entries);
    }

    private void Join()
    {
        for (var i = 1; i < _free.Count;)
        {
            if (_free[i - 1].Address + _free[i - 1].Size == _free[i].Address)
            {
                _free[i - 1] = _free[i - 1] with { Size = _free[i - 1].Size + _free[i].Size };
                _free.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
    }
}

/// <summary>A hole in a free list. Size in bytes.</summary>
public readonly record struct FreeListEntry(long Address, long Size);
