using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Locks;

/// <summary>Shared or exclusive; values are fcntl's F_RDLCK, F_WRLCK, F_UNLCK.</summary>
public enum LockKind : short
{
    Read = 0,
    Write = 1,
    None = 2,
}

/// <summary>Bytes Start up to, not including, End; a lock to the end of file has End = long.MaxValue.</summary>
public readonly record struct LockRange(long Start, long End)
{
    public static readonly LockRange Everything = new(0, long.MaxValue);

    public bool Overlaps(LockRange other) => Start < other.End && other.Start < End;

    public bool Touches(LockRange other) => Start <= other.End && other.Start <= End;
}

/// <param name="Owner">Descriptor table for fcntl locks, open file description for OFD and flock locks.</param>
/// <param name="ProcessId">What F_GETLK and /proc/locks report; -1 for record locks of a description.</param>
public sealed record FileLock(object Owner, LockKind Kind, LockRange Range, int ProcessId);

/// <summary>
/// The advisory locks of one file. fcntl and OFD locks share one list, as they conflict with each other; flock locks have their own (fcntl(2),
/// flock(2)). Locks of one owner never overlap: a new one replaces what it covers and joins its neighbours of the same kind.
/// </summary>
public sealed class FileLocks(KernelMemory memory)
{
    // struct file_lock of Linux 6.1.
    private const int LockBytes = 216;

    // Setting one lock makes at most two more: what it cuts a hole into falls in two.
    private const int MostNew = 2;

    private readonly KernelCharge _charge = new(memory.Slabs.Cache("file_lock_cache", LockBytes));
    private readonly List<FileLock> _records = [];
    private readonly List<FileLock> _whole = [];

    /// <summary>Woken when a lock goes.</summary>
    public WaitQueue Released { get; } = new();

    /// <summary>Record locks, for /proc/locks and for deadlock search.</summary>
    public IReadOnlyList<FileLock> Records => _records;

    public IReadOnlyList<FileLock> WholeFile => _whole;

    /// <summary>The first lock that keeps this one from being set; null if none.</summary>
    public FileLock? ConflictingRecord(FileLock wanted) => Conflict(_records, wanted);

    public FileLock? ConflictingWhole(FileLock wanted) => Conflict(_whole, wanted);

    /// <summary>Sets or, with LockKind.None, removes. The caller checked for conflicts. ENOLCK: no memory.</summary>
    public Errno SetRecord(FileLock wanted) => Set(_records, wanted);

    public Errno SetWhole(FileLock wanted) => Set(_whole, wanted);

    /// <summary>The owner is gone, or closed the file.</summary>
    public void ReleaseAll(object owner)
    {
        var removed = _records.RemoveAll(entry => entry.Owner == owner) + _whole.RemoveAll(entry => entry.Owner == owner);
        if (removed > 0)
        {
            _charge.Remove((long)removed * LockBytes);
            Released.WakeAll();
        }
    }

    private static FileLock? Conflict(List<FileLock> locks, FileLock wanted) => locks.Find(entry =>
        entry.Owner != wanted.Owner && entry.Range.Overlaps(wanted.Range) && (entry.Kind == LockKind.Write || wanted.Kind == LockKind.Write));

    private Errno Set(List<FileLock> locks, FileLock wanted)
    {
        // Letting everything go needs no memory.
        var most = wanted is { Kind: LockKind.None, Range: { Start: 0, End: long.MaxValue } } ? 0 : MostNew;
        if (!_charge.TryAdd(most * LockBytes))
        {
            return Errno.ENOLCK;
        }

        var before = locks.Count;
        var range = wanted.Range;
        for (var index = before - 1; index >= 0; index--)
        {
            var entry = locks[index];
            if (entry.Owner != wanted.Owner || !entry.Range.Touches(range))
            {
                continue;
            }

            locks.RemoveAt(index);
            if (entry.Kind == wanted.Kind)
            {
                range = new LockRange(Math.Min(range.Start, entry.Range.Start), Math.Max(range.End, entry.Range.End));
            }
            else
            {
                AddRest(locks, entry, entry.Range.Start, Math.Min(entry.Range.End, wanted.Range.Start));
                AddRest(locks, entry, Math.Max(entry.Range.Start, wanted.Range.End), entry.Range.End);
            }
        }

        if (wanted.Kind != LockKind.None)
        {
            locks.Add(wanted with { Range = range });
        }

        _charge.Remove((most + before - locks.Count) * LockBytes);
        Released.WakeAll();
        return Errno.None;
    }

    private static void AddRest(List<FileLock> locks, FileLock entry, long start, long end)
    {
        if (start < end)
        {
            locks.Add(entry with { Range = new LockRange(start, end) });
        }
    }
}
