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
    private MemoryGroup _memory;
    private bool _wasPopulated;
    private bool _wasFrozen;

    internal ControlGroup(ControlGroup? parent, string name, MemoryGroup memory, PressureGroup pressure)
    {
        Parent = parent;
        Name = name;
        _memory = memory;
        Pressure = pressure;
        Path = parent is null ? "/" : parent.Parent is null ? "/" + name : parent.Path + "/" + name;
        IsFrozen = parent is { IsFrozen: true };
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

    /// <summary>The group and all below it, each before those below it.</summary>
    public IEnumerable<ControlGroup> WithDescendants => _children.SelectMany(child => child.WithDescendants).Prepend(this);

    /// <summary>cgroup.controllers: what the parent hands down.</summary>
    public Controllers Available => Parent?.HandedDown ?? Controllers.All;

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

    /// <summary>pids.max, and how often it refused a member of this group.</summary>
    public long MostTasks { get; set; } = Unlimited;

    public long RefusedForks { get; private set; }

    public GroupNotices Notices { get; } = new();

    /// <summary>cgroup.max.descendants, cgroup.max.depth.</summary>
    public long MostDescendants { get; set; } = Unlimited;

    public long MostLevels { get; set; } = Unlimited;

    /// <summary>Threads here and below, and zombies, each of which keeps an id.</summary>
    public long TaskCount => WithDescendants.Sum(group => group._members.Sum(process => Math.Max(1, process.Threads.Count)));

    public bool IsPopulated => WithDescendants.Any(group => group.Living.Any());

    /// <summary>Processor time that members used while they were here, and those below.</summary>
    public CpuTimes Times
    {
        get
        {
            var times = OwnTimes;
            foreach (var process in _members)
            {
                times += CpuTimes.Of(process) - process.TimesBeforeGroup;
            }

            return _children.Aggregate(times, (sum, child) => sum + child.Times);
        }
    }

    // Of members that have gone, and of groups below that were removed.
    internal CpuTimes OwnTimes { get; set; }

    internal void Add(GuestProcess process)
    {
        _members.Add(process);
        process.TimesBeforeGroup = CpuTimes.Of(process);
        NoteState();
    }

    internal void Remove(GuestProcess process)
    {
        _members.Remove(process);
        OwnTimes += CpuTimes.Of(process) - process.TimesBeforeGroup;
        NoteState();
    }

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

    /// <summary>Something that cgroup.events may show, here or in a group above, has changed.</summary>
    internal void NoteState()
    {
        for (var group = this; group is { IsRoot: false }; group = group.Parent)
        {
            var (isPopulated, isFrozen) = (group.IsPopulated, ControlGroupTree.HasFrozen(group));
            if (isPopulated != group._wasPopulated || isFrozen != group._wasFrozen)
            {
                (group._wasPopulated, group._wasFrozen) = (isPopulated, isFrozen);
                group.Notices.Group.Notify();
            }
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

    public static CpuTimes Of(GuestProcess process)
    {
        var usage = process.Usage();
        return new CpuTimes(usage.User, usage.System);
    }

    public static CpuTimes operator +(CpuTimes a, CpuTimes b) => new(a.User + b.User, a.System + b.System);

    public static CpuTimes operator -(CpuTimes a, CpuTimes b) => new(a.User - b.User, a.System - b.System);
}
