using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Kernel;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Regions;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Machine.Futures;
using Quire.Observation.Runs;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>Reads a machine's counters at the end of its run.</summary>
internal static class ReportBuilder
{
    private const int BusiestShown = 5;

    public static RunReport Build(MachineOptions options, GuestKernel kernel, IReadOnlyList<Processor> processors, MachineRun run)
    {
        var outcome = run.Outcome;
        var usage = kernel.EndedUsage;
        foreach (var process in kernel.Processes.All)
        {
            usage.Add(process.Usage());
        }

        return new RunReport
        {
            Program = options.Command[0],
            End = NameOf(outcome.End),
            ExitCode = ExitCodes.Of(outcome),
            Signal = outcome is { End: RunEnd.Finished, Status.IsKilled: true } ? outcome.Status.Signal.ToString() : null,
            Instructions = kernel.Instructions,
            WallSeconds = run.Elapsed.TotalSeconds,
            VirtualSeconds = kernel.Clock.Now.Seconds,
            UserSeconds = usage.User.Seconds,
            SystemSeconds = usage.System.Seconds,
            Cpus = options.Cpus,
            Seed = options.Seed,
            Processes = kernel.Processes.CreatedCount,
            SystemCalls = kernel.SyscallCount,
            Faults = Faults(kernel.Memory.Counters),
            Tlb = Tlb(options.Tlb, processors),
            Memory = Memory(kernel.Memory),
            Reclaim = Reclaim(kernel.Memory, options.Future),
            Pressure = Pressure(kernel.PressureTotals),
            LoadControl = new LoadControlReport(kernel.Load.Thrashing.Seconds, kernel.Load.Suspensions, kernel.Load.Suspended.Seconds, kernel.Load.LastSuspension.Seconds),
            Merging = Merging(kernel.Memory.Merger),
            PageCache = PageCache(kernel.Memory.Counters),
            HugePages = HugePages(kernel.Memory),
            Swap = kernel.Memory.SwapPages > 0 ? Swap(options, kernel.Memory) : null,
            BusiestRegions = Regions(kernel.Memory),
            Unsupported = Unsupported(kernel.Remarks),
            Refused = Refused(kernel),
            OutOfMemory = [.. kernel.Remarks.OutOfMemoryKills.Select(Kill)],
            Groups = [.. kernel.ControlGroupRecords.Select(Group)],
            NotKept = run.NotKept,
            Confinement = new ConfinementReport(run.Confinement.SystemCalls, run.Confinement.Files),
            Detail = outcome.Detail.Length == 0 ? null : GuestText.ToHost(outcome.Detail),
        };
    }

    private static string NameOf(RunEnd end) => end switch
    {
        RunEnd.Finished => "finished",
        RunEnd.NotStarted => "notStarted",
        RunEnd.Deadlock => "deadlock",
        RunEnd.InstructionLimit => "instructionLimit",
        RunEnd.TimeLimit => "timeLimit",
        _ => "interrupted",
    };

    private static FaultReport Faults(MemoryCounters counters) => new()
    {
        Minor = counters.MinorFaults,
        Major = counters.MajorFaults,
        CopyOnWrite = counters.CopyOnWriteFaults,
        CopyOnWriteReused = counters.CopyOnWriteReused,
        PagesCopied = counters.PagesCopied,
        ZeroFill = counters.ZeroFillFaults,
        ZeroPage = counters.ZeroPageFaults,
        ZeroPageWrites = counters.ZeroPageWrites,
        MadeWritable = counters.MadeWritable,
        File = counters.FileFaults,
        StackGrowth = counters.StackGrowths,
        SwapIn = counters.Swap.Faults,
    };

    private static ReclaimReport Reclaim(KernelMemory memory, RecordedFuture? future)
    {
        var reclaim = memory.Counters.Reclaim;
        return new ReclaimReport
        {
            Scanned = reclaim.Scanned,
            Evictions = reclaim.Stolen,
            EvictedAnonymous = reclaim.StolenAnonymous,
            EvictedFile = reclaim.StolenFile,
            Background = reclaim.StolenBackground,
            Stalls = reclaim.AllocationStalls,
            Admissions = reclaim.PolicyAdmissions,
            Unforeseen = future?.Unforeseen,
            Writes = memory.Counters.Swap.Out + memory.Counters.Written,
            Refaults = memory.Refaults.Count,
            MedianRefaultDistance = memory.Refaults.Median,
        };
    }

    private static PressureReport Pressure(PressureTotals totals) =>
        new(totals.MemorySome.Seconds, totals.MemoryFull.Seconds, totals.CpuSome.Seconds, totals.IoSome.Seconds);

    private static MergingReport Merging(PageMerger merger) => new()
    {
        PagesMerged = merger.Merges,
        PeakSavedBytes = (ulong)merger.PeakSaved << Page.Shift,
        PagesScanned = merger.Scanned,
        FullScans = merger.FullScans,
    };

    private static TlbReport Tlb(TlbOptions options, IReadOnlyList<Processor> processors)
    {
        var counters = default(TlbCounters);
        foreach (var processor in processors)
        {
            counters += processor.Mmu.Counters((ulong)processor.Instructions, (ulong)processor.StraddlingInstructions);
        }

        return new TlbReport
        {
            Modelled = options.IsModelled,
            Data = Level(counters.Data),
            Code = Level(counters.Code),
            Second = Level(counters.Second),
            Walks = counters.Walks,
            WalkReferences = counters.WalkReferences,
            HugeWalks = counters.Walks2M + counters.Walks1G,
            WalkReferencesSaved = counters.WalkReferencesSaved,
            Flushes = counters.Flushes,
            Shootdowns = counters.Shootdowns,
        };
    }

    private static TlbLevelReport Level(TlbHits hits) => new(hits.Hits, hits.Misses);

    private static OutOfMemoryReport Kill(OutOfMemoryKill kill) => new(kill.ProcessId, GuestText.ToHost(kill.Name), (ulong)kill.ResidentPages << Page.Shift)
    {
        Cause = kill.Cause switch
        {
            OutOfMemoryCause.GroupLimit => "groupLimit",
            OutOfMemoryCause.Thrashing => "thrashing",
            _ => "noFrame",
        },
        Group = GuestText.ToHost(kill.Group),
        Limit = GuestText.ToHost(kill.Limit),
        SwapBytes = (ulong)kill.SwapPages << Page.Shift,
        PageTableBytes = (ulong)kill.PageTablePages << Page.Shift,
        Adjustment = kill.Adjustment,
    };

    private static GroupReport Group(ControlGroupRecord group) => new()
    {
        Path = GuestText.ToHost(group.Path),
        PeakBytes = (ulong)group.Peak,
        CurrentBytes = (ulong)group.Current,
        SwapPeakBytes = (ulong)group.SwapPeak,
        MaxBytes = (ulong?)group.Max,
        Events = new GroupEventsReport(group.Low, group.High, group.MaxMet, group.OutOfMemory),
        Kills = group.Kills,
    };

    private static MemoryReport Memory(KernelMemory memory) => new()
    {
        RamBytes = (ulong)memory.Physical.FrameCount << Page.Shift,
        PeakResidentBytes = (ulong)memory.Counters.PeakResidentPages << Page.Shift,
        PageTableBytes = (ulong)memory.Counters.PeakPageTablePages << Page.Shift,
        KernelBytes = (ulong)memory.Counters.PeakSlabPages << Page.Shift,
    };

    private static HugePageReport HugePages(KernelMemory memory)
    {
        var counters = memory.Counters.HugePages;
        var buddy = memory.Frames.Zones.MaxBy(zone => zone.Frames)!.Buddy;
        var orders = Enumerable.Range(0, Zone.MaxOrder + 1);
        return new HugePageReport
        {
            Faults = counters.FaultAllocated,
            Fallbacks = counters.FaultFallback,
            Promoted = counters.Promoted,
            PromotionsFailed = counters.PromotionFailed,
            Split = counters.Split,
            PeakBytes = (ulong)counters.PeakMapped * HugePageSettings.Bytes,
            BloatBytes = counters.BloatBytes,
            PagesMoved = counters.Migrated,
            Compactions = counters.CompactionSuccesses,
            CompactionsFailed = counters.CompactionFailures,
            ReservedBytes = memory.HugePagePools.Aggregate(0UL, (sum, pool) => sum + ((ulong)pool.Total * pool.Size.Bytes)),
            FragmentationIndex = [.. orders.Select(buddy.FragmentationIndex)],
            UnusableFreeIndex = [.. orders.Select(buddy.UnusableFreeIndex)],
        };
    }

    private static PageCacheReport PageCache(MemoryCounters counters) => new()
    {
        Hits = counters.CacheHits,
        Misses = counters.CacheMisses,
        ReadaheadPages = counters.ReadaheadPages,
        PagesRead = counters.PagesIn,
        PagesWritten = counters.PagesOut,
    };

    private static SwapReport Swap(MachineOptions options, KernelMemory memory)
    {
        var counters = memory.Counters.Swap;
        return new SwapReport
        {
            Areas = [.. memory.SwapAreas.Select(area => new SwapAreaReport(area.Name, (ulong)area.Size << Page.Shift, (ulong)area.Used << Page.Shift, area.Priority))],
            PeakUsed = counters.PeakUsed,
            In = counters.In,
            Out = counters.Out,
            CleanOut = counters.CleanOut,
            CacheHits = counters.CacheHits,
            Readahead = counters.Readahead,
            ReadaheadHits = counters.ReadaheadHits,
            NoSlot = counters.Full,
            ReadErrors = counters.ReadErrors,
            WriteErrors = counters.WriteErrors,
            Compressed = options.CompressedSwap is null ? null : new CompressedSwapReport
            {
                Out = counters.CompressedOut,
                In = counters.CompressedIn,
                SameFilled = counters.SameFilled,
                PeakPages = counters.PeakCompressed,
                PeakPoolBytes = (ulong)counters.PeakPoolFrames << Page.Shift,
                CompressedTo = counters.Compressed == 0 ? 0 : (double)counters.CompressedBytes / (counters.Compressed * Page.Size),
                WrittenBack = counters.CompressedWrittenBack,
                RejectedBadly = counters.RejectedBadly,
                RejectedFull = counters.RejectedFull,
            },
        };
    }

    private static List<RegionReport> Regions(KernelMemory memory)
    {
        var faults = new Dictionary<RegionName, RegionFaults>(memory.RegionFaults.Ended);
        foreach (var space in memory.AddressSpaces)
        {
            foreach (var region in space.Regions)
            {
                var name = new RegionName(space.ProcessTag, region.Name);
                var sum = faults.GetValueOrDefault(name);
                var more = region.Faults;
                faults[name] = new RegionFaults(sum.Minor + more.Minor, sum.Major + more.Major, sum.CopyOnWrite + more.CopyOnWrite, sum.Zero + more.Zero);
            }
        }

        return
        [
            .. faults.Where(entry => entry.Value.Total > 0)
                .OrderByDescending(entry => entry.Value.Total).ThenBy(entry => entry.Key.Process).ThenBy(entry => entry.Key.Name, StringComparer.Ordinal)
                .Take(BusiestShown)
                .Select(entry => new RegionReport(
                    entry.Key.Process, NameOf(entry.Key.Name), entry.Value.Minor, entry.Value.Major, entry.Value.CopyOnWrite, entry.Value.Zero)),
        ];
    }

    private static string NameOf(string region) => region.Length == 0 ? "anonymous" : GuestText.ToHost(region);

    private static UnsupportedReport Unsupported(RunRemarks remarks) => new(
        [.. remarks.Syscalls.Select(entry => new UnsupportedSystemCall(entry.Key, entry.Value))],
        [.. remarks.Instructions.Select(Describe).OfType<UnsupportedInstructionReport>()]);

    private static RefusedReport Refused(GuestKernel kernel) => new(
        [.. kernel.Remarks.Refusals.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => new RefusedCall(entry.Key, entry.Value))],
        kernel.Memory.Counters.PromisesRefused,
        (ulong)kernel.Memory.Counters.LargestRefused << Page.Shift);

    // UD0, UD1 and UD2 are there to be invalid: a program that runs into one asked for it.
    private static UnsupportedInstructionReport? Describe(UnsupportedInstruction unsupported)
    {
        var bytes = unsupported.Bytes.ToArray();
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes), unsupported.Address.Value);
        decoder.Decode(out var instruction);
        if (instruction.Mnemonic is Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2)
        {
            return null;
        }

        var length = instruction.IsInvalid ? bytes.Length : instruction.Length;
        var text = instruction.IsInvalid ? "(invalid)" : instruction.ToString();
        return new UnsupportedInstructionReport(unsupported.Address.Value, Convert.ToHexStringLower(bytes.AsSpan(0, length)), text, unsupported.Count);
    }
}
