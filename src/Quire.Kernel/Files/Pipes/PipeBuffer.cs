using Quire.Allocation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Pipes;

/// <summary>
/// The bytes between the ends of a pipe (pipe(7)): a ring of pages, each taken from the kernel's memory while it holds bytes. Positions
/// count all bytes ever written and read; page number modulo the ring's size is the slot.
/// </summary>
public sealed class PipeBuffer
{
    /// <summary>Writes up to this size are never mixed with others (PIPE_BUF).</summary>
    public const int AtomicBytes = 4096;

    public const int DefaultCapacity = 16 * Page.Size;

    /// <summary>fs.pipe-max-size.</summary>
    public const int MaximumCapacity = 1 << 20;

    private readonly KernelObjectCache _cache;

    // Where packets lie (O_DIRECT); what is between them is a stream.
    private readonly Queue<(ulong Start, ulong End)> _packets = [];
    private SlabSlot[] _pages;
    private ulong _written;
    private ulong _read;

    public PipeBuffer(KernelMemory memory)
    {
        _cache = memory.Slabs.Cache("pipe_page", Page.Size, KernelMemoryKind.Pages);
        _pages = NewRing(DefaultCapacity / Page.Size);
    }

    public int Capacity => _pages.Length * Page.Size;

    public int Count => (int)(_written - _read);

    /// <summary>Bytes that fit: the page that is being read is not written to again before it is empty, as on Linux.</summary>
    public int Room => (int)((((_read >> Page.Shift) + (ulong)_pages.Length) << Page.Shift) - _written);

    /// <summary>A packet of this many bytes fits. Each counts as a page, as on Linux, though it takes no more than its bytes.</summary>
    public bool HasRoomForPacket(ulong bytes) => (ulong)Room >= bytes && _packets.Count < _pages.Length;

    public int Readers { get; private set; }

    public int Writers { get; private set; }

    /// <summary>How often each kind of end was opened: a fifo's opener waits for a change.</summary>
    public int ReaderOpenings { get; private set; }

    public int WriterOpenings { get; private set; }

    /// <summary>Readers sleep here.</summary>
    public WaitQueue DataArrived { get; } = new();

    /// <summary>Writers sleep here.</summary>
    public WaitQueue RoomMade { get; } = new();

    /// <summary>Ends for reading that want signals.</summary>
    public AsyncListeners AsyncReaders { get; } = new();

    /// <summary>Ends for writing that want signals.</summary>
    public AsyncListeners AsyncWriters { get; } = new();

    /// <summary>Woken when more can be read or the last writer goes: for poll, and for those who open a fifo to read.</summary>
    public WaitQueue ReaderChanged { get; } = new();

    /// <summary>Woken when more can be written or the last reader goes: for poll, and for those who open a fifo to write.</summary>
    public WaitQueue WriterChanged { get; } = new();

    public void AddEnds(PipeEnds ends)
    {
        if ((ends & PipeEnds.Read) != 0)
        {
            Readers++;
            ReaderOpenings++;
        }

        if ((ends & PipeEnds.Write) != 0)
        {
            Writers++;
            WriterOpenings++;
        }

        ReaderChanged.WakeAll();
        WriterChanged.WakeAll();
    }

    public void RemoveEnds(PipeEnds ends)
    {
        Readers -= (ends & PipeEnds.Read) != 0 ? 1 : 0;
        Writers -= (ends & PipeEnds.Write) != 0 ? 1 : 0;
        DataArrived.WakeAll();
        RoomMade.WakeAll();
        ReaderChanged.WakeAll();
        WriterChanged.WakeAll();
        if (Readers == 0 != (Writers == 0))
        {
            AsyncReaders.Tell(AsyncReason.Input);
            AsyncWriters.Tell(AsyncReason.Output);
        }

        if (Readers == 0 && Writers == 0)
        {
            Discard();
        }
    }

    /// <summary>
    /// Moves bytes out. Gives how many: fewer than are there if the buffer is smaller or unreachable (EFAULT if none), or a packet ends. What a buffer
    /// has no room for of a packet is lost.
    /// </summary>
    public long Take(UserBuffer buffer)
    {
        var total = 0L;
        var isPacket = false;
        var wasFull = Room == 0;
        while (Count > 0 && buffer.Remaining > 0)
        {
            var start = (int)(_read & Page.OffsetMask);
            var length = (int)Math.Min(Math.Min((ulong)(Page.Size - start), LeftInPiece(out isPacket)), buffer.Remaining);
            var done = buffer.CopyToGuest(PageAt(_read).Slice(start, length));
            if (isPacket && done == length && (buffer.Remaining == 0 || LeftInPiece(out _) == (ulong)length))
            {
                total += done;
                DropPacket();
                break;
            }

            Advance(done);
            total += done;
            if (done < length)
            {
                break;
            }
        }

        if (total > 0)
        {
            RoomMade.Wake();
            WriterChanged.WakeAll();
            if (wasFull)
            {
                AsyncWriters.Tell(AsyncReason.Output);
            }
        }

        return total == 0 && buffer.Remaining > 0 && Count > 0 ? Errno.EFAULT.ToResult() : total;
    }

    /// <summary>Moves bytes in, as many as fit. Gives how many, EFAULT if the first cannot be read, ENOMEM without a page for it.</summary>
    public long Put(UserBuffer buffer) => Put(buffer, ulong.MaxValue);

    /// <summary>Moves a packet in, of at most <see cref="AtomicBytes"/>; the caller has seen that there is room.</summary>
    public long PutPacket(UserBuffer buffer)
    {
        var start = _written;
        var done = Put(buffer, AtomicBytes);
        if (done > 0)
        {
            _packets.Enqueue((start, _written));
        }

        return done;
    }

    /// <summary>Bytes that are there, without taking them (tee).</summary>
    public int Peek(Span<byte> bytes)
    {
        var total = 0;
        while (total < bytes.Length && total < Count)
        {
            var position = _read + (ulong)total;
            var start = (int)(position & Page.OffsetMask);
            var length = Math.Min(Math.Min(Page.Size - start, Count - total), bytes.Length - total);
            PageAt(position).Slice(start, length).CopyTo(bytes[total..]);
            total += length;
        }

        return total;
    }

    /// <summary>F_SETPIPE_SZ: rounds up to a power of two of pages. EBUSY if what is inside would not fit.</summary>
    public long Resize(int bytes)
    {
        if (bytes is < 0 or > MaximumCapacity)
        {
            return (bytes < 0 ? Errno.EINVAL : Errno.EPERM).ToResult();
        }

        var pages = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, (bytes + Page.Size - 1) / Page.Size));
        var first = _read >> Page.Shift;
        var used = Count == 0 ? 0 : (int)((_written - 1 >> Page.Shift) - first) + 1;
        if (used > pages)
        {
            return Errno.EBUSY.ToResult();
        }

        var old = _pages;
        _pages = NewRing(pages);
        for (var i = 0; i < used; i++)
        {
            _pages[(int)((first + (ulong)i) % (ulong)pages)] = old[(int)((first + (ulong)i) % (ulong)old.Length)];
        }

        RoomMade.Wake();
        WriterChanged.WakeAll();
        return Capacity;
    }

    private long Put(UserBuffer buffer, ulong most)
    {
        var total = 0L;
        var failure = Errno.None;
        while (Room > 0 && buffer.Remaining > 0 && (ulong)total < most && failure == Errno.None)
        {
            if (!TryEnsurePage(_written))
            {
                failure = Errno.ENOMEM;
                break;
            }

            var start = (int)(_written & Page.OffsetMask);
            var length = (int)Math.Min(Math.Min((ulong)Math.Min(Page.Size - start, Room), buffer.Remaining), most - (ulong)total);
            var done = buffer.CopyFromGuest(PageAt(_written).Slice(start, length));
            _written += (ulong)done;
            total += done;
            failure = done < length ? Errno.EFAULT : Errno.None;
        }

        if (Count == 0)
        {
            Discard();
        }

        if (total > 0)
        {
            DataArrived.Wake();
            ReaderChanged.WakeAll();
            AsyncReaders.Tell(AsyncReason.Input);
        }

        return total == 0 && failure != Errno.None ? failure.ToResult() : total;
    }

    private static SlabSlot[] NewRing(int pages)
    {
        var ring = new SlabSlot[pages];
        Array.Fill(ring, SlabSlot.None);
        return ring;
    }

    // Up to the end of the packet that is read from, or of the stream before one.
    private ulong LeftInPiece(out bool isPacket)
    {
        isPacket = _packets.TryPeek(out var packet) && packet.Start <= _read;
        return (_packets.Count == 0 ? _written : isPacket ? packet.End : packet.Start) - _read;
    }

    private void DropPacket()
    {
        var end = _packets.Dequeue().End;
        while (Count > 0 && _read < end)
        {
            Advance((int)Math.Min(end - _read, Page.Size - (_read & Page.OffsetMask)));
        }
    }

    private ref SlabSlot SlotAt(ulong position) => ref _pages[(int)((position >> Page.Shift) % (ulong)_pages.Length)];

    private Span<byte> PageAt(ulong position) => _cache.Bytes(SlotAt(position))[..Page.Size];

    private bool TryEnsurePage(ulong position)
    {
        ref var slot = ref SlotAt(position);
        return slot != SlabSlot.None || _cache.TryTake(out slot);
    }

    private void Advance(int bytes)
    {
        var before = _read;
        _read += (ulong)bytes;
        if (Count == 0)
        {
            Discard();
        }
        else if (before >> Page.Shift != _read >> Page.Shift)
        {
            ReturnPage(ref SlotAt(before));
        }
    }

    // An empty pipe starts over at a page boundary, so that a full capacity never needs one page more than there are.
    private void Discard()
    {
        for (var i = 0; i < _pages.Length; i++)
        {
            ReturnPage(ref _pages[i]);
        }

        _packets.Clear();
        _read = 0;
        _written = 0;
    }

    private void ReturnPage(ref SlabSlot slot)
    {
        if (slot != SlabSlot.None)
        {
            _cache.Return(slot);
            slot = SlabSlot.None;
        }
    }
}

/// <summary>Which ends of a pipe an open file is.</summary>
[Flags]
public enum PipeEnds
{
    None = 0,
    Read = 1,
    Write = 2,
    Both = Read | Write,
}
