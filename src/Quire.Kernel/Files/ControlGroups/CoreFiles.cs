using System.Globalization;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>The cgroup.* files, which every group has.</summary>
internal static class CoreFiles
{
    /// <summary>Whoever may write to it may move processes below it.</summary>
    public const string Members = "cgroup.procs";

    public static void AddTo(ControlGroupDirectory directory, GuestKernel kernel, ControlGroup group)
    {
        directory.Add(Controllers.None, "cgroup.controllers", () => ControllerNames.List(group.Available));
        directory.Add(Controllers.None, "cgroup.max.depth", () => ControlValue.Show(group.MostLevels), text => StoreMost(text, most => group.MostLevels = most));
        directory.Add(Controllers.None, "cgroup.max.descendants", () => ControlValue.Show(group.MostDescendants), text => StoreMost(text, most => group.MostDescendants = most));
        directory.Add(
            Controllers.None,
            Members,
            () => Lines(group.Processes.Select(process => process.ProcessId)),
            (writer, opener, text) => Move(directory, writer, opener, text),
            () => group.IsThreaded ? Errno.ENOTSUP : Errno.None);
        directory.Add(Controllers.None, "cgroup.stat", () => Statistics(kernel, group));
        directory.Add(Controllers.None, "cgroup.subtree_control", () => ControllerNames.List(group.HandedDown), (writer, _, text) => HandDown(writer, group, text));
        directory.Add(
            Controllers.None,
            "cgroup.threads",
            () => Lines(group.Threads.Select(thread => thread.ThreadId)),
            (writer, opener, text) => MoveThread(directory, writer, opener, text));
        directory.Add(
            Controllers.None, "cgroup.pressure", () => group.Pressure.IsAccounted ? "1\n" : "0\n", text => SetAccounting(kernel.Pressure.Look(group.Pressure), text));
        directory.AddPressure("cpu.pressure", PressureResource.Cpu);
        directory.AddPressure("io.pressure", PressureResource.Io);
        directory.AddPressure("memory.pressure", PressureResource.Memory);
        if (group.IsRoot)
        {
            return;
        }

        directory.Add(Controllers.None, "cgroup.events", () => $"populated {(group.IsPopulated ? 1 : 0)}\nfrozen {(group.HasFrozen ? 1 : 0)}\n", group.Notices.Group);
        directory.Add(Controllers.None, "cgroup.freeze", () => group.AsksToFreeze ? "1\n" : "0\n", text => Freeze(group, text));
        directory.AddCommand(Controllers.None, "cgroup.kill", text => Kill(group, text));
        directory.Add(
            Controllers.None, "cgroup.type", () => TypeOf(group), text => ControlValue.Strip(text) == "threaded" ? kernel.ControlGroups.MakeThreaded(group) : Errno.EINVAL);
    }

    private static string Lines(IEnumerable<int> numbers) => string.Concat(numbers.Select(number => number.ToString(CultureInfo.InvariantCulture) + "\n"));

    private static Errno StoreMost(string text, Action<long> set)
    {
        var error = ControlValue.ReadCount(text, out var most);
        if (error != Errno.None)
        {
            return error;
        }

        if (most < 0 || (most > int.MaxValue && most != ControlGroup.Unlimited))
        {
            return Errno.ERANGE;
        }

        set(most);
        return Errno.None;
    }

    private static string TypeOf(ControlGroup group) =>
        group.IsThreaded ? "threaded\n" : !group.IsValidDomain ? "domain invalid\n" : group.IsThreadRoot ? "domain threaded\n" : "domain\n";

    private static Errno Move(ControlGroupDirectory directory, GuestThread writer, FileOpener opener, string text)
    {
        var error = Find(writer, text, out var thread);
        error = error != Errno.None ? error : directory.CheckMove(opener, thread!.Process.ControlGroup, directory.Group);
        return error != Errno.None ? error : ControlGroupTree.Move(thread!.Process, directory.Group);
    }

    private static Errno MoveThread(ControlGroupDirectory directory, GuestThread writer, FileOpener opener, string text)
    {
        var error = Find(writer, text, out var thread);
        error = error != Errno.None ? error : directory.CheckMove(opener, thread!.ControlGroup, directory.Group);
        return error != Errno.None ? error : ControlGroupTree.MoveThread(thread!, directory.Group);
    }

    // cgroup_procs_write_start: 0 is whoever writes.
    private static Errno Find(GuestThread writer, string text, out GuestThread? thread)
    {
        thread = null;
        if (ControlValue.ReadNumber(text, out int id) != Errno.None || id < 0)
        {
            return Errno.EINVAL;
        }

        thread = id == 0 ? writer : writer.Kernel.Processes.FindThread(id);
        return thread is null ? Errno.ESRCH : Errno.None;
    }

    private static Errno HandDown(GuestThread writer, ControlGroup group, string text)
    {
        var more = Controllers.None;
        var fewer = Controllers.None;
        foreach (var word in ControlValue.Strip(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var controller = ControllerNames.Find(word[1..]);
            if (controller == Controllers.None || word[0] is not ('+' or '-'))
            {
                return Errno.EINVAL;
            }

            // The last word about a controller counts.
            more = word[0] == '+' ? more | controller : more & ~controller;
            fewer = word[0] == '-' ? fewer | controller : fewer & ~controller;
        }

        var error = writer.Kernel.ControlGroups.HandDown(group, more, fewer);
        ControlGroupTree.Follow(writer.Kernel);
        return error;
    }

    private static Errno SetAccounting(PressureGroup pressure, string text)
    {
        var error = ControlValue.ReadNumber(text, out int value);
        if (error != Errno.None || value is < 0 or > 1)
        {
            return error != Errno.None ? error : Errno.ERANGE;
        }

        pressure.IsAccounted = value == 1;
        return Errno.None;
    }

    private static Errno Freeze(ControlGroup group, string text)
    {
        var error = ControlValue.ReadNumber(text, out int state);
        if (error != Errno.None || state is < 0 or > 1)
        {
            return error != Errno.None ? error : Errno.ERANGE;
        }

        ControlGroupTree.Freeze(group, state == 1 ? FreezeState.Frozen : FreezeState.Thawed);
        return Errno.None;
    }

    private static Errno Kill(ControlGroup group, string text)
    {
        var error = ControlValue.ReadNumber(text, out int value);
        if (error != Errno.None || value != 1)
        {
            return error != Errno.None ? error : Errno.ERANGE;
        }

        if (group.IsThreaded)
        {
            return Errno.ENOTSUP;
        }

        ControlGroupTree.Kill(group);
        return Errno.None;
    }

    private static string Statistics(GuestKernel kernel, ControlGroup group)
    {
        var dying = kernel.Memory.Groups.Removed.Count(removed => group.Memory.Contains(removed) && removed != group.Memory);
        return $"nr_descendants {group.WithDescendants.Count() - 1}\nnr_dying_descendants {dying}\n";
    }
}
