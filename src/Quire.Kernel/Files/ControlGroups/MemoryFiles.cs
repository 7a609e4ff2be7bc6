using System.Globalization;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>memory.*: what a group has of memory and may have (mm/memcontrol.c of Linux 6.1).</summary>
internal static class MemoryFiles
{
    // MAX_RECLAIM_RETRIES.
    private const int ReclaimRetries = 16;
    private const int MostSwappiness = 200;

    public static void AddTo(ControlGroupDirectory directory, GuestKernel kernel, ControlGroup group)
    {
        var groups = kernel.Memory.Groups;
        directory.Add(Controllers.Memory, "memory.stat", () => MemoryStatText.Render(kernel.Memory, group.Memory));
        directory.Add(Controllers.Memory, "memory.numa_stat", () => MemoryStatText.RenderByNode(kernel.Memory, group.Memory));
        directory.AddCommand(Controllers.Memory, "memory.reclaim", text => Reclaim(groups, group.Memory, text));
        if (group.IsRoot)
        {
            return;
        }

        AddUsage(directory, "memory.current", () => group.Memory.Usage);
        AddUsage(directory, "memory.peak", () => group.Memory.Peak);
        AddUsage(directory, "memory.swap.current", () => group.Memory.SwapUsage);
        AddUsage(directory, "memory.zswap.current", () => group.Memory.CompressedUsage);
        AddLimit(directory, "memory.min", () => group.Memory.Min, value => group.Memory.Min = value);
        AddLimit(directory, "memory.low", () => group.Memory.Low, value => group.Memory.Low = value);
        AddLimit(directory, "memory.high", () => group.Memory.High, value => SetHigh(groups, group.Memory, value));
        AddLimit(directory, "memory.max", () => group.Memory.Max, value => SetMax(groups, group.Memory, value));
        AddLimit(directory, "memory.swap.high", () => group.Memory.SwapHigh, value => group.Memory.SwapHigh = value);
        AddLimit(directory, "memory.swap.max", () => group.Memory.SwapMax, value => group.Memory.SwapMax = value);
        AddLimit(directory, "memory.zswap.max", () => group.Memory.CompressedMax, value => group.Memory.CompressedMax = value);
        directory.Add(Controllers.Memory, "memory.events", () => Events(group.Memory.Events), group.Notices.Memory);
        directory.Add(Controllers.Memory, "memory.events.local", () => Events(group.Memory.LocalEvents), group.Notices.LocalMemory);
        directory.Add(Controllers.Memory, "memory.swap.events", () => SwapEvents(group.Memory), group.Notices.Swap);
        directory.Add(Controllers.Memory, "memory.oom.group", () => group.Memory.DiesWhole ? "1\n" : "0\n", text => StoreDiesWhole(group.Memory, text));
    }

    private static void AddUsage(ControlGroupDirectory directory, string name, Func<long> bytes) =>
        directory.Add(Controllers.Memory, name, () => InPages(bytes()).ToString(CultureInfo.InvariantCulture) + "\n");

    private static void AddLimit(ControlGroupDirectory directory, string name, Func<long> get, Action<long> set) =>
        directory.Add(Controllers.Memory, name, () => ControlValue.Show(get()), text =>
        {
            var error = ControlValue.ReadBytes(text, out var bytes);
            if (error == Errno.None)
            {
                set(bytes);
            }

            return error;
        });

    // Kernel objects are charged by the byte; Linux shows whole pages.
    private static long InPages(long bytes) => (bytes + Page.Size - 1) & ~(Page.Size - 1L);

    private static void SetHigh(MemoryGroups groups, MemoryGroup group, long value)
    {
        group.High = value;
        groups.FreeDownTo(group, value);
    }

    private static void SetMax(MemoryGroups groups, MemoryGroup group, long value)
    {
        group.Max = value;
        groups.Enforce(group);
    }

    // An amount, and as since Linux 6.9 a swappiness for this once.
    private static Errno Reclaim(MemoryGroups groups, MemoryGroup group, string text)
    {
        const string option = "swappiness=";
        var words = ControlValue.Strip(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int? swappiness = null;
        foreach (var word in words.Skip(1))
        {
            if (!word.StartsWith(option, StringComparison.Ordinal)
                || ControlValue.ReadNumber(word[option.Length..], out int wanted) != Errno.None || wanted is < 0 or > MostSwappiness)
            {
                return Errno.EINVAL;
            }

            swappiness = wanted;
        }

        var error = ControlValue.ReadBytes(words.FirstOrDefault(""), out var bytes);
        if (error != Errno.None)
        {
            return error;
        }

        var left = bytes >> Page.Shift;
        for (var retries = ReclaimRetries; left > 0 && retries > 0;)
        {
            var freed = groups.TryToFree(group, left, swappiness);
            left -= freed;
            retries -= freed == 0 ? 1 : 0;
        }

        return left > 0 ? Errno.EAGAIN : Errno.None;
    }

    private static string Events(MemoryGroupEvents events) =>
        string.Create(CultureInfo.InvariantCulture, $"low {events[MemoryGroupEvent.Low]}\nhigh {events[MemoryGroupEvent.High]}\nmax {events[MemoryGroupEvent.Max]}\noom {events[MemoryGroupEvent.OutOfMemory]}\noom_kill {events[MemoryGroupEvent.Kill]}\noom_group_kill {events[MemoryGroupEvent.GroupKill]}\n");

    private static string SwapEvents(MemoryGroup group) =>
        string.Create(CultureInfo.InvariantCulture, $"high {group.Events[MemoryGroupEvent.SwapHigh]}\nmax {group.Events[MemoryGroupEvent.SwapMax]}\nfail {group.Events[MemoryGroupEvent.SwapFail]}\n");

    private static Errno StoreDiesWhole(MemoryGroup group, string text)
    {
        var error = ControlValue.ReadNumber(text, out int value);
        if (error != Errno.None || value is < 0 or > 1)
        {
            return error != Errno.None ? error : Errno.EINVAL;
        }

        group.DiesWhole = value == 1;
        return Errno.None;
    }
}
