using System.Numerics;
using System.Runtime.InteropServices;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Merging;

/// <summary>
/// Same-page merging (Arcangeli, Eidus and Wright, Increasing memory density by using KSM, OLS 2009): scans private anonymous memory a few pages at a
/// time and lets pages with the same bytes share one frame, read-only; a store copies. A page is looked up among merged frames (the paper's stable
/// tree), then, if its checksum is what it was a round ago, among the pages seen in this round (the unstable tree).
/// Differs from Linux: hash tables in place of the trees. Entries may be out of date, so bytes are compared before anything is merged.
/// </summary>
public sealed unsafe class PageMerger : BackgroundWork, IDisposable
{
    // What reading and comparing a page of 4 KiB costs, and a visit to a table.
    private const long NanosecondsAPage = 500;
    private const int RoundsBeforeRest = 2;
    private const int StandardMostSharing = 256;

    private readonly KernelMemory _memory;
    private readonly Dictionary<ulong, FrameNumber> _merged = [];
    private readonly Dictionary<ulong, MappingLocation> _seen = [];
    private readonly List<ulong> _pages = [];
    private readonly List<MappingLocation> _mappings = [];

    // What each frame's bytes hashed to when it was last looked at; 0 for never.
    private readonly ulong* _checksums;
    private uint _space;
    private ulong _address;

    // Rounds that changed nothing; what happened in this one.
    private int _idleRounds;
    private bool _hasChanged;

    // Pages whose bytes were not what they had been: in the last round, and in this one so far.
    private long _changing;
    private long _changingNow;
    private VirtualTime _due = VirtualTime.Zero;

    internal PageMerger(KernelMemory memory)
    {
        _memory = memory;
        _checksums = (ulong*)NativeMemory.AllocZeroed(memory.Physical.FrameCount, sizeof(ulong));
    }

    public override string Name => "ksmd";

    public override VirtualTime Due => Scope == MergeScope.Off || _idleRounds >= RoundsBeforeRest ? VirtualTime.Never : _due;

    public MergeScope Scope { get; set; }

    /// <summary>pages_to_scan: pages looked at each time.</summary>
    public int PagesToScan { get; set; } = 100;

    /// <summary>sleep_millisecs: virtual time between two scans.</summary>
    public int SleepMilliseconds { get; set; } = 20;

    /// <summary>max_page_sharing: pages that one merged frame stands for at most; then another one is made.</summary>
    public int MostSharing { get; set; } = StandardMostSharing;

    /// <summary>use_zero_pages: pages of zeroes share the zero page, as untouched ones do.</summary>
    public bool SharesZeroPage { get; set; }

    /// <summary>pages_unshared: pages of this round that have no equal so far.</summary>
    public long Unshared => _seen.Count;

    /// <summary>pages_volatile: pages of the last round that are neither merged nor candidates, since they change too fast.</summary>
    public long Volatile => Math.Max(0, _changing);

    /// <summary>full_scans: rounds through all memory.</summary>
    public long FullScans { get; private set; }

    public long Scanned { get; private set; }

    /// <summary>Pages that gave their frame up for an equal one.</summary>
    public long Merges { get; private set; }

    /// <summary>Most frames saved at the end of any scan.</summary>
    public long PeakSaved { get; private set; }

    /// <summary>Merged frames, and the pages beyond the first that share them: pages_shared and pages_sharing.</summary>
    public (long Shared, long Sharing) Count()
    {
        var (shared, sharing) = (0L, 0L);
        for (uint number = 0; number < _memory.Physical.FrameCount; number++)
        {
            ref var entry = ref _memory.FrameTable[new FrameNumber(number)];
            if ((entry.Flags & FrameFlags.Merged) != 0)
            {
                shared++;
                sharing += entry.Mappings - 1;
            }
        }

        return (shared, sharing);
    }

    /// <summary>Merged frames that hold the same bytes as another one, since that was full: stable_node_dups; and of how many contents: stable_node_chains.</summary>
    public (long Duplicates, long Chains) CountDuplicates()
    {
        var byContent = new Dictionary<ulong, long>();
        for (uint number = 0; number < _memory.Physical.FrameCount; number++)
        {
            if ((_memory.FrameTable[new FrameNumber(number)].Flags & FrameFlags.Merged) != 0)
            {
                var hash = Checksum(new FrameNumber(number));
                byContent[hash] = byContent.GetValueOrDefault(hash) + 1;
            }
        }

        return (byContent.Values.Where(count => count > 1).Sum(), byContent.Values.LongCount(count => count > 1));
    }

    /// <summary>Gives every merged page a frame of its own again (run 2). ENOMEM: there are not enough.</summary>
    public Errno UnmergeAll()
    {
        foreach (var space in _memory.AddressSpaces.ToArray())
        {
            if (space.UnmergeAll() is var error and not Errno.None)
            {
                return error;
            }
        }

        return Errno.None;
    }

    public override VirtualTime Run(VirtualTime now)
    {
        _due = now + VirtualTime.FromMilliseconds(SleepMilliseconds);
        return new VirtualTime(Scan(PagesToScan) * NanosecondsAPage);
    }

    public override void OnProgramsRan() => _idleRounds = 0;

    /// <summary>Looks at about so many pages; gives how many it looked at, 0 if none takes part.</summary>
    public int Scan(int budget)
    {
        var looked = 0;
        var spent = 0;
        var rounds = 0;
        while (spent < budget && rounds < 2)
        {
            if (!TryFindSpace(out var space))
            {
                rounds++;
                EndRound();
                continue;
            }

            _pages.Clear();
            _address = space.CollectMergeable(_address, Scope, _pages);
            foreach (var page in _pages)
            {
                Look(space, page);
            }

            looked += _pages.Count;
            spent += _pages.Count + 1;
            if (_address == 0)
            {
                _space++;
            }
        }

        Scanned += looked;
        _memory.Note(MemoryEventKind.MergeScan, pages: looked);
        return looked;
    }

    public void Dispose() => NativeMemory.Free(_checksums);

    private bool TryFindSpace(out AddressSpace space)
    {
        // Spaces are few: the next by number.
        space = _memory.AddressSpaces.Where(candidate => candidate.Number >= _space).MinBy(candidate => candidate.Number)!;
        if (space is null)
        {
            return false;
        }

        if (space.Number != _space)
        {
            (_space, _address) = (space.Number, 0);
        }

        return true;
    }

    private void EndRound()
    {
        (_space, _address) = (0, 0);
        _seen.Clear();
        FullScans++;
        (_changing, _changingNow) = (_changingNow, 0);
        _memory.Note(MemoryEventKind.MergeRound);
        _idleRounds = _hasChanged ? 0 : _idleRounds + 1;
        _hasChanged = false;
        foreach (var (hash, frame) in _merged)
        {
            if ((_memory.FrameTable[frame].Flags & FrameFlags.Merged) == 0)
            {
                _merged.Remove(hash);
            }
        }


        // The count looks at every frame.
        if (Merges > 0 || _merged.Count > 0)
        {
            PeakSaved = Math.Max(PeakSaved, Count().Sharing);
        }
    }

    private void Look(AddressSpace space, ulong page)
    {
        if (!space.TryGetMergeable(page, out var frame) || (_memory.FrameTable[frame].Flags & FrameFlags.Merged) != 0)
        {
            return;
        }

        var hash = Checksum(frame);
        if (_merged.TryGetValue(hash, out var equal) && IsMergedWith(equal, frame))
        {
            Share(space, page, equal);
            return;
        }

        if (SharesZeroPage && Bytes(frame).IndexOfAnyExcept((byte)0) < 0)
        {
            space.ShareZeroPage(page);
            Merges++;
            _memory.Note(MemoryEventKind.Merge, _memory.ZeroFrame, page, space.ProcessTag);
            _hasChanged = true;
            return;
        }

        // A page that changes between two rounds would be copied again at once.
        if (_checksums[frame.Value] != hash)
        {
            _checksums[frame.Value] = hash;
            _changingNow++;
            _hasChanged = true;
            return;
        }

        if (_seen.TryGetValue(hash, out var other) && TryMakeMerged(other, frame, hash, out equal))
        {
            Share(space, page, equal);
            return;
        }

        _seen[hash] = new MappingLocation(space.Number, page);
    }

    private bool IsMergedWith(FrameNumber merged, FrameNumber frame)
    {
        ref var entry = ref _memory.FrameTable[merged];
        return entry.Use == FrameUse.Anonymous && (entry.Flags & FrameFlags.Merged) != 0 && merged != frame
            && entry.Mappings < MostSharing && entry.References == entry.Mappings && Bytes(merged).SequenceEqual(Bytes(frame));
    }

    /// <summary>Makes the page seen before the one that others share, if it still has the same bytes.</summary>
    private bool TryMakeMerged(MappingLocation seen, FrameNumber frame, ulong hash, out FrameNumber merged)
    {
        merged = FrameNumber.None;
        if (_memory.AddressSpaces.FirstOrDefault(space => space.Number == seen.Space) is not { } space
            || !space.TryGetMergeable(seen.Address, out merged) || merged == frame || !Bytes(merged).SequenceEqual(Bytes(frame)))
        {
            return false;
        }

        _memory.FrameTable[merged].Flags |= FrameFlags.Merged;
        _merged[hash] = merged;
        _seen.Remove(hash);
        return true;
    }

    private void Share(AddressSpace space, ulong page, FrameNumber equal)
    {
        // A lone owner of a merged frame may have got the right to write back.
        _memory.ReverseMap.CopyTo(_memory.FrameTable[equal], _mappings);
        foreach (var location in _mappings)
        {
            _memory.SpaceOf(location).ProtectFromStores(location.Address);
        }

        if (space.TryShare(page, equal))
        {
            Merges++;
            _hasChanged = true;
            _memory.Events?.Record(new MemoryEvent(MemoryEventKind.Merge, _memory.Now(), space.ProcessTag, new VirtualAddress(page), equal, Page.Size));
        }
    }

    // Equal bytes are told apart by comparing; this only has to be quick and spread well. Never 0.
    private ulong Checksum(FrameNumber frame)
    {
        const ulong odd = 0x9E37_79B9_7F4A_7C15;
        var words = (ulong*)_memory.Physical.Pointer(frame);
        ulong first = 1, second = 2, third = 3, fourth = 4;
        for (var index = 0; index < Page.Size / sizeof(ulong); index += 4)
        {
            first = BitOperations.RotateLeft((first ^ words[index]) * odd, 29);
            second = BitOperations.RotateLeft((second ^ words[index + 1]) * odd, 29);
            third = BitOperations.RotateLeft((third ^ words[index + 2]) * odd, 29);
            fourth = BitOperations.RotateLeft((fourth ^ words[index + 3]) * odd, 29);
        }

        var all = (first * odd) ^ BitOperations.RotateLeft(second * odd, 16) ^ BitOperations.RotateLeft(third * odd, 32) ^ BitOperations.RotateLeft(fourth * odd, 48);
        return Math.Max(1, all ^ (all >> 32));
    }

    private ReadOnlySpan<byte> Bytes(FrameNumber frame) => new(_memory.Physical.Pointer(frame), Page.Size);
}

/// <summary>Which memory same-page merging looks at.</summary>
public enum MergeScope
{
    /// <summary>None.</summary>
    Off,

    /// <summary>Regions that programs have given to it with MADV_MERGEABLE.</summary>
    Advised,

    /// <summary>All private anonymous memory.</summary>
    All,
}
