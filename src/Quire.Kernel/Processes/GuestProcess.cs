using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>A thread group: one address space, one descriptor table, one process id.</summary>
public sealed class GuestProcess
{
    private readonly List<GuestThread> _threads = [];
    private readonly List<GuestProcess> _children = [];

    public GuestProcess(GuestKernel kernel, int processId, AddressSpace space, Session session)
    {
        Kernel = kernel;
        ProcessId = processId;
        GroupId = processId;
        Space = space;
        Session = session;
    }

    public GuestKernel Kernel { get; }

    public int ProcessId { get; }

    /// <summary>Zombies have the empty space they ended with; ask <see cref="IsZombie"/> before looking at it.</summary>
    public AddressSpace Space { get; set; }

    /// <summary>Null only for the first process and for those whose parent is gone.</summary>
    public GuestProcess? Parent { get; internal set; }

    public int ParentId => Parent?.ProcessId ?? (ProcessId == 1 ? 0 : 1);

    public int GroupId { get; internal set; }

    public Session Session { get; internal set; }

    /// <summary>Living threads, the oldest first; empty for a zombie.</summary>
    public IReadOnlyList<GuestThread> Threads => _threads;

    /// <summary>Children that have not been waited for.</summary>
    public IReadOnlyList<GuestProcess> Children => _children;

    public Credentials Credentials { get; set; } = new();

    /// <summary>Set before the first thread runs.</summary>
    public FileSystemContext FileContext { get; set; } = null!;

    public DescriptorTable Descriptors { get; set; } = new();

    public ResourceLimits Limits { get; internal set; } = new();

    public SignalHandlers Handlers { get; internal set; } = new();

    /// <summary>Signals sent to the process as a whole; any thread may take them.</summary>
    public PendingSignals Pending { get; } = new();

    /// <summary>Host-independent absolute path of the program file, as /proc/PID/exe shows it.</summary>
    public string ExecutablePath { get; internal set; } = "";

    public IReadOnlyList<string> Arguments { get; internal set; } = [];

    public VirtualTime StartTime { get; internal init; }

    /// <summary>Used by threads that have ended; add the living ones' for the whole.</summary>
    public CpuUsage EndedThreadsUsage;

    /// <summary>Used by children that were waited for, and theirs.</summary>
    public CpuUsage ChildrenUsage;

    public bool IsZombie { get; internal set; }

    public bool IsStopped { get; internal set; }

    public ExitStatus ExitStatus { get; internal set; }

    /// <summary>Woken when a child ends, stops or continues.</summary>
    public WaitQueue ChildChanged { get; } = new();

    internal List<GuestThread> MutableThreads => _threads;

    internal List<GuestProcess> MutableChildren => _children;

    public CpuUsage Usage()
    {
        var usage = EndedThreadsUsage;
        foreach (var thread in _threads)
        {
            usage.Add(thread.Usage);
        }

        return usage;
    }
}
