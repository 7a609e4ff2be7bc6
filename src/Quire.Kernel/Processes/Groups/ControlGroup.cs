using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Pressure;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Groups;

/// <summary>
/// One directory of the control-group tree (struct cgroup of Linux): processes, and what they and those in the groups below may have. A controller
/// that the parent does not hand down acts through the nearest group above for which it is handed down.
/// </summary>
internal sealed class ControlGroup
{
    /// <summary>Of limits on numbers: none.</summary>
    public const long Unlimited = long.MaxValue;

    private readonly List<ControlGroup> _children = [];
    private readonly List<GuestProcess> _members = [];

    // Threads of processes that are members of another group of the same domain.
    private readonly List<GuestThread> _visitors = [];
    private MemoryGroup _memory;
    private bool _wasPopulated;

    internal ControlGroup(ControlGroup? parent, string name, MemoryGroup memory, PressureGroup pressure)
    {
        Parent = parent;
        Name = name;
        _memory = memory;
        Pressure = pressure;
        Domain = this;
        Path = parent is null ? "/" : parent.Parent is null ? "/" + name : parent.Path + "/" + name;
        IsFrozen = parent is { IsFrozen: true };
        HasFrozen = IsFrozen;
        parent?._children.Add(this);
    }

    public ControlGroup? Parent { get; }

    public string Name { get; }

    public string Path { get; }

    public IReadOnlyList<ControlGroup> Children => _children;

    public bool IsRoot => Parent is null;

    public bool IsRemoved { get; private set; }

    /// <summary>Processes here, not in the groups below; zombies too, until they are waited for.</summary>
    public IReadOnlyList<GuestProcess> Members => _members;

    public IEnumerable<GuestProcess> Living => _members.Where(process => !process.IsZombie);

    /// <summary>cgroup.threads: those of members that are not elsewhere in the domain, and those that are here from elsewhere.</summary>
    public IEnumerable<GuestThread> Threads =>
        _members.SelectMany(process => process.Threads.Where(thread => thread.OwnGroup is null)).Concat(_visitors);

    /// <summary>cgroup.procs: processes whose threads are here or in threaded groups of this domain.</summary>
    public IEnumerable<GuestProcess> Processes => WithDescendants.Where(group => group.Domain == this).SelectMany(group => group.Living);

    /// <summary>The group whose processes may have threads here: the group itself, or for a threaded one the nearest above that is none.</summary>
    public ControlGroup Domain { get; internal set; }

    /// <summary>Threads of one process can be in different groups of the domain.</summary>
    public bool IsThreaded => Domain != this;

    public bool HasTasks => Threads.Any();

    /// <summary>cgroup_can_be_thread_root: what is below may be made threaded.</summary>
    public bool CanBeThreadRoot =>
        IsRoot || (!IsThreaded && !_children.Any(child => !child.IsThreaded && child.IsPopulated) && (HandedDown & Controllers.Domain) == 0);

    /// <summary>cgroup_is_thread_root: there are threaded groups below, or threads here that compete with groups below.</summary>
    public bool IsThreadRoot =>
        !IsThreaded && (_children.Any(child => child.IsThreaded) || (HasTasks && (HandedDown & Controllers.Threaded) != 0));

    /// <summary>cgroup_is_valid_domain: not below a threaded group without being one.</summary>
    public bool IsValidDomain
    {
        get
        {
            for (var above = Parent; above is not null; above = above.Parent)
            {
                if (above.IsThreaded || (!above.IsRoot && above.IsThreadRoot))
                {
                    return false;
                }
            }

            return !IsThreaded;
        }
    }

    /// <summary>The group and all below it, each before those below it.</summary>
    public IEnumerable<ControlGroup> WithDescendants => _children.SelectMany(child => child.WithDescendants).Prepend(this);

    /// <summary>cgroup.controllers: what the parent hands down.</summary>
    public Controllers Available => Parent is null ? Controllers.All : IsThreaded ? Parent.HandedDown & Controllers.Threaded : Parent.HandedDown;

    /// <summary>cgroup.subtree_control.</summary>
    public Controllers HandedDown { get; internal set; }

    /// <summary>Where pages that the members touch first are charged.</summary>
    public MemoryGroup Memory
    {
        get => _memory;
        internal set
        {
            _memory = value;
            foreach (var process in Living)
            {
                process.Space.Group = value;
            }

            if (value != Parent?.Memory)
            {
                Notices.Follow(value);
            }
        }
    }

    /// <summary>What the members, and those of the groups below, lose.</summary>
    public PressureGroup Pressure { get; }

    /// <summary>cgroup.freeze, here and with that of all groups above.</summary>
    public bool AsksToFreeze { get; internal set; }

    public bool IsFrozen { get; internal set; }

    /// <summary>cgroup.events: when that last changed, every thread here and below had stopped.</summary>
    public bool HasFrozen { get; private set; }

    /// <summary>pids.max, and how often it refused a member of this group.</summary>
    public long MostTasks { get; set; } = Unlimited;

    public long RefusedForks { get; private set; }

    public GroupNotices Notices { get; } = new();

    /// <summary>cgroup.max.descendants, cgroup.max.depth.</summary>
    public long MostDescendants { get; set; } = Unlimited;

    public long MostLevels { get; set; } = Unlimited;

    /// <summary>Threads here and below, and zombies, each of which keeps an id.</summary>
    public long TaskCount => WithDescendants.Sum(group => group.Threads.LongCount() + group._members.LongCount(process => process.IsZombie));

    public bool IsPopulated => WithDescendants.Any(group => group.HasTasks);

    /// <summary>Processor time that threads used while they were here, and those below.</summary>
    public CpuTimes Times => Threads.Aggregate(OwnTimes, (sum, thread) => sum + Since(thread)) + SumOf(_children);

    // Of threads that have gone, and of groups below that were removed.
    internal CpuTimes OwnTimes { get; set; }

    /// <summary>The path as somebody sees it for whom another group is the root (cgroup_path_ns).</summary>
    public string PathFrom(ControlGroup root)
    {
        if (root.IsRoot)
        {
            return Path;
        }

        var up = "";
        while (!root.Contains(this))
        {
            up += "/..";
            root = root.Parent!;
        }

        var down = root == this ? "" : root.IsRoot ? Path : Path[root.Path.Length..];
        return up + down is { Length: > 0 } path ? path : "/";
    }

    public bool Contains(ControlGroup? group)
    {
        while (group is not null && group != this)
        {
            group = group.Parent;
        }

        return group is not null;
    }

    internal void Add(GuestProcess process) => _members.Add(process);

    /// <summary>The process leaves with all its threads that are here.</summary>
    internal void Remove(GuestProcess process)
    {
        foreach (var thread in process.Threads.Where(thread => thread.OwnGroup is null))
        {
            TakeTimes(thread);
        }

        _members.Remove(process);
        NoteState();
    }

    /// <summary>One thread of a process that is a member elsewhere in the domain comes here.</summary>
    internal void AddVisitor(GuestThread thread)
    {
        thread.OwnGroup = this;
        _visitors.Add(thread);
    }

    internal void RemoveVisitor(GuestThread thread)
    {
        TakeTimes(thread);
        thread.OwnGroup = null;
        _visitors.Remove(thread);
        NoteState();
    }

    /// <summary>What the thread used since it came is the group's, and stays so.</summary>
    internal void TakeTimes(GuestThread thread)
    {
        OwnTimes += Since(thread);
        thread.TimesBeforeGroup = CpuTimes.Of(thread);
    }

    private static CpuTimes Since(GuestThread thread) => CpuTimes.Of(thread) - thread.TimesBeforeGroup;

    private static CpuTimes SumOf(List<ControlGroup> groups) => groups.Aggregate(default(CpuTimes), (sum, group) => sum + group.Times);

    internal void RefuseFork()
    {
        RefusedForks++;
        Notices.Tasks.Notify();
    }

    internal void ForgetTasks()
    {
        MostTasks = Unlimited;
        RefusedForks = 0;
    }

    /// <summary>A thread here has come, gone, stopped or gone on: what cgroup.events shows may have changed, here or in a group above.</summary>
    internal void NoteState()
    {
        for (var group = this; group is { IsRoot: false }; group = group.Parent)
        {
            var isFrozen = group.IsFrozen && group.WithDescendants.All(below => below.Threads.All(thread => thread.IsFrozen));
            var hasChanged = isFrozen != group.HasFrozen;
            group.HasFrozen = isFrozen;
            group.Tell(hasChanged);
        }
    }

    /// <summary>A thread was born here. It stops before it runs, so a frozen group stays frozen (cgroup_post_fork).</summary>
    internal void NoteBirth()
    {
        for (var group = this; group is { IsRoot: false }; group = group.Parent)
        {
            group.Tell(hasFrozenChanged: false);
        }
    }

    private void Tell(bool hasFrozenChanged)
    {
        var isPopulated = IsPopulated;
        if (isPopulated != _wasPopulated || hasFrozenChanged)
        {
            _wasPopulated = isPopulated;
            Notices.Group.Notify();
        }
    }

    internal void Detach()
    {
        IsRemoved = true;
        Parent!._children.Remove(this);
        Parent.OwnTimes += Times;
    }
}

/// <summary>Processor time in programs and in the kernel.</summary>
internal readonly record struct CpuTimes(VirtualTime User, VirtualTime System)
{
    public VirtualTime All => User + System;

    public static CpuTimes Of(GuestThread thread) => new(thread.Usage.User, thread.Usage.System);

    public static CpuTimes operator +(CpuTimes a, CpuTimes b) => new(a.User + b.User, a.System + b.System);

    public static CpuTimes operator -(CpuTimes a, CpuTimes b) => new(a.User - b.User, a.System - b.System);
}
