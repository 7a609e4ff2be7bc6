using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Pressure;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Groups;

/// <summary>
/// The machine's one tree of control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst, kernel/cgroup/cgroup.c of Linux 6.1). The root hands
/// memory and pids down from the start, as an init system would have it do. Differs from Linux: no threaded groups, no namespaces.
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
        if (group.IsRoot || group.Children.Count > 0 || group.Living.Any())
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
    public Errno Move(GuestProcess process, ControlGroup group)
    {
        var error = CheckMembership(group);
        if (error != Errno.None)
        {
            return error;
        }

        var old = process.ControlGroup;
        if (old == group)
        {
            return Errno.None;
        }

        old.Remove(process);
        Add(process, group);
        foreach (var thread in process.Threads)
        {
            process.Kernel.Pressure.Set(thread, thread.Pressure);
        }

        Thaw(process, old);
        Follow(process.Kernel);
        return Errno.None;
    }

    /// <summary>What the running thread takes from here on is charged where it is now.</summary>
    public static void Follow(GuestKernel kernel)
    {
        if (kernel.Running is { } thread)
        {
            kernel.Memory.Groups.Enter(thread.Process.ControlGroup.Memory);
        }
    }

    /// <summary>Whether a group takes processes: ENODEV if it is gone, EBUSY if it hands controllers down.</summary>
    public static Errno CheckMembership(ControlGroup group) =>
        group.IsRemoved ? Errno.ENODEV : group.IsRoot || MayHaveMembers(group) ? Errno.None : Errno.EBUSY;

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
        if (!group.IsRoot && (target & ~group.HandedDown & Controllers.Domain) != 0 && group.Living.Any())
        {
            return Errno.EBUSY;
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
        group.AsksToFreeze = state == FreezeState.Frozen;
        foreach (var below in group.WithDescendants)
        {
            below.IsFrozen = below.AsksToFreeze || below.Parent is { IsFrozen: true };
            foreach (var process in below.Living)
            {
                Awaken(process);
            }

            below.NoteState();
        }
    }

    /// <summary>cgroup.events: every thread here and below has stopped.</summary>
    public static bool HasFrozen(ControlGroup group) =>
        group.IsFrozen && group.WithDescendants.All(below => below.Living.All(process => process.Threads.All(thread => thread.State == RunState.Stopped)));

    /// <summary>Writes cgroup.kill.</summary>
    public static void Kill(ControlGroup group)
    {
        foreach (var process in group.WithDescendants.SelectMany(below => below.Living).ToArray())
        {
            process.End(ExitStatus.Killed(Signal.SIGKILL));
        }
    }

    // Processes live in leaves only, except in the root: a group that hands memory down has none of its own (cgroup_migrate_vet_dst).
    private static bool MayHaveMembers(ControlGroup group) =>
        group.HandedDown == Controllers.None
        || ((group.HandedDown & Controllers.Domain) == 0 && !group.Children.Any(child => child.IsPopulated));

    private static void Thaw(GuestProcess process, ControlGroup old)
    {
        if (old.IsFrozen != process.ControlGroup.IsFrozen)
        {
            Awaken(process);
        }
    }

    private static long? Bytes(ByteSize? size) => size is { } given ? (long)(given.Bytes & Page.Mask) : null;

    private static void Awaken(GuestProcess process)
    {
        foreach (var thread in process.Threads)
        {
            thread.Awaken();
        }
    }

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
        foreach (var below in child.WithDescendants.Skip(1))
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
