using System.Globalization;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>pids.*: how many tasks a group has and may have (kernel/cgroup/pids.c of Linux).</summary>
internal static class PidsFiles
{
    // PID_MAX_LIMIT.
    private const long MostIds = 4_194_304;

    public static void AddTo(ControlGroupDirectory directory, ControlGroup group)
    {
        if (group.IsRoot)
        {
            return;
        }

        directory.Add(Controllers.Pids, "pids.current", () => group.TaskCount.ToString(CultureInfo.InvariantCulture) + "\n");
        directory.Add(Controllers.Pids, "pids.events", () => string.Create(CultureInfo.InvariantCulture, $"max {group.RefusedForks}\n"), group.Notices.Tasks);
        directory.Add(Controllers.Pids, "pids.max", () => ControlValue.Show(group.MostTasks), text => StoreMost(group, text));
    }

    private static Errno StoreMost(ControlGroup group, string text)
    {
        var error = ControlValue.ReadCount(text, out var most);
        if (error != Errno.None)
        {
            return error;
        }

        if (most < 0 || (most > MostIds && most != ControlGroup.Unlimited))
        {
            return Errno.EINVAL;
        }

        group.MostTasks = most;
        return Errno.None;
    }
}
