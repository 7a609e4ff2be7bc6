using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Pressure;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Groups;

/// <summary>
/// The machine's one tree of control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst, kernel/cgroup/cgroup.c of Linux 6.1). The root hands
/// all controllers down from the start, as an init system would have it do.
/// </summary>
internal sealed class ControlGroupTree
{
    private const int MostEnded = 1024;

    private readonly MemoryGroups _memory;
    private readonly Queue<ControlGroupRecord> _ended = new();

    public ControlGroupTree(MemoryGroups memory, PressureGroup pressure)
    {
        _memory = memory;
        Root = new ControlGroup(null, "", memory.Root, pressure) { HandedDown = Controllers.All };
        First = Root;
    }

    public ControlGroup Root { get; }

    /// <summary>Where process 1 starts.</summary>
    public ControlGroup First { get; set; }

    /// <summary>Groups with memory of their own, those first that have been removed; the newest of those, when they are many.</summary>
    public IEnumerable<ControlGroupRecord> Records =>
        _ended.Concat(Root.WithDescendants.Skip(1).Where(group => (group.Available & Controllers.Memory) != 0).Select(ControlGroupRecord.Of));

    public Errno Create(ControlGroup parent, string name, out ControlGroup? created)
    {
        created = null;
        if (parent.IsRemoved)
        {
            return Errno.ENODEV;
        }

        if (name.Contains('\n', StringComparison.Ordinal))
        {
            return Errno.EINVAL;
        }

        var level = 1;
        for (var above = parent; above is not null; above = above.Parent, level++)
        {
            if (above.WithDescendants.Count() > above.MostDescendants || level > above.MostLevels)
            {
                return Errno.EAGAIN;
            }
        }

        created = new ControlGroup(parent, name, parent.Memory, parent.Pressure.CreateBelow());
        if ((parent.HandedDown & Controllers.Memory) != 0)
        {
            created.Memory = _memory.Create(parent.Memory, created.Path);
        }

        return Errno.None;
    }

    public Errno Remove(ControlGroup group)
    {
        if (group.IsRoot || group.Children.Count > 0 || group.HasTasks)
        {
            return Errno.EBUSY;
        }

        if ((group.Available & Controllers.Memory) != 0)
        {
            _ended.Enqueue(ControlGroupRecord.Of(group));
            if (_ended.Count > MostEnded)
            {
                _ended.Dequeue();
            }
        }

        group.Detach();
        ReleaseMemory(group);
        return Errno.None;
    }

    /// <summary>Makes a group below the root for the first program alone.</summary>
    public void StartIn(string name, ControlGroupOptions options)
    {
        Create(Root, name, out var group);
        var memory = group!.Memory;
        memory.Min = Bytes(options.MemoryMin) ?? memory.Min;
        memory.Low = Bytes(options.MemoryLow) ?? memory.Low;
        memory.High = Bytes(options.MemoryHigh) ?? memory.High;
        memory.Max = Bytes(options.MemoryMax) ?? memory.Max;
        memory.SwapMax = Bytes(options.SwapMax) ?? memory.SwapMax;
        group.MostTasks = options.MostTasks ?? group.MostTasks;
        First = group;
    }

    /// <summary>The pressure of the control group with memory of its own; null: of the root.</summary>
    public PressureGroup PressureOf(MemoryGroup? memory) =>
        (Root.WithDescendants.FirstOrDefault(group => group.Memory == memory) ?? Root).Pressure;

    /// <summary>Makes a new process a member.</summary>
    public static void Add(GuestProcess process, ControlGroup group)
    {
        process.ControlGroup = group;
        group.Add(process);
        if (!process.IsZombie)
        {
            process.Space.Group = group.Memory;
        }
    }

    /// <summary>Writes a process' id to cgroup.procs. What it has touched stays charged where it was.</summary>
    public static Errno Move(GuestProcess process, ControlGroup group)
    {
        var error = CheckMembership(group);
        if (error != Errno.None)
        {
            return error;
        }

        foreach (var thread in process.Threads.Where(thread => thread.OwnGroup is not null).ToList())
        {
            thread.OwnGroup!.RemoveVisitor(thread);
        }

        var old = process.ControlGroup;
        if (old == group)
        {
            return Errno.None;
        }

        old.Remove(process);
        Add(process, group);
        group.NoteState();
        foreach (var thread in process.Threads)
        {
            Settle(thread);
        }

        Follow(process.Kernel);
        return Errno.None;
    }

    /// <summary>Writes a thread's id to cgroup.threads: within a domain its threads can be anywhere.</summary>
    public static Errno MoveThread(GuestThread thread, ControlGroup group)
    {
        var process = thread.Process;
        var old = thread.ControlGroup;
        if (old.Domain != group.Domain)
        {
            return Errno.ENOTSUP;
        }

        var error = CheckMembership(group);
        if (error != Errno.None || old == group)
        {
            return error;
        }

        if (process.Threads.Count == 1)
        {
            return Move(process, group);
        }

        if (thread.OwnGroup is { } visited)
        {
            visited.RemoveVisitor(thread);
        }
        else
        {
            old.TakeTimes(thread);
        }

        if (group != process.ControlGroup)
        {
            group.AddVisitor(thread);
        }

        old.NoteState();
        group.NoteState();
        Settle(thread);
        return Errno.None;
    }

    /// <summary>Writes "threaded" to cgroup.type (cgroup_enable_threaded).</summary>
    public Errno MakeThreaded(ControlGroup group)
    {
        if (group.IsThreaded)
        {
            return Errno.None;
        }

        var domain = group.Parent!.Domain;
        if (group.IsPopulated || (group.HandedDown & Controllers.Domain) != 0 || !domain.IsValidDomain || !domain.CanBeThreadRoot)
        {
            return Errno.ENOTSUP;
        }

        foreach (var below in group.WithDescendants.Where(below => below == group || below.IsThreaded).ToList())
        {
            below.Domain = domain;
        }

        ReleaseMemory(group);
        foreach (var below in group.WithDescendants)
        {
            below.Memory = below.Parent!.Memory;
        }

        return Errno.None;
    }

    /// <summary>
    /// Whether somebody may move what is in one group into another (cgroup_attach_permissions): he may write to cgroup.procs of the nearest group above both,
    /// and sees both.
    /// </summary>
    /// <param name="mayWrite">Whether he may write to cgroup.procs of a group.</param>
    public static Errno CheckMove(ControlGroup from, ControlGroup to, ControlGroup seenRoot, Func<ControlGroup, Errno> mayWrite)
    {
        var common = from;
        while (!common.Contains(to))
        {
            common = common.Parent!;
        }

        var error = mayWrite(common);
        return error != Errno.None ? error : seenRoot.Contains(from) && seenRoot.Contains(to) ? Errno.None : Errno.ENOENT;
    }

    /// <summary>What the running thread takes from here on is charged where it is now.</summary>
    public static void Follow(GuestKernel kernel)
    {
        if (kernel.Running is { } thread)
        {
            kernel.Memory.Groups.Enter(thread.Process.ControlGroup.Memory);
        }
    }

    /// <summary>Whether a group takes processes (cgroup_migrate_vet_dst): ENODEV if it is gone, EOPNOTSUPP in no valid domain, EBUSY if it hands controllers down.</summary>
    public static Errno CheckMembership(ControlGroup group) =>
        group.IsRemoved ? Errno.ENODEV
            : !group.Domain.IsValidDomain ? Errno.ENOTSUP
            : group.CanBeThreadRoot || group.IsThreaded || group.HandedDown == Controllers.None ? Errno.None : Errno.EBUSY;

    /// <summary>Writes cgroup.subtree_control.</summary>
    public Errno HandDown(ControlGroup group, Controllers more, Controllers fewer)
    {
        if ((more & ~group.Available) != 0)
        {
            return Errno.ENOENT;
        }

        if (group.Children.Any(child => (child.HandedDown & fewer) != 0))
        {
            return Errno.EBUSY;
        }

        var target = (group.HandedDown | more) & ~fewer;
        if (CheckHandingDown(group, target & ~group.HandedDown) is var error and not Errno.None)
        {
            return error;
        }

        var changed = target ^ group.HandedDown;
        group.HandedDown = target;
        if ((changed & Controllers.Memory) != 0)
        {
            foreach (var child in group.Children)
            {
                SwitchMemory(group, child);
            }
        }

        if ((changed & ~target & Controllers.Pids) != 0)
        {
            foreach (var child in group.Children)
            {
                child.ForgetTasks();
            }
        }

        return Errno.None;
    }

    /// <summary>One task more in the group: EAGAIN if that or one above has as many as it may.</summary>
    public static Errno CheckFork(ControlGroup group)
    {
        for (var limiting = group; limiting is not null; limiting = limiting.Parent)
        {
            if (limiting.MostTasks != ControlGroup.Unlimited && limiting.TaskCount + 1 > limiting.MostTasks)
            {
                group.RefuseFork();
                return Errno.EAGAIN;
            }
        }

        return Errno.None;
    }

    /// <summary>Writes cgroup.freeze: threads stop on their way back to their programs.</summary>
    public static void Freeze(ControlGroup group, FreezeState state)
    {
        if (group.AsksToFreeze == (state == FreezeState.Frozen))
        {
            return;
        }

        group.AsksToFreeze = state == FreezeState.Frozen;
        var isApplied = false;
        foreach (var below in group.WithDescendants.ToList())
        {
            var isFrozen = below.AsksToFreeze || below.Parent is { IsFrozen: true };
            if (isFrozen == below.IsFrozen)
            {
                continue;
            }

            isApplied = true;
            below.IsFrozen = isFrozen;
            foreach (var thread in below.Threads.ToList())
            {
                Restart(thread);
            }

            below.NoteState();
        }

        // There is nothing to wait for: the group above has it so.
        if (!isApplied)
        {
            group.Notices.Group.Notify();
        }
    }

    /// <summary>Writes cgroup.kill.</summary>
    public static void Kill(ControlGroup group)
    {
        foreach (var process in group.WithDescendants.SelectMany(below => below.Living).ToArray())
        {
            process.End(ExitStatus.Killed(Signal.SIGKILL));
        }
    }

    // cgroup_vet_subtree_control_enable: threads do not compete with groups below, where that is about memory.
    private static Errno CheckHandingDown(ControlGroup group, Controllers more)
    {
        if (more == Controllers.None || group.IsRoot)
        {
            return Errno.None;
        }

        if ((more & Controllers.Domain) != 0)
        {
            if (group.IsThreadRoot || group.IsThreaded)
            {
                return Errno.ENOTSUP;
            }
        }
        else if (group.CanBeThreadRoot || group.IsThreaded)
        {
            return Errno.None;
        }

        return group.HasTasks ? Errno.EBUSY : Errno.None;
    }

    // In its new group it is counted, and stands still or goes on.
    private static void Settle(GuestThread thread)
    {
        thread.Kernel.Pressure.Set(thread, thread.Pressure);
        Restart(thread);
    }

    // Has a thread look whether it may run. Whoever caused that lets it come first, as a waking thread does that has slept long.
    private static void Restart(GuestThread thread)
    {
        if (thread.State == RunState.Stopped && thread.IsHeld)
        {
            return;
        }

        thread.Awaken();
        if (thread.Kernel.Running is { } running && running != thread)
        {
            running.GivesUpSlice = true;
        }
    }

    private static long? Bytes(ByteSize? size) => size is { } given ? (long)(given.Bytes & Page.Mask) : null;

    private void SwitchMemory(ControlGroup group, ControlGroup child)
    {
        if ((group.HandedDown & Controllers.Memory) != 0)
        {
            child.Memory = _memory.Create(group.Memory, child.Path);
        }
        else
        {
            ReleaseMemory(child);
            child.Memory = group.Memory;
        }

        // What hangs below without the controller of its own follows.
        foreach (var below in child.WithDescendants.Skip(1).Where(below => (below.Available & Controllers.Memory) == 0))
        {
            below.Memory = below.Parent!.Memory;
        }
    }

    private void ReleaseMemory(ControlGroup group)
    {
        if (group.Memory != group.Parent!.Memory)
        {
            _memory.Remove(group.Memory);
        }
    }
}

internal enum FreezeState
{
    Thawed,
    Frozen,
}
