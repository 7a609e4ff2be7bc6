using System.Diagnostics.CodeAnalysis;

namespace Quire.Kernel.Processes;

/// <summary>Every process and thread by id. Ids grow and wrap at 32768 as Linux's do; an id in use as process, group or session is not given again.</summary>
public sealed class ProcessTable
{
    private const int LastId = 32768;
    private readonly SortedDictionary<int, GuestProcess> _processes = [];
    private readonly Dictionary<int, GuestThread> _threads = [];
    private int _lastGiven;

    /// <summary>All processes, zombies too, by rising id.</summary>
    public IReadOnlyCollection<GuestProcess> All => _processes.Values;

    /// <summary>Threads that exist now, in all processes.</summary>
    public int ThreadCount => _threads.Count;

    /// <summary>The id given last: /proc/loadavg shows it.</summary>
    public int LastGivenId => _lastGiven;

    /// <summary>Processes made since the machine started, the first included.</summary>
    public long CreatedCount { get; private set; }

    public GuestProcess? Find(int processId) => _processes.GetValueOrDefault(processId);

    public GuestThread? FindThread(int threadId) => _threads.GetValueOrDefault(threadId);

    public bool TryFind(int processId, [NotNullWhen(true)] out GuestProcess? process) => _processes.TryGetValue(processId, out process);

    public IEnumerable<GuestProcess> InGroup(int groupId) => _processes.Values.Where(process => process.GroupId == groupId);

    internal int TakeId()
    {
        do
        {
            _lastGiven = _lastGiven >= LastId ? 300 : _lastGiven + 1;
        }
        while (_threads.ContainsKey(_lastGiven) || _processes.Values.Any(process =>
            process.ProcessId == _lastGiven || process.GroupId == _lastGiven || process.Session.SessionId == _lastGiven));

        return _lastGiven;
    }

    internal void Add(GuestProcess process)
    {
        _processes.Add(process.ProcessId, process);
        CreatedCount++;
    }

    internal void Remove(GuestProcess process) => _processes.Remove(process.ProcessId);

    internal void Add(GuestThread thread) => _threads.Add(thread.ThreadId, thread);

    internal void Remove(GuestThread thread) => _threads.Remove(thread.ThreadId);
}
