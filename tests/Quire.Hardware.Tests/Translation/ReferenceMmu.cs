using System.Runtime.InteropServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Tests.Translation;

/// <summary>What became of one reference: where it went, or how it faulted.</summary>
internal readonly record struct ReferenceResult(ulong? Physical, PageFaultError Error, bool NonCanonical);

/// <summary>
/// The MMU's contract once more, as plainly as it can be said: every reference comes here, lists are searched from end to end, the
/// walk is arithmetic on bytes of RAM.
/// </summary>
internal sealed class ReferenceMmu(PhysicalMemory memory, TlbOptions options)
{
    private readonly ReferenceTlb _data = new(options.Data);
    private readonly ReferenceTlb _code = new(options.Code);
    private readonly ReferenceTlb? _second = options.Second is { } second ? new ReferenceTlb(second) : null;
    private readonly List<Structure> _structures = [];
    private ulong _root;
    private ushort _tag;
    private long _now;

    private ulong _dataHits;
    private ulong _dataMisses;
    private ulong _codeHits;
    private ulong _codeMisses;
    private ulong _secondDataHits;
    private ulong _secondDataMisses;
    private ulong _secondCodeHits;
    private ulong _secondCodeMisses;

    /// <summary>Hits and misses are kept apart here; the rest is counted in place.</summary>
    private TlbCounters _counters;

    public TlbCounters Counters => _counters with
    {
        Data = new TlbHits(_dataHits, _dataMisses),
        Code = new TlbHits(_codeHits, _codeMisses),
        SecondData = new TlbHits(_secondDataHits, _secondDataMisses),
        SecondCode = new TlbHits(_secondCodeHits, _secondCodeMisses),
    };

    public ReferenceResult Access(ulong address, AccessKind kind)
    {
        if (address >> 47 is not (0 or 0x1FFFF))
        {
            return new ReferenceResult(null, PageFaultError.None, NonCanonical: true);
        }

        var first = kind == AccessKind.Fetch ? _code : _data;
        var entry = kind == AccessKind.Fetch
            ? Lookup(first, address, kind, ref _codeHits, ref _codeMisses)
            : Lookup(first, address, kind, ref _dataHits, ref _dataMisses);
        if (entry is null)
        {
            if (_second is not null)
            {
                entry = kind == AccessKind.Fetch
                    ? Lookup(_second, address, kind, ref _secondCodeHits, ref _secondCodeMisses)?.Copy()
                    : Lookup(_second, address, kind, ref _secondDataHits, ref _secondDataMisses)?.Copy();
            }

            if (entry is null)
            {
                entry = WalkWithStructures(address, kind, out var error);
                if (entry is null)
                {
                    return Fault(address, error);
                }

                _second?.Insert(entry.Copy());
            }

            first.Insert(entry);
        }

        if (kind == AccessKind.Write && !entry.Dirty)
        {
            _counters = _counters with { DirtyAssists = _counters.DirtyAssists + 1 };
            var walked = Walk(4, _root, writable: true, user: true, executable: true, address, kind, out _, out _, out var error);
            if (walked is null)
            {
                return Fault(address, error);
            }

            walked.Dirty = true;
            if (Same(entry, walked))
            {
                entry.Dirty = true;
                if (_second?.Find(address, _tag) is { } copy && copy.Size == entry.Size && copy.Global == entry.Global)
                {
                    copy.BecomeLike(walked);
                }
            }
            else
            {
                first.Remove(e => e.Translates(address, _tag));
                _second?.Remove(e => e.Translates(address, _tag));
                _second?.Insert(walked.Copy());
                first.Insert(walked);
                entry = walked;
            }
        }

        return new ReferenceResult(entry.Physical + (address % entry.Size.Bytes), PageFaultError.None, NonCanonical: false);
    }

    public void SwitchTo(ulong root, ushort tag)
    {
        if (root == _root && tag == _tag)
        {
            return;
        }

        _root = root;
        _tag = tag;
        if (options.Tagging == TlbTagging.FlushOnSwitch)
        {
            _counters = _counters with { FullFlushes = _counters.FullFlushes + 1 };
            RemoveEverywhere(entry => !entry.Global);
            _structures.Clear();
        }
    }

    public void InvalidatePage(ushort tag, ulong page, InvalidationOrigin origin)
    {
        _counters = _counters with { PageFlushes = _counters.PageFlushes + 1 };
        CountShootdown(origin);
        RemoveEverywhere(entry => entry.Translates(page, tag));
        _structures.RemoveAll(s => s.Tag == tag);
    }

    public void InvalidateRange(ushort tag, ulong start, ulong pages, InvalidationOrigin origin)
    {
        if (pages > 33)
        {
            InvalidateTag(tag, origin);
            return;
        }

        for (var i = 0UL; i < pages; i++)
        {
            InvalidatePage(tag, start + (i * 4096), InvalidationOrigin.Local);
        }

        CountShootdown(origin);
    }

    public void InvalidateTag(ushort tag, InvalidationOrigin origin)
    {
        _counters = _counters with { TagFlushes = _counters.TagFlushes + 1 };
        CountShootdown(origin);
        RemoveEverywhere(entry => !entry.Global && entry.Tag == tag);
        _structures.RemoveAll(s => s.Tag == tag);
    }

    public void InvalidateAll(InvalidationOrigin origin)
    {
        _counters = _counters with { FullFlushes = _counters.FullFlushes + 1 };
        CountShootdown(origin);
        RemoveEverywhere(_ => true);
        _structures.Clear();
    }

    private static bool Same(ReferenceEntry left, ReferenceEntry right) =>
        left.Number == right.Number && left.Size == right.Size && left.Global == right.Global && (left.Global || left.Tag == right.Tag)
        && left.Physical == right.Physical && left.Writable == right.Writable && left.Executable == right.Executable;

    private ReferenceEntry? Lookup(ReferenceTlb level, ulong address, AccessKind kind, ref ulong hits, ref ulong misses)
    {
        var entry = level.Find(address, _tag);
        if (entry is not null && entry.Permits(kind))
        {
            hits++;
            level.Use(entry);
            return entry;
        }

        misses++;
        level.Remove(e => ReferenceEquals(e, entry));
        return null;
    }

    private ReferenceResult Fault(ulong address, PageFaultError error)
    {
        RemoveEverywhere(entry => entry.Translates(address, _tag));
        _structures.RemoveAll(s => s.Covers(address, _tag));
        return new ReferenceResult(null, error, NonCanonical: false);
    }

    private ReferenceEntry? WalkWithStructures(ulong address, AccessKind kind, out PageFaultError error)
    {
        var start = _structures.Where(s => s.Covers(address, _tag)).MinBy(s => s.Level);
        if (start is not null)
        {
            start.LastUse = ++_now;
        }

        var entry = start is null
            ? Walk(4, _root, writable: true, user: true, executable: true, address, kind, out var reached, out var references, out error)
            : Walk(start.Level, start.Table, start.Writable, start.User, start.Executable, address, kind, out reached, out references, out error);
        _counters = _counters with { Walks = _counters.Walks + 1, WalkReferences = _counters.WalkReferences + (ulong)references };
        _counters = _counters with
        {
            Walks2M = _counters.Walks2M + (entry?.Size == PageSize.Size2M ? 1UL : 0),
            Walks1G = _counters.Walks1G + (entry?.Size == PageSize.Size1G ? 1UL : 0),
        };
        if (entry is not null)
        {
            foreach (var structure in reached)
            {
                Remember(structure);
            }
        }

        return entry;
    }

    private void Remember(Structure structure)
    {
        var capacity = structure.Level switch
        {
            1 => options.PagingStructures.DirectoryEntries,
            2 => options.PagingStructures.DirectoryPointerEntries,
            _ => options.PagingStructures.Level4Entries,
        };
        if (capacity == 0)
        {
            return;
        }

        var peers = _structures.Where(s => s.Level == structure.Level).ToList();
        if (peers.Count == capacity)
        {
            _structures.Remove(peers.MinBy(s => s.LastUse)!);
        }

        structure.LastUse = ++_now;
        _structures.Add(structure);
    }

    /// <summary>Levels as the SDM walks them: 4 down to 1.</summary>
    private ReferenceEntry? Walk(
        int level,
        ulong table,
        bool writable,
        bool user,
        bool executable,
        ulong address,
        AccessKind kind,
        out List<Structure> reached,
        out int references,
        out PageFaultError error)
    {
        reached = [];
        references = 0;
        error = PageFaultError.User | (kind == AccessKind.Write ? PageFaultError.Write : PageFaultError.None) | (kind == AccessKind.Fetch ? PageFaultError.Fetch : PageFaultError.None);
        var read = new List<ulong>();
        while (true)
        {
            var location = table + (((address >> (3 + (9 * level))) % 512) * 8);
            var entry = Load(location);
            read.Add(location);
            references++;
            if ((entry & 1) == 0)
            {
                return null;
            }

            var leaf = level == 1 || (level < 4 && (entry & 0x80) != 0);
            var size = leaf ? 1UL << (3 + (9 * level)) : 4096;
            var reserved = 0x000F_F000_0000_0000UL | (level == 4 ? 0x80UL : 0) | (leaf && level > 1 ? (size - 1) & ~0x1FFFUL : 0);
            if ((entry & reserved) != 0)
            {
                error |= PageFaultError.Present | PageFaultError.Reserved;
                return null;
            }

            writable &= (entry & 2) != 0;
            user &= (entry & 4) != 0;
            executable &= entry >> 63 == 0;
            var target = entry & 0x000F_FFFF_FFFF_F000UL & ~(size - 1);
            if (!leaf)
            {
                level--;
                table = target;
                reached.Add(new Structure { Level = level, Number = address << 16 >> 16 >> (12 + (9 * level)), Tag = _tag, Table = table, Writable = writable, User = user, Executable = executable });
                continue;
            }

            if (!user || (kind == AccessKind.Write && !writable) || (kind == AccessKind.Fetch && !executable))
            {
                error |= PageFaultError.Present;
                return null;
            }

            foreach (var used in read)
            {
                Store(used, Load(used) | 0x20);
            }

            if (kind == AccessKind.Write)
            {
                Store(read[^1], Load(read[^1]) | 0x40);
            }

            return new ReferenceEntry
            {
                Number = (address << 16 >> 16) / size,
                Size = (PageSize)(level - 1),
                Tag = _tag,
                Global = (entry & 0x100) != 0,
                Physical = target,
                Writable = writable,
                Executable = executable,
                Dirty = (Load(read[^1]) & 0x40) != 0,
            };
        }
    }

    private ulong Load(ulong physical) => MemoryMarshal.Read<ulong>(memory.Read(new PhysicalAddress(physical).Frame)[(int)(physical % 4096)..]);

    private void Store(ulong physical, ulong value) => MemoryMarshal.Write(memory.Write(new PhysicalAddress(physical).Frame)[(int)(physical % 4096)..], value);

    private void RemoveEverywhere(Predicate<ReferenceEntry> match)
    {
        _data.Remove(match);
        _code.Remove(match);
        _second?.Remove(match);
    }

    private void CountShootdown(InvalidationOrigin origin) =>
        _counters = _counters with { Shootdowns = _counters.Shootdowns + (origin == InvalidationOrigin.Remote ? 1UL : 0) };

    private sealed class Structure
    {
        public required int Level { get; init; }
        public required ulong Number { get; init; }
        public required ushort Tag { get; init; }
        public required ulong Table { get; init; }
        public required bool Writable { get; init; }
        public required bool User { get; init; }
        public required bool Executable { get; init; }
        public long LastUse { get; set; }

        public bool Covers(ulong address, ushort tag) => Tag == tag && address << 16 >> 16 >> (12 + (9 * Level)) == Number;
    }
}
