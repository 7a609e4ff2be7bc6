using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Watches;

/// <summary>
/// Events that wait for their reader. One that says the same as the last one is left out; where no more fit, a single event says that some are lost
/// (inotify(7), fs/notify/notification.c).
/// </summary>
internal sealed class FileEventQueue(int capacity, KernelMemory memory)
{
    // struct inotify_event_info without its name.
    private const int EventBytes = 64;

    private static readonly FileEvent Overflow = new(-1, FileEvents.QueueOverflow, 0, "");

    private readonly Queue<FileEvent> _events = [];
    private readonly KernelCharge _charge = new(memory.Slabs.Cache("inotify_event", EventBytes));
    private FileEvent _last;
    private bool _hasOverflowed;

    public bool IsEmpty => _events.Count == 0;

    /// <summary>What FIONREAD tells.</summary>
    public int Bytes { get; private set; }

    /// <summary>False if nothing was added.</summary>
    public bool TryAdd(FileEvent happened)
    {
        if (_events.Count >= capacity || !_charge.TryAdd(Taken(happened)))
        {
            if (_hasOverflowed)
            {
                return false;
            }

            _hasOverflowed = true;
            happened = Overflow;
        }
        else if (!IsEmpty && happened.Repeats(_last))
        {
            _charge.Remove(Taken(happened));
            return false;
        }

        _last = happened;
        _events.Enqueue(happened);
        Bytes += happened.Bytes;
        return true;
    }

    public void Clear()
    {
        _events.Clear();
        _charge.Clear();
    }

    /// <summary>Moves as many whole events as fit. EINVAL if not even the first does; EFAULT loses the event that could not be copied, as on Linux.</summary>
    public long Take(UserBuffer buffer)
    {
        var total = 0L;
        while (_events.TryPeek(out var next))
        {
            if ((ulong)next.Bytes > buffer.Remaining)
            {
                return total > 0 ? total : Errno.EINVAL.ToResult();
            }

            _events.Dequeue();
            _charge.Remove(next.What == FileEvents.QueueOverflow ? 0 : Taken(next));
            Bytes -= next.Bytes;
            _hasOverflowed &= next.What != FileEvents.QueueOverflow;
            if (buffer.CopyToGuest(next.Encode()) < next.Bytes)
            {
                return Errno.EFAULT.ToResult();
            }

            total += next.Bytes;
        }

        return total;
    }

    // Twice the name's characters: what is young and not collected yet takes as much again.
    private static long Taken(in FileEvent happened) => EventBytes + (4L * happened.Name.Length);
}
