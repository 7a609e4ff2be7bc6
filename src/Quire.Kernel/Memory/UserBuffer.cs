using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// Guest memory that a system call reads from or writes to: one or several ranges of one address space, consumed front to back.
/// Copies fault pages in as the CPU would and stop at the first byte that cannot be reached. Kernel bytes can stand in for guest memory, for
/// calls that move data between two files.
/// </summary>
public sealed class UserBuffer
{
    private readonly AddressSpace? _space;
    private readonly byte[] _kernelBytes = [];
    private readonly VirtualRange[] _ranges;
    private int _index;
    private ulong _offset;

    public UserBuffer(AddressSpace space, VirtualAddress address, ulong length)
        : this(space, [VirtualRange.FromLength(address, length)])
    {
    }

    public UserBuffer(AddressSpace space, VirtualRange[] ranges)
    {
        _space = space;
        _ranges = ranges;
        foreach (var range in ranges)
        {
            Remaining += range.Length;
        }
    }

    /// <summary>The first bytes of a kernel buffer instead of guest memory; they can always be reached.</summary>
    public UserBuffer(byte[] kernelBytes, int length)
    {
        _kernelBytes = kernelBytes;
        _ranges = [VirtualRange.FromLength(new VirtualAddress(0), (ulong)length)];
        Remaining = (ulong)length;
    }

    /// <summary>Bytes not yet copied.</summary>
    public ulong Remaining { get; private set; }

    /// <summary>Copies kernel bytes to the guest. Gives how many arrived: fewer than asked at the end of the buffer or at an unreachable page.</summary>
    public int CopyToGuest(ReadOnlySpan<byte> source)
    {
        var total = 0;
        while (source.Length > total && TryNext(source.Length - total, out var address, out var length))
        {
            var done = CopyOut(address, source.Slice(total, length));
            total += done;
            Consume(done);
            if (done < length)
            {
                break;
            }
        }

        return total;
    }

    /// <summary>Copies guest bytes into the kernel; the count as in <see cref="CopyToGuest"/>.</summary>
    public int CopyFromGuest(Span<byte> destination)
    {
        var total = 0;
        while (destination.Length > total && TryNext(destination.Length - total, out var address, out var length))
        {
            var done = CopyIn(address, destination.Slice(total, length));
            total += done;
            Consume(done);
            if (done < length)
            {
                break;
            }
        }

        return total;
    }

    /// <summary>The next bytes of this buffer as a buffer of their own, at most <paramref name="length"/>; this one does not move on.</summary>
    public UserBuffer Take(ulong length)
    {
        if (_space is null)
        {
            return new UserBuffer(_kernelBytes[(int)_offset..], (int)Math.Min(length, Remaining));
        }

        var ranges = new List<VirtualRange>();
        var skip = _offset;
        for (var i = _index; i < _ranges.Length && length > 0; i++)
        {
            var part = Math.Min(length, _ranges[i].Length - skip);
            ranges.Add(VirtualRange.FromLength(_ranges[i].Start + skip, part));
            length -= part;
            skip = 0;
        }

        return new UserBuffer(_space, [.. ranges]);
    }

    private int CopyOut(VirtualAddress address, ReadOnlySpan<byte> source)
    {
        if (_space is not null)
        {
            return _space.CopyToGuest(address, source);
        }

        source.CopyTo(_kernelBytes.AsSpan((int)address.Value));
        return source.Length;
    }

    private int CopyIn(VirtualAddress address, Span<byte> destination)
    {
        if (_space is not null)
        {
            return _space.CopyFromGuest(address, destination);
        }

        _kernelBytes.AsSpan((int)address.Value, destination.Length).CopyTo(destination);
        return destination.Length;
    }

    private bool TryNext(int wanted, out VirtualAddress address, out int length)
    {
        while (_index < _ranges.Length && _offset == _ranges[_index].Length)
        {
            _index++;
            _offset = 0;
        }

        address = default;
        length = 0;
        if (_index == _ranges.Length)
        {
            return false;
        }

        address = _ranges[_index].Start + _offset;
        length = (int)Math.Min((ulong)wanted, _ranges[_index].Length - _offset);
        return true;
    }

    private void Consume(int bytes)
    {
        _offset += (ulong)bytes;
        Remaining -= (ulong)bytes;
    }
}
