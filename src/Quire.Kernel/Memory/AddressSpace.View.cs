using System.Text;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What /proc shows of an address space.</summary>
public sealed unsafe partial class AddressSpace
{
    // VM_SOFTDIRTY.
    private const RegionFlags SoftDirtyCode = (RegionFlags)0x800_0000;

    private static readonly (RegionFlags Flag, string Code)[] FlagCodes =
    [
        (RegionFlags.Read, "rd"), (RegionFlags.Write, "wr"), (RegionFlags.Execute, "ex"), (RegionFlags.Shared, "sh"),
        (RegionFlags.MayRead, "mr"), (RegionFlags.MayWrite, "mw"), (RegionFlags.MayExecute, "me"), (RegionFlags.MayShare, "ms"),
        (RegionFlags.GrowsDown, "gd"), (RegionFlags.Locked, "lo"), (RegionFlags.SequentialRead, "sr"), (RegionFlags.RandomRead, "rr"),
        (RegionFlags.DontCopy, "dc"), (RegionFlags.DontExpand, "de"), (RegionFlags.LockOnFault, "lf"), (RegionFlags.Account, "ac"),
        (RegionFlags.NoReserve, "nr"), (RegionFlags.ReservedHuge, "ht"), (RegionFlags.WipeOnFork, "wf"), (RegionFlags.DontDump, "dd"), (SoftDirtyCode, "sd"),
        (RegionFlags.HugePage, "hg"), (RegionFlags.NoHugePage, "nh"), (RegionFlags.Mergeable, "mg"),
    ];

    /// <summary>In address order.</summary>
    public IEnumerable<RegionView> Regions
    {
        get
        {
            for (var region = _regions.First; region is not null; region = region.Next)
            {
                yield return ViewOf(region);
            }
        }
    }

    /// <summary>The region that holds an address; null if none does.</summary>
    public RegionView? FindRegion(VirtualAddress address) => _regions.FindContaining(address.Value) is { } region ? ViewOf(region) : null;

    /// <summary>What smaps says of the region that holds an address.</summary>
    public RegionUsage Measure(VirtualAddress address)
    {
        if (_regions.FindContaining(address.Value) is not { } region)
        {
            return default;
        }

        var visitor = new UsageVisitor(_memory);
        Tables.Visit(RangeOf(region.Start, region.End), ref visitor);
        var usage = visitor.Usage;
        if (region.Pages is { SwappedPages: > 0 } pages)
        {
            var first = region.PageIndexOf(region.Start);
            usage = usage with { Swapped = usage.Swapped + (pages.CountSwapped(first, first + (ulong)region.PageCount) << Page.Shift) };
        }

        return usage with { Size = region.Length, Locked = (region.Flags & RegionFlags.Locked) != 0 ? (ulong)usage.Proportional : 0 };
    }

    /// <summary>The leaf of a page, present or not (/proc/PID/pagemap).</summary>
    public PageTableEntry LeafAt(VirtualAddress address)
    {
        var leaf = Tables.Get(address.PageStart, out var size);
        return size == PageSize.Size4K ? leaf
            : new PageTableEntry(Leaf.WithFrame(leaf.Value & ~PageTableEntry.HugeBit, Leaf.FrameAt(leaf.Value, size, address.Value)));
    }

    /// <summary>Written since clear_refs last forgot what had been, or in a region that has come since.</summary>
    public bool IsSoftDirty(VirtualAddress address) =>
        _regions.FindContaining(address.Value) is { } region && (!region.WritesAreWatched || (LeafAt(address).Value & Leaf.SoftDirtyBit) != 0);

    private RegionView ViewOf(Region region) => new()
    {
        Range = RangeOf(region.Start, region.End),
        Protection = (Protection)(region.Flags & RegionFlags.Access),
        IsShared = !region.IsPrivate,
        Offset = region.IsAnonymous ? 0 : region.PageOffset << Page.Shift,
        DeviceNumber = region.File?.DeviceNumber ?? 0,
        InodeNumber = region.File?.InodeNumber ?? 0,
        Name = NameOf(region),
        Source = region.Pages?.Source,
        File = region.File,
        VmFlags = CodesOf(region.WritesAreWatched ? region.Flags : region.Flags | SoftDirtyCode),
        Faults = region.Faults,
        Flags = region.Flags,
        HasPrivatePages = region.HasPrivatePages,
    };

    private static string CodesOf(RegionFlags flags)
    {
        var codes = new StringBuilder();
        foreach (var (flag, code) in FlagCodes)
        {
            if ((flags & flag) != 0)
            {
                codes.Append(code).Append(' ');
            }
        }

        return codes.ToString().TrimEnd();
    }

    private struct UsageVisitor(KernelMemory memory) : IPageTableVisitor
    {
        public static bool TakesHugeLeaves => true;

        public RegionUsage Usage { get; private set; }

        public void Visit(VirtualAddress start, ulong* entry, PageSize size)
        {
            if (size != PageSize.Size4K)
            {
                if (memory.FrameTable[Leaf.FrameOf(*entry)].Use == FrameUse.HugePage)
                {
                    AddReserved(Leaf.FrameOf(*entry), size);
                    return;
                }

                AddHuge(*entry);
                return;
            }

            var leaf = *entry;
            if (Leaf.IsSwapped(leaf))
            {
                var sharers = memory.Swap.UsersOf(Leaf.SwapEntryOf(leaf));
                Usage = Usage with
                {
                    Swapped = Usage.Swapped + Page.Size,
                    SwappedProportional = Usage.SwappedProportional + ((double)Page.Size / sharers),
                };
                return;
            }

            var frame = Leaf.FrameOf(leaf);
            if (frame == memory.ZeroFrame)
            {
                return;
            }

            ref var frameEntry = ref memory.FrameTable[frame];
            const ulong page = Page.Size;
            var isDirty = Leaf.IsDirty(leaf) || (frameEntry.Flags & FrameFlags.Dirty) != 0;
            var isShared = frameEntry.Mappings > 1;
            var isReferenced = (leaf & PageTableEntry.AccessedBit) != 0 || (frameEntry.Flags & FrameFlags.Referenced) != 0;
            var usage = Usage;
            Usage = usage with
            {
                Resident = usage.Resident + page,
                Proportional = usage.Proportional + ((double)page / frameEntry.Mappings),
                SharedClean = usage.SharedClean + (isShared && !isDirty ? page : 0),
                SharedDirty = usage.SharedDirty + (isShared && isDirty ? page : 0),
                PrivateClean = usage.PrivateClean + (!isShared && !isDirty ? page : 0),
                PrivateDirty = usage.PrivateDirty + (!isShared && isDirty ? page : 0),
                Referenced = usage.Referenced + (isReferenced ? page : 0),
                Anonymous = usage.Anonymous + (frameEntry.Use == FrameUse.Anonymous ? page : 0),
            };
        }

        private void AddReserved(FrameNumber first, PageSize size)
        {
            var pool = Array.Find(memory.HugePagePools, candidate => candidate.Size == size)!;
            Usage = pool.HasOneUser(first)
                ? Usage with { PrivateReservedHuge = Usage.PrivateReservedHuge + size.Bytes }
                : Usage with { SharedReservedHuge = Usage.SharedReservedHuge + size.Bytes };
        }

        // Nobody shares it: fork and merging split.
        private void AddHuge(ulong leaf)
        {
            const ulong bytes = HugePageSettings.Bytes;
            var usage = Usage;
            Usage = usage with
            {
                Resident = usage.Resident + bytes,
                Proportional = usage.Proportional + bytes,
                PrivateClean = usage.PrivateClean + (Leaf.IsDirty(leaf) ? 0 : bytes),
                PrivateDirty = usage.PrivateDirty + (Leaf.IsDirty(leaf) ? bytes : 0),
                Referenced = usage.Referenced + ((leaf & PageTableEntry.AccessedBit) != 0 ? bytes : 0),
                Anonymous = usage.Anonymous + bytes,
                AnonymousHuge = usage.AnonymousHuge + bytes,
            };
        }
    }
}
