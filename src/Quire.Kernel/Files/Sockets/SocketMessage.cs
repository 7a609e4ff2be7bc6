using Quire.Allocation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Sockets;

/// <summary>Bytes under way in a socket, in slots of the kernel's memory, and the files that go with them.</summary>
internal sealed class SocketMessage
{
    private const int SmallBytes = 512;

    private readonly FlyingFiles _flying;
    private readonly KernelObjectCache _cache;
    private readonly List<SlabSlot> _slots = [];
    private readonly int _slotBytes;
    private int _taken;

    public SocketMessage(KernelMemory memory, FlyingFiles flying, int expectedBytes)
    {
        _flying = flying;
        _slotBytes = expectedBytes <= SmallBytes ? SmallBytes : Page.Size;
        _cache = memory.Slabs.Cache(expectedBytes <= SmallBytes ? "skbuff_small" : "skbuff_page", _slotBytes);
    }

    public int Length { get; private set; }

    /// <summary>Not yet read.</summary>
    public int Left => Length - _taken;

    public IReadOnlyList<OpenFile> Rights { get; private set; } = [];

    public SocketIdentity Sender { get; init; }

    /// <summary>Where the sender is bound, as bytes of sockaddr_un behind the family.</summary>
    public byte[] SenderName { get; init; } = [];

    /// <summary>Takes up to so many bytes from the sender. EFAULT, or ENOBUFS without memory, leave the message empty.</summary>
    public Errno Fill(UserBuffer buffer, int bytes)
    {
        // One without bytes takes memory, too.
        while (Length < bytes || _slots.Count == 0)
        {
            if (!_cache.TryTake(out var slot))
            {
                return Errno.ENOBUFS;
            }

            _slots.Add(slot);
            var wanted = Math.Min(_slotBytes, bytes - Length);
            var done = buffer.CopyFromGuest(_cache.Bytes(slot)[..wanted]);
            Length += done;
            if (done < wanted)
            {
                return Errno.EFAULT;
            }
        }

        return Errno.None;
    }

    /// <summary>Takes over references to the files.</summary>
    public void Attach(IReadOnlyList<OpenFile> rights)
    {
        Rights = rights;
        _flying.Sent(rights);
    }

    /// <summary>The files are the receiver's now, references and all.</summary>
    public IReadOnlyList<OpenFile> TakeRights()
    {
        var rights = Rights;
        Rights = [];
        _flying.Taken(rights);
        return rights;
    }

    /// <summary>Copies unread bytes out from <paramref name="skip"/> on, without taking them. Gives how many; fewer than fit if the buffer cannot be reached.</summary>
    public int CopyTo(UserBuffer buffer, int skip = 0)
    {
        var total = 0;
        while (skip + total < Left && buffer.Remaining > 0)
        {
            var position = _taken + skip + total;
            var start = position % _slotBytes;
            var length = (int)Math.Min((ulong)Math.Min(_slotBytes - start, Length - position), buffer.Remaining);
            var done = buffer.CopyToGuest(_cache.Bytes(_slots[position / _slotBytes]).Slice(start, length));
            total += done;
            if (done < length)
            {
                break;
            }
        }

        return total;
    }

    public void Consume(int bytes) => _taken += bytes;

    /// <summary>Gives memory and undelivered files back.</summary>
    public void Discard()
    {
        foreach (var slot in _slots)
        {
            _cache.Return(slot);
        }

        _slots.Clear();
        _flying.Release(TakeRights());
    }
}
