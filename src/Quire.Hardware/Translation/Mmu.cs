using System.Runtime.CompilerServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

/// <summary>
/// The memory management unit of one virtual CPU: user-mode accesses to four-level page tables through a modelled TLB.
/// <para>
/// Each reference asks the first level (data or code), then the second, then walks. An entry that does not permit the access is dropped and counts as
/// a miss. A walk fills both levels; a second-level hit fills the first; neither level's evictions touch the other (neither inclusive nor exclusive). A page of any size is
/// one entry, in one array for all sizes. A page fault drops every entry of its page and the paging-structure entries on the way to it (Intel SDM
/// vol. 3A, 4.10.4.1). Where stale entries of two sizes overlap, the smaller page wins.
/// </para>
/// <para>
/// In front stand two direct-mapped lookups from page to host address, which the CPU reads inline; what they hold is a subset of the first level, so that all counts are exact
/// although hits in them never come here.
/// </para>
/// Caller keeps true: entries and counter given at construction outlive the MMU; host pointers it returns are used within their page,
/// and not after the next invalidation or switch.
/// </summary>
public sealed unsafe partial class Mmu
{
    /// <summary>A longer range is flushed as a whole tag: page by page would cost more (as Linux' tlb_single_page_flush_ceiling).</summary>
    public const int MaximumPagesInvalidatedSingly = 33;

    private readonly PhysicalMemory _memory;
    private readonly PageTableWalker _walker;
    private readonly TlbOptions _options;
    private readonly bool _modelled;

    private readonly FastEntry* _dataSlots;
    private readonly FastEntry* _codeSlots;
    private readonly ulong* _dataReferences;

    /// <summary>Entries of a page by the CPU's fetches: the clock of the code side, on which consecutive fetches of one page are one moment.</summary>
    private readonly ulong* _codeEntries;

    private readonly FastEntry[] _codeSlotArray;
    private readonly ulong[] _codeEntriesArray;

    private readonly FirstLevelTlb _data;
    private readonly FirstLevelTlb _code;
    private readonly TlbArray? _second;
    private readonly PagingStructureCache _structures;

    private ulong _root;
    private ulong _tag;
    private ulong _secondClock;

    /// <summary>Without a model the lookups do not know page sizes: once a huge page went in, invalidating a page clears them.</summary>
    private bool _hugePageInLookup;

    /// <summary>Code was fetched from a huge page at some time: the invalidation of a page may then concern any number of pages around it.</summary>
    private bool _codeInHugePages;

    private PageWalk _walk;

    private ulong _dataMisses;
    private ulong _codeMisses;
    private ulong _codeFaults;
    private ulong _secondDataHits;
    private ulong _secondDataMisses;
    private ulong _secondCodeHits;
    private ulong _secondCodeMisses;
    private ulong _walks;
    private ulong _walkReferences;
    private ulong _walks2M;
    private ulong _walks1G;
    private ulong _dirtyAssists;
    private ulong _fullFlushes;
    private ulong _tagFlushes;
    private ulong _pageFlushes;
    private ulong _shootdowns;

    /// <param name="memory">RAM, with the page tables in it.</param>
    /// <param name="options">Shape of the TLB model.</param>
    /// <param name="data">FastEntry.Count entries, emptied here; the CPU looks data accesses up in them before it calls.</param>
    /// <param name="dataReferences">The CPU adds 1 for each data reference that hits in <paramref name="data"/> and stores the sum as the entry's stamp; calls count themselves.</param>
    public Mmu(PhysicalMemory memory, TlbOptions options, FastEntry* data, ulong* dataReferences)
    {
        _memory = memory;
        _walker = new PageTableWalker(memory);
        _options = options;
        _modelled = options.IsModelled;
        _dataSlots = data;
        _dataReferences = dataReferences;
        _codeSlotArray = GC.AllocateArray<FastEntry>(FastEntry.Count, pinned: true);
        _codeEntriesArray = GC.AllocateArray<ulong>(1, pinned: true);
        _codeSlots = (FastEntry*)Unsafe.AsPointer(ref _codeSlotArray[0]);
        _codeEntries = (ulong*)Unsafe.AsPointer(ref _codeEntriesArray[0]);
        FastLookup.Clear(_dataSlots);
        FastLookup.Clear(_codeSlots);
        _data = new FirstLevelTlb(options.Data, _dataSlots, _dataReferences);
        _code = new FirstLevelTlb(options.Code, _codeSlots, _codeEntries);
        _second = options.Second is { } second ? new TlbArray(second) : null;
        _structures = new PagingStructureCache(options.PagingStructures);
    }

    public TlbOptions Options => _options;

    /// <summary>Whether a TLB is modelled, so that every reference has to be seen.</summary>
    public bool IsModelled => _modelled;

    /// <summary>Every data reference comes through <see cref="TranslateData"/>: for somebody who watches them all. Set before the first.</summary>
    public bool BypassesFastLookup { get; set; }

    /// <summary>Told the first page number and the number of pages whose translations, of whatever address space, may have changed.</summary>
    public Action<ulong, ulong>? TranslationsDropped { get; set; }

    /// <summary>CR3: the root table of the current address space, or 0 before the first switch.</summary>
    public PhysicalAddress Root => new(_root);

    /// <summary>PCID of the current address space.</summary>
    public ushort AddressSpaceTag => (ushort)_tag;

    /// <summary>The address whose translation failed last (CR2 for a page fault).</summary>
    public ulong FaultAddress { get; private set; }

    /// <summary>Error code of the last page fault; None when <see cref="IsNonCanonical"/>.</summary>
    public PageFaultError FaultError { get; private set; }

    /// <summary>Whether the last failure was a non-canonical address: a protection fault, not a page fault.</summary>
    public bool IsNonCanonical { get; private set; }

    /// <summary>Set by a write through the slow path to a frame that held decoded instructions; the CPU resets it.</summary>
    public bool LastWriteHitCode { get; set; }

    /// <summary>Table entries read by walks, as <see cref="TlbCounters.WalkReferences"/>.</summary>
    public ulong WalkReferences => _walkReferences;

    /// <param name="instructions">Instructions the CPU fetched successfully, faulted ones included.</param>
    /// <param name="straddlingInstructions">How many of them lay across two pages.</param>
    public TlbCounters Counters(ulong instructions, ulong straddlingInstructions)
    {
        var codeReferences = instructions + straddlingInstructions + _codeFaults;
        return new TlbCounters
        {
            Data = new TlbHits(*_dataReferences - _dataMisses, _dataMisses),
            Code = new TlbHits(codeReferences - _codeMisses, _codeMisses),
            SecondData = new TlbHits(_secondDataHits, _secondDataMisses),
            SecondCode = new TlbHits(_secondCodeHits, _secondCodeMisses),
            Walks = _walks,
            WalkReferences = _walkReferences,
            Walks2M = _walks2M,
            Walks1G = _walks1G,
            DirtyAssists = _dirtyAssists,
            FullFlushes = _fullFlushes,
            TagFlushes = _tagFlushes,
            PageFlushes = _pageFlushes,
            Shootdowns = _shootdowns,
        };
    }

    /// <summary>
    /// Finds the translation of a page in the second level, or walks for it and puts it there. False: page fault, already recorded.
    /// </summary>
    private bool TryRefill(ulong address, AccessKind kind, ref ulong secondHits, ref ulong secondMisses, out ulong key, out ulong value)
    {
        if (_second is { } second)
        {
            var way = second.Find(address, _tag);
            if (way >= 0 && Permits(second.Value(way), kind))
            {
                secondHits++;
                second.Touch(way, ++_secondClock);
                key = second.Key(way);
                value = second.Value(way);
                return true;
            }

            secondMisses++;
            if (way >= 0)
            {
                second.Free(way);
            }
        }

        _walks++;
        var level = _structures.FindStart(address, _tag, _root, out var table);
        var found = _walker.TryWalkFrom(level, table, address, kind, ref _walk);
        _walkReferences += (ulong)_walk.References;
        if (!found)
        {
            key = value = 0;
            return Fault(address, _walk.Error);
        }

        if (_walk.Size != PageSize.Size4K)
        {
            CountHugeWalk(_walk.Size);
        }

        _structures.Fill(address, _tag, ref _walk);
        key = KeyOfWalk(address);
        value = _walk.Leaf;
        InsertSecond(key, value);
        return true;
    }

    private void CountHugeWalk(PageSize size)
    {
        if (size == PageSize.Size2M)
        {
            _walks2M++;
        }
        else
        {
            _walks1G++;
        }
    }

    private void InsertSecond(ulong key, ulong value)
    {
        if (_second is { } second)
        {
            second.Fill(second.ChooseWay(TlbKey.NumberOfKey(key)), key, value, ++_secondClock);
        }
    }

    private ulong KeyOfWalk(ulong address) =>
        TlbKey.Of(TlbKey.NumberOf(address, _walk.Size), _walk.Size, _walk.Global ? TlbKey.GlobalBit : _tag);

    private static bool Permits(ulong value, AccessKind kind) => kind switch
    {
        AccessKind.Read => true,
        AccessKind.Write => (value & LeafBits.WriteDenied) == 0,
        _ => (value & LeafBits.FetchDenied) == 0,
    };

    /// <summary>The host address of the 4 KiB part of a page that holds an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* HostPage(ulong key, ulong value, ulong address) =>
        _memory.Base + (value & PageTableEntry.AddressBits) + (address & TlbKey.SizeOf(key).OffsetMask & Page.Mask);

    private FrameNumber FrameOf(byte* host) => new((uint)((ulong)(host - _memory.Base) >> Page.Shift));

    private bool Fault(ulong address, PageFaultError error)
    {
        FaultAddress = address;
        FaultError = error;
        IsNonCanonical = false;
        ForgetAddress(address, _tag);
        _structures.DropAddress(address, _tag);
        return false;
    }

    /// <summary>Whether the address is non-canonical; the failure is then recorded as a translation's is.</summary>
    public bool FailsAsNonCanonical(ulong address)
    {
        if (FourLevelPaging.IsCanonical(address))
        {
            return false;
        }

        NonCanonical(address);
        return true;
    }

    private byte* NonCanonical(ulong address)
    {
        FaultAddress = address;
        FaultError = PageFaultError.None;
        IsNonCanonical = true;
        return null;
    }
}
