using System.Globalization;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>
/// cpu.* and cpuset.* (kernel/sched/core.c, kernel/cgroup/cpuset.c of Linux 6.1). What threads use is counted; shares, quotas and sets of CPUs are not there
/// yet: their files show what is the case, and settings that would change it are refused (EOPNOTSUPP).
/// </summary>
internal static class CpuFiles
{
    private const long NanosecondsPerMicrosecond = 1_000;
    private const int StandardWeight = 100;
    private const int StandardPeriod = 100_000;
    private const int ShortestPeriod = 1_000;
    private const int LongestPeriod = 1_000_000;
    private const string Unlimited = "max";

    public static void AddTo(ControlGroupDirectory directory, GuestKernel kernel, ControlGroup group)
    {
        directory.Add(Controllers.None, "cpu.stat", () => Statistics(group));
        var cpus = List(kernel.Options.CpuCount);
        directory.Add(Controllers.CpuSet, "cpuset.cpus.effective", () => cpus);
        directory.Add(Controllers.CpuSet, "cpuset.mems.effective", () => "0\n");
        if (group.IsRoot)
        {
            return;
        }

        directory.Add(Controllers.CpuSet, "cpuset.cpus", () => "\n", text => AcceptOnly(text, "", cpus));
        directory.Add(Controllers.CpuSet, "cpuset.mems", () => "\n", text => AcceptOnly(text, "", "0"));
        directory.Add(Controllers.Cpu, "cpu.idle", () => "0\n", text => AcceptNumber(text, 0, 0, 1, Errno.EINVAL));
        directory.Add(Controllers.Cpu, "cpu.max", () => $"{Unlimited} {StandardPeriod}\n", StoreMost);
        directory.Add(Controllers.Cpu, "cpu.max.burst", () => "0\n", text => AcceptNumber(text, 0, 0, int.MaxValue, Errno.EINVAL));
        directory.Add(Controllers.Cpu, "cpu.weight", () => $"{StandardWeight}\n", text => AcceptNumber(text, StandardWeight, 1, 10_000, Errno.ERANGE));
        directory.Add(Controllers.Cpu, "cpu.weight.nice", () => "0\n", text => AcceptNumber(text, 0, -20, 19, Errno.ERANGE));
    }

    // Nothing is ever throttled.
    private static string Statistics(ControlGroup group)
    {
        var times = group.Times;
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"usage_usec {Microseconds(times.All)}\nuser_usec {Microseconds(times.User)}\nsystem_usec {Microseconds(times.System)}\n");
        return group.IsRoot || (group.Available & Controllers.Cpu) == 0
            ? text : text + "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n";
    }

    private static string List(int cpus) => cpus == 1 ? "0\n" : string.Create(CultureInfo.InvariantCulture, $"0-{cpus - 1}\n");

    private static Errno StoreMost(string text)
    {
        var words = ControlValue.Strip(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2)
        {
            return Errno.EINVAL;
        }

        var quota = 0L;
        var period = (long)StandardPeriod;
        if ((words[0] != Unlimited && ControlValue.ReadNumber(words[0], out quota) != Errno.None)
            || (words.Length == 2 && ControlValue.ReadNumber(words[1], out period) != Errno.None))
        {
            return Errno.EINVAL;
        }

        // tg_set_cfs_bandwidth: at least a millisecond of at most a second.
        return period is < ShortestPeriod or > LongestPeriod || (words[0] != Unlimited && quota < ShortestPeriod) ? Errno.EINVAL
            : words[0] == Unlimited && period == StandardPeriod ? Errno.None : Errno.ENOTSUP;
    }

    private static Errno AcceptNumber(string text, int only, int least, int most, Errno outside)
    {
        var error = ControlValue.ReadNumber(text, out int number);
        return error != Errno.None ? error : number < least || number > most ? outside : number == only ? Errno.None : Errno.ENOTSUP;
    }

    private static Errno AcceptOnly(string text, params string[] same)
    {
        text = ControlValue.Strip(text);
        return same.Any(known => ControlValue.Strip(known) == text) ? Errno.None : IsList(text) ? Errno.ENOTSUP : Errno.EINVAL;
    }

    // Numbers and ranges with commas between them (bitmap_parselist).
    private static bool IsList(string text) =>
        text.Split(',').All(part => part.Split('-') is { Length: 1 or 2 } ends && ends.All(end => ControlValue.ReadNumber(end, out int _) == Errno.None));

    private static long Microseconds(VirtualTime time) => time.Nanoseconds / NanosecondsPerMicrosecond;
}
