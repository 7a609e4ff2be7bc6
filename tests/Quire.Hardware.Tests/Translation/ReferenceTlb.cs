using Quire.Hardware.Paging;
using Quire.Hardware.Translation;

namespace Quire.Hardware.Tests.Translation;

/// <summary>One translation as the reference model keeps it.</summary>
internal sealed class ReferenceEntry
{
    public required ulong Number { get; init; }
    public required PageSize Size { get; init; }
    public required ushort Tag { get; init; }
    public required bool Global { get; init; }
    public required ulong Physical { get; set; }
    public required bool Writable { get; set; }
    public required bool Executable { get; set; }
    public bool Dirty { get; set; }
    public long LastUse { get; set; }
    public long Filled { get; set; }

    public bool Translates(ulong address, ushort tag) => address << 16 >> 16 >> Size.Shift == Number && (Global || Tag == tag);

    public bool Permits(AccessKind kind) => kind == AccessKind.Read || (kind == AccessKind.Write ? Writable : Executable);

    /// <summary>Takes over what another translation of the same page says; age stays.</summary>
    public void BecomeLike(ReferenceEntry other) => (Physical, Writable, Executable, Dirty) = (other.Physical, other.Writable, other.Executable, other.Dirty);

    public ReferenceEntry Copy() => (ReferenceEntry)MemberwiseClone();
}

/// <summary>A set-associative array, every use of which is reported to it.</summary>
internal sealed class ReferenceTlb
{
    private readonly TlbReplacement _replacement;
    private readonly ReferenceEntry?[][] _sets;
    private readonly Dictionary<(int Set, int First, int Last), bool> _victimIsRight = [];
    private ulong _random = 0x9E37_79B9_7F4A_7C15;
    private long _now;

    public ReferenceTlb(TlbLevelOptions options)
    {
        _replacement = options.Replacement;
        _sets = new ReferenceEntry?[options.Sets][];
        for (var set = 0; set < options.Sets; set++)
        {
            _sets[set] = new ReferenceEntry?[options.Ways];
        }
    }

    public ReferenceEntry? Find(ulong address, ushort tag)
    {
        foreach (var size in (PageSize[])[PageSize.Size4K, PageSize.Size2M, PageSize.Size1G])
        {
            foreach (var entry in _sets.SelectMany(set => set))
            {
                if (entry is not null && entry.Size == size && entry.Translates(address, tag))
                {
                    return entry;
                }
            }
        }

        return null;
    }

    public void Use(ReferenceEntry entry)
    {
        entry.LastUse = ++_now;
        var set = SetOf(entry);
        PointAway(set, Array.IndexOf(_sets[set], entry), 0, _sets[set].Length - 1);
    }

    public void Insert(ReferenceEntry entry)
    {
        var set = SetOf(entry);
        var ways = _sets[set];
        var way = Array.IndexOf(ways, null);
        if (way < 0)
        {
            way = _replacement switch
            {
                TlbReplacement.Lru => Array.IndexOf(ways, ways.MinBy(e => e!.LastUse)),
                TlbReplacement.Fifo => Array.IndexOf(ways, ways.MinBy(e => e!.Filled)),
                TlbReplacement.Random => (int)(NextRandom() % (ulong)ways.Length),
                _ => Follow(set, 0, ways.Length - 1),
            };
        }

        ways[way] = entry;
        Use(entry);
        entry.Filled = _now;
    }

    public void Remove(Predicate<ReferenceEntry> match)
    {
        foreach (var set in _sets)
        {
            for (var way = 0; way < set.Length; way++)
            {
                if (set[way] is { } entry && match(entry))
                {
                    set[way] = null;
                }
            }
        }
    }

    private int SetOf(ReferenceEntry entry) => (int)(entry.Number % (ulong)_sets.Length);

    private void PointAway(int set, int way, int first, int last)
    {
        if (first == last)
        {
            return;
        }

        var middle = (first + last) / 2;
        var usedRight = way > middle;
        _victimIsRight[(set, first, last)] = !usedRight;
        PointAway(set, way, usedRight ? middle + 1 : first, usedRight ? last : middle);
    }

    private int Follow(int set, int first, int last)
    {
        if (first == last)
        {
            return first;
        }

        var middle = (first + last) / 2;
        var right = _victimIsRight.GetValueOrDefault((set, first, last));
        return Follow(set, right ? middle + 1 : first, right ? last : middle);
    }

    private ulong NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return _random;
    }
}
