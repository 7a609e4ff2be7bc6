using System.Globalization;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/stat, statm, status, limits, io (fs/proc/array.c, Linux 6.1). The thread is null for the process as a whole.</summary>
internal static class ProcessText
{

    private static readonly (string Name, Resource Resource, string Unit)[] LimitLines =
    [
        ("Max cpu time", Resource.CpuSeconds, "seconds"),
        ("Max file size", Resource.FileSize, "bytes"),
        ("Max data size", Resource.Data, "bytes"),
        ("Max stack size", Resource.Stack, "bytes"),
        ("Max core file size", Resource.Core, "bytes"),
        ("Max resident set", Resource.ResidentSet, "bytes"),
        ("Max processes", Resource.Processes, "processes"),
        ("Max open files", Resource.OpenFiles, "files"),
        ("Max locked memory", Resource.LockedMemory, "bytes"),
        ("Max address space", Resource.AddressSpace, "bytes"),
        ("Max file locks", Resource.FileLocks, "locks"),
        ("Max pending signals", Resource.PendingSignals, "signals"),
        ("Max msgqueue size", Resource.MessageQueues, "bytes"),
        ("Max nice priority", Resource.Nice, ""),
        ("Max realtime priority", Resource.RealTimePriority, ""),
        ("Max realtime timeout", Resource.RealTimeMicroseconds, "us"),
    ];

    public static string NameOf(GuestProcess process, GuestThread? thread)
    {
        if ((thread ?? process.Threads.FirstOrDefault()) is { } named)
        {
            return named.Name;
        }

        const int LongestName = 15;
        var name = process.ExecutablePath[(process.ExecutablePath.LastIndexOf('/') + 1)..];
        return name.Length > LongestName ? name[..LongestName] : name;
    }

    public static string Statistics(GuestProcess process, GuestThread? thread)
    {
        var usage = thread?.Usage ?? process.Usage();
        var first = thread ?? process.Threads.FirstOrDefault();
        var space = process.IsZombie ? null : process.Space;
        var spans = space?.Spans ?? default;
        var pending = (first?.Pending.Set ?? default) | process.Pending.Set;
        var terminal = process.Session.Terminal;
        var fields = new List<string>
        {
            Number(first?.ThreadId ?? process.ProcessId),
            $"({NameOf(process, thread)})",
            StateOf(process, first).ToString(),
            Number(process.ParentId),
            Number(process.GroupId),
            Number(process.Session.SessionId),
            Number(terminal?.DeviceNumber ?? 0),
            Number(terminal?.ForegroundGroup ?? -1),
            Number(4_194_304),
            Number(usage.MinorFaults),
            Number(process.ChildrenUsage.MinorFaults),
            Number(usage.MajorFaults),
            Number(process.ChildrenUsage.MajorFaults),
            Number(Ticks(usage.User)),
            Number(Ticks(usage.System)),
            Number(Ticks(process.ChildrenUsage.User)),
            Number(Ticks(process.ChildrenUsage.System)),
            Number(20 + process.Niceness),
            Number(process.Niceness),
            Number(Math.Max(1, process.Threads.Count)),
            "0",
            Number(Ticks(process.StartTime)),
            Number((space?.Counters.TotalPages ?? 0) << Page.Shift),
            Number(space?.Counters.Resident ?? 0),
            process.Limits[Resource.ResidentSet].Soft.ToString(CultureInfo.InvariantCulture),
            Address(spans.Code.Start),
            Address(spans.Code.End),
            Address(spans.StackStart),
            "0",
            "0",
            Signals(pending),
            Signals(first?.SignalMask ?? default),
            Signals(Ignored(process)),
            Signals(Caught(process)),
            first is { State: RunState.Sleeping } ? "1" : "0",
            "0",
            "0",
            Number((int)process.ExitSignal),
            Number(first?.LastCpu ?? 0),
            "0",
            "0",
            "0",
            "0",
            "0",
            Address(spans.Data.Start),
            Address(spans.Data.End),
            Address(space is null ? default : HeapStart(space)),
            Address(spans.Arguments.Start),
            Address(spans.Arguments.End),
            Address(spans.Environment.Start),
            Address(spans.Environment.End),
            "0",
        };
        return string.Join(' ', fields) + "\n";
    }

    public static string MemoryStatistics(GuestProcess process)
    {
        if (process.IsZombie)
        {
            return "0 0 0 0 0 0 0\n";
        }

        var counters = process.Space.Counters;
        var text = Pages(process.Space.Spans.Code);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{counters.TotalPages} {counters.Resident} {counters.ResidentFile + counters.ResidentShared} {text} 0 {counters.DataPages + counters.StackPages} 0\n");
    }

    public static string Status(GuestProcess process, GuestThread? thread)
    {
        var first = thread ?? process.Threads.FirstOrDefault();
        var who = process.Credentials;
        var usage = thread?.Usage ?? process.Usage();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Name:\t{NameOf(process, thread)}\n");
        if (!process.IsZombie)
        {
            text.Append("Umask:\t").Append(Convert.ToString(process.FileContext.Umask, 8).PadLeft(4, '0')).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"State:\t{StateName(StateOf(process, first))}\nTgid:\t{process.ProcessId}\nNgid:\t0\n")
            .Append(CultureInfo.InvariantCulture, $"Pid:\t{first?.ThreadId ?? process.ProcessId}\nPPid:\t{process.ParentId}\nTracerPid:\t0\n")
            .Append(CultureInfo.InvariantCulture, $"Uid:\t{who.RealUserId}\t{who.EffectiveUserId}\t{who.SavedUserId}\t{who.FileUserId}\n")
            .Append(CultureInfo.InvariantCulture, $"Gid:\t{who.RealGroupId}\t{who.EffectiveGroupId}\t{who.SavedGroupId}\t{who.FileGroupId}\n")
            .Append(CultureInfo.InvariantCulture, $"FDSize:\t{DescriptorSpace(process)}\nGroups:\t{string.Concat(who.Groups.Select(group => Number(group) + " "))}\n")
            .Append(CultureInfo.InvariantCulture, $"NStgid:\t{process.ProcessId}\nNSpid:\t{first?.ThreadId ?? process.ProcessId}\nNSpgid:\t{process.GroupId}\nNSsid:\t{process.Session.SessionId}\n");
        if (!process.IsZombie)
        {
            AppendMemory(text, process.Space);
        }

        var pending = process.Limits[Resource.PendingSignals].Soft;
        text.Append(CultureInfo.InvariantCulture, $"Threads:\t{Math.Max(1, process.Threads.Count)}\nSigQ:\t0/{pending}\n")
            .Append(CultureInfo.InvariantCulture, $"SigPnd:\t{(first?.Pending.Set ?? default).Bits:x16}\nShdPnd:\t{process.Pending.Set.Bits:x16}\n")
            .Append(CultureInfo.InvariantCulture, $"SigBlk:\t{(first?.SignalMask ?? default).Bits:x16}\nSigIgn:\t{Ignored(process).Bits:x16}\nSigCgt:\t{Caught(process).Bits:x16}\n");
        text.Append(CultureInfo.InvariantCulture, $"CapInh:\t{who.Inheritable.Bits:x16}\nCapPrm:\t{who.Permitted.Bits:x16}\nCapEff:\t{who.Effective.Bits:x16}\nCapBnd:\t{who.Bounding.Bits:x16}\nCapAmb:\t{who.Ambient.Bits:x16}\n")
            .Append(CultureInfo.InvariantCulture, $"NoNewPrivs:\t{(who.GainsNothing ? 1 : 0)}\n")
            .Append("Seccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot vulnerable\nSpeculationIndirectBranch:\tnot affected\n");
        var cpus = process.Kernel.Options.CpuCount;
        var mask = cpus >= 64 ? ulong.MaxValue : (1UL << cpus) - 1;
        text.Append(CultureInfo.InvariantCulture, $"Cpus_allowed:\t{mask:x}\nCpus_allowed_list:\t{(cpus == 1 ? "0" : $"0-{cpus - 1}")}\nMems_allowed:\t1\nMems_allowed_list:\t0\n")
            .Append(CultureInfo.InvariantCulture, $"voluntary_ctxt_switches:\t{usage.VoluntarySwitches}\nnonvoluntary_ctxt_switches:\t{usage.InvoluntarySwitches}\n");
        return text.ToString();
    }

    /// <summary>/proc/PID/cgroup, as whoever reads it sees the tree.</summary>
    /// <param name="thread">Null: of the process' first thread.</param>
    public static string ControlGroup(GuestProcess process, GuestThread? thread)
    {
        var group = (thread ?? process.Threads.FirstOrDefault())?.ControlGroup ?? process.ControlGroup;
        var root = process.Kernel.Running?.Process.ControlGroupRoot ?? process.Kernel.ControlGroups.Root;
        return $"0::{group.PathFrom(root)}{(group.IsRemoved ? " (deleted)" : "")}\n";
    }

    public static string Limits(GuestProcess process)
    {
        var text = new StringBuilder("Limit                     Soft Limit           Hard Limit           Units     \n");
        foreach (var (name, resource, unit) in LimitLines)
        {
            var limit = process.Limits[resource];
            text.Append(CultureInfo.InvariantCulture, $"{name,-25} {LimitValue(limit.Soft),-20} {LimitValue(limit.Hard),-20} {unit,-10}\n");
        }

        return text.ToString();
    }

    public static string InputOutput(GuestProcess process)
    {
        var usage = process.Usage();
        usage.Add(process.ChildrenUsage);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"rchar: {usage.ReadBytes}\nwchar: {usage.WrittenBytes}\nsyscr: {usage.ReadCalls}\nsyscw: {usage.WriteCalls}\nread_bytes: {usage.ReadBlocks * CpuUsage.BlockBytes}\nwrite_bytes: {usage.WrittenBlocks * CpuUsage.BlockBytes}\ncancelled_write_bytes: 0\n");
    }

    public static string WaitChannel(GuestProcess process, GuestThread? thread) =>
        (thread ?? process.Threads.FirstOrDefault()) is { State: RunState.Sleeping, Call.Syscall: { } syscall } ? $"do_{syscall.Name}" : "0";

    private static void AppendMemory(StringBuilder text, AddressSpace space)
    {
        var counters = space.Counters;

        void Line(string name, long pages) => text.Append(CultureInfo.InvariantCulture, $"{name}:\t{pages * (Page.Size / 1024),8} kB\n");

        Line("VmPeak", counters.PeakTotalPages);
        Line("VmSize", counters.TotalPages);
        Line("VmLck", counters.LockedPages);
        Line("VmPin", 0);
        Line("VmHWM", counters.PeakResident);
        Line("VmRSS", counters.Resident);
        Line("RssAnon", counters.ResidentAnonymous);
        Line("RssFile", counters.ResidentFile);
        Line("RssShmem", counters.ResidentShared);
        Line("VmData", counters.DataPages);
        Line("VmStk", counters.StackPages);
        var program = Pages(space.Spans.Code);
        Line("VmExe", program);
        Line("VmLib", Math.Max(0, counters.ExecutablePages - program));
        Line("VmPTE", (long)(space.PageTableBytes >> Page.Shift));
        Line("VmSwap", counters.Swapped);
        text.Append(CultureInfo.InvariantCulture, $"HugetlbPages:\t{counters.ReservedHugeBytes / 1024,8} kB\nCoreDumping:\t0\n");
        text.Append(CultureInfo.InvariantCulture, $"THP_enabled:\t{(space.HugePageConsent == HugePageConsent.Given ? 1 : 0)}\n");
    }

    private static char StateOf(GuestProcess process, GuestThread? thread) =>
        process.IsZombie || thread is null ? 'Z' : process.IsStopped ? 'T' : (char)thread.State;

    private static string StateName(char state) => state switch
    {
        'R' => "R (running)",
        'S' => "S (sleeping)",
        'D' => "D (disk sleep)",
        'T' => "T (stopped)",
        _ => "Z (zombie)",
    };

    private static int DescriptorSpace(GuestProcess process) =>
        process.IsZombie ? 0 : (int)Math.Max(64, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)process.Descriptors.End));

    private static SignalSet Ignored(GuestProcess process) => Having(process, handler => handler == SignalAction.Ignore);

    private static SignalSet Caught(GuestProcess process) => Having(process, handler => handler > SignalAction.Ignore);

    private static SignalSet Having(GuestProcess process, Func<ulong, bool> test)
    {
        var set = SignalSet.Empty;
        for (var signal = (Signal)1; signal <= Signal.Last; signal++)
        {
            set |= test(process.Handlers[signal].Handler) ? SignalSet.Of(signal) : SignalSet.Empty;
        }

        return set;
    }

    private static VirtualAddress HeapStart(AddressSpace space) =>
        space.Regions.FirstOrDefault(region => region.Name == "[heap]")?.Range.Start ?? default;

    private static long Pages(VirtualRange range) => range.IsEmpty ? 0 : (long)((Page.RoundUp(range.End.Value) - Page.RoundDown(range.Start.Value)) >> Page.Shift);

    private static long Ticks(VirtualTime time) => time.Nanoseconds / MachineText.NanosecondsPerTick;

    private static string LimitValue(ulong value) => value == ResourceLimit.Infinity ? "unlimited" : value.ToString(CultureInfo.InvariantCulture);

    // The four old 32-bit masks of /proc/PID/stat.
    private static string Signals(SignalSet set) => Number((long)(set.Bits & 0x7FFF_FFFF));

    private static string Address(VirtualAddress address) => address.Value.ToString(CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
