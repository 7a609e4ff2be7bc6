using System.Text.Json.Serialization;

namespace Quire.Observation.Runs;

/// <summary>What a run of the machine did, in numbers. Property names are the JSON names of docs/run-report.md and stay as they are; units are in the names.</summary>
public sealed record RunReport
{
    public required string Program { get; init; }

    /// <summary>finished, notStarted, deadlock, instructionLimit, timeLimit or interrupted.</summary>
    public required string End { get; init; }

    /// <summary>As a shell reports it: the exit code, or 128 + signal.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The signal that killed the first process; null if it exited.</summary>
    public required string? Signal { get; init; }

    public required long Instructions { get; init; }

    public required double WallSeconds { get; init; }

    public required double VirtualSeconds { get; init; }

    public required double UserSeconds { get; init; }

    public required double SystemSeconds { get; init; }

    public required int Cpus { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Processes that existed, the first included.</summary>
    public required long Processes { get; init; }

    public required long SystemCalls { get; init; }

    public required FaultReport Faults { get; init; }

    public required TlbReport Tlb { get; init; }

    public required MemoryReport Memory { get; init; }

    public required PageCacheReport PageCache { get; init; }

    public required ReclaimReport Reclaim { get; init; }

    public required PressureReport Pressure { get; init; }

    public required LoadControlReport LoadControl { get; init; }

    public required MergingReport Merging { get; init; }
    public required HugePageReport HugePages { get; init; }

    /// <summary>Null without swap areas.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SwapReport? Swap { get; init; }

    /// <summary>At most five, the one with the most faults first.</summary>
    public required IReadOnlyList<RegionReport> BusiestRegions { get; init; }

    public required UnsupportedReport Unsupported { get; init; }

    public RefusedReport Refused { get; init; } = new([], 0, 0);

    /// <summary>Processes killed because no memory was left.</summary>
    public required IReadOnlyList<OutOfMemoryReport> OutOfMemory { get; init; }

    /// <summary>Control groups below the root, those that were removed among them.</summary>
    public required IReadOnlyList<GroupReport> Groups { get; init; }

    /// <summary>What was to outlive the run and does not, a line each: files of the layer, files of bound directories.</summary>
    public IReadOnlyList<string> NotKept { get; init; } = [];

    /// <summary>What this program may not do on the host any more once the guests run.</summary>
    public required ConfinementReport Confinement { get; init; }

    /// <summary>For a deadlock: who waits where.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}

/// <summary>Faults by what resolving them took. Minor and major add up to all; the others say how.</summary>
public sealed record FaultReport
{
    public required long Minor { get; init; }

    public required long Major { get; init; }

    public required long CopyOnWrite { get; init; }

    /// <summary>Copy-on-write faults that took the page over because nobody else had it.</summary>
    public required long CopyOnWriteReused { get; init; }

    public required long PagesCopied { get; init; }

    public required long ZeroFill { get; init; }

    /// <summary>Reads served with the shared zero page.</summary>
    public required long ZeroPage { get; init; }

    /// <summary>Of the faults served with a zeroed frame, those whose page had been read before, as the shared zero page.</summary>
    public long ZeroPageWrites { get; init; }

    /// <summary>Writes to pages that nobody else had, mapped without the right to write.</summary>
    public long MadeWritable { get; init; }

    public required long File { get; init; }

    public required long StackGrowth { get; init; }

    public required long SwapIn { get; init; }
}

/// <summary>Hits and misses of one translation cache.</summary>
public sealed record TlbLevelReport(ulong Hits, ulong Misses);

/// <summary>The TLB model's counts, summed over CPUs. With the model off only references of data and code are known, as hits.</summary>
public sealed record TlbReport
{
    public required bool Modelled { get; init; }

    public required TlbLevelReport Data { get; init; }

    public required TlbLevelReport Code { get; init; }

    public required TlbLevelReport Second { get; init; }

    public required ulong Walks { get; init; }

    /// <summary>Table entries read by walks.</summary>
    public required ulong WalkReferences { get; init; }

    /// <summary>Walks that ended at a 2 MiB or 1 GiB leaf.</summary>
    public required ulong HugeWalks { get; init; }

    /// <summary>Table entries that these walks did not read: one for each 2 MiB leaf, two for each 1 GiB leaf.</summary>
    public required ulong WalkReferencesSaved { get; init; }

    public required ulong Flushes { get; init; }

    public required ulong Shootdowns { get; init; }
}

/// <summary>Sizes in bytes; all but RamBytes are the largest during the run.</summary>
public sealed record MemoryReport
{
    public required ulong RamBytes { get; init; }

    public required ulong PeakResidentBytes { get; init; }

    public required ulong PageTableBytes { get; init; }

    public required ulong KernelBytes { get; init; }
}

/// <summary>The page cache; amounts in pages of 4 KiB.</summary>
public sealed record PageCacheReport
{
    public required long Hits { get; init; }

    public required long Misses { get; init; }

    public required long ReadaheadPages { get; init; }

    public required long PagesRead { get; init; }

    public required long PagesWritten { get; init; }
}

/// <summary>What reclaim did; amounts in pages of 4 KiB.</summary>
public sealed record ReclaimReport
{
    /// <summary>Pages looked at.</summary>
    public required long Scanned { get; init; }

    public required long Evictions { get; init; }

    public required long EvictedAnonymous { get; init; }

    public required long EvictedFile { get; init; }

    /// <summary>Of the evictions, those by the background reclaimer.</summary>
    public required long Background { get; init; }

    /// <summary>Allocations that had to reclaim first.</summary>
    public required long Stalls { get; init; }

    /// <summary>Pages that the policy was told came in, 0 with Linux's lists: what quire replay calls faults.</summary>
    public required long Admissions { get; init; }

    /// <summary>References of the run that the one before it, from which the optimum knows the future, did not make there; null with other policies.</summary>
    public required long? Unforeseen { get; init; }

    /// <summary>Pages written to swap and to files.</summary>
    public required long Writes { get; init; }

    /// <summary>Evicted pages that came back.</summary>
    public required long Refaults { get; init; }

    /// <summary>Evictions of other pages between a page's own and its return, in the middle of all refaults; null without any.</summary>
    public required long? MedianRefaultDistance { get; init; }
}

/// <summary>Pressure stall information of the whole machine: virtual time in which some programs, or all that were not idle, were held up.</summary>
/// <param name="MemorySomeSeconds">By reclaim, by reading evicted pages again, by memory.high.</param>
/// <param name="CpuSomeSeconds">By waiting for a CPU.</param>
/// <param name="IoSomeSeconds">By devices, for whatever reason.</param>
public sealed record PressureReport(double MemorySomeSeconds, double MemoryFullSeconds, double CpuSomeSeconds, double IoSomeSeconds);

/// <param name="ThrashingSeconds">Virtual time in which programs got little done because threads waited for pages that had been evicted.</param>
/// <param name="Suspensions">Times that load control suspended a process.</param>
/// <param name="SuspendedSeconds">Virtual time of all suspended processes together.</param>
/// <param name="LastSuspensionSeconds">When thrashing last had a process suspended, in virtual time since the start; 0: never.</param>
public sealed record LoadControlReport(double ThrashingSeconds, long Suspensions, double SuspendedSeconds, double LastSuspensionSeconds);

/// <summary>Same-page merging.</summary>
public sealed record MergingReport
{
    /// <summary>Pages that gave their frame up for an equal one.</summary>
    public required long PagesMerged { get; init; }

    /// <summary>Most that was saved at the end of any round through memory.</summary>
    public required ulong PeakSavedBytes { get; init; }

    public required long PagesScanned { get; init; }

    public required long FullScans { get; init; }
}

/// <summary>Faults in one region of one process.</summary>
public sealed record RegionReport(int Process, string Name, long Minor, long Major, long CopyOnWrite, long ZeroFill)
{
    [JsonIgnore]
    public long Faults => Minor + Major;
}

/// <summary>What programs asked for and the machine does not have.</summary>
public sealed record UnsupportedReport(
    IReadOnlyList<UnsupportedSystemCall> SystemCalls, IReadOnlyList<UnsupportedInstructionReport> Instructions)
{
    [JsonIgnore]
    public bool IsEmpty => SystemCalls.Count == 0 && Instructions.Count == 0;
}

/// <summary>What programs asked for and were not given, though the call itself is there.</summary>
/// <param name="Calls">By name, the most frequent first.</param>
/// <param name="Promises">Requests for memory beyond what may be promised (overcommit).</param>
/// <param name="LargestPromiseBytes">The largest of these.</param>
public sealed record RefusedReport(IReadOnlyList<RefusedCall> Calls, long Promises, ulong LargestPromiseBytes);

/// <param name="Name">The call and what of it: "socket AF_INET", "prctl PR_SET_SECCOMP".</param>
public sealed record RefusedCall(string Name, long Count);

public sealed record UnsupportedSystemCall(ulong Number, long Count);

/// <param name="Bytes">In hexadecimal, from the instruction's first byte on.</param>
public sealed record UnsupportedInstructionReport(ulong Address, string Bytes, string Text, long Count);

/// <summary>A process that was killed because memory ran out.</summary>
public sealed record OutOfMemoryReport(int Process, string Name, ulong ResidentBytes)
{
    /// <summary>noFrame, groupLimit or thrashing.</summary>
    public required string Cause { get; init; }

    /// <summary>Path of the control group it was in, and of the one whose limit was met.</summary>
    public required string Group { get; init; }

    public required string Limit { get; init; }

    public required ulong SwapBytes { get; init; }

    public required ulong PageTableBytes { get; init; }

    /// <summary>oom_score_adj.</summary>
    public required int Adjustment { get; init; }
}

/// <summary>One control group and all below it.</summary>
public sealed record GroupReport
{
    public required string Path { get; init; }

    public required ulong PeakBytes { get; init; }

    /// <summary>When the run or the group ended.</summary>
    public required ulong CurrentBytes { get; init; }

    public required ulong SwapPeakBytes { get; init; }

    /// <summary>memory.max; null for none.</summary>
    public required ulong? MaxBytes { get; init; }

    public required GroupEventsReport Events { get; init; }

    /// <summary>Processes killed for want of memory.</summary>
    public required long Kills { get; init; }
}

/// <summary>Lines of memory.events.</summary>
public sealed record GroupEventsReport(long Low, long High, long Max, long OutOfMemory);
