namespace Quire.Allocation;

/// <summary>
/// A range of native addresses of fixed capacity: reserved at once, committed piece by piece as offsets are first used, released as a
/// whole. Every access through <see cref="Bytes"/> is bounds-checked; users of <see cref="Base"/> keep within what they committed.
/// </summary>
/// <remarks>Committing is not thread-safe.</remarks>
public sealed unsafe class NativeRegion : IDisposable
{
    /// <summary>Alignment of <see cref="Base"/>, and so the largest alignment a block of a region can have: 2 MiB.</summary>
    public const int BaseAlignment = 2 << 20;

    /// <summary>Memory is committed in pieces of this size: 64 KiB.</summary>
    public const int CommitGranule = 1 << GranuleShift;

    private const int GranuleShift = 16;

    private readonly IVirtualMemory _memory;
    // A bit a granule.
    private readonly ulong[] _committed;
    private nint _reservation;
    private readonly nint _reserved;

    /// <param name="capacity">Bytes, at least 1; rounded up to the commit granule.</param>
    /// <param name="memory">The host's address space when null.</param>
    /// <exception cref="OutOfMemoryException">The host has not that many addresses.</exception>
    public NativeRegion(nint capacity, IVirtualMemory? memory = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, (nint)1 << 46);
        _memory = memory ?? HostMemory.Current;
        Capacity = (capacity + CommitGranule - 1) & -CommitGranule;
        _reserved = Capacity + BaseAlignment;
        _reservation = _memory.Reserve(_reserved);
        if (_reservation == 0)
        {
            throw new OutOfMemoryException($"The host does not give {Capacity} bytes of addresses.");
        }

        Base = (byte*)((_reservation + BaseAlignment - 1) & -BaseAlignment);
        _committed = new ulong[((Capacity >> GranuleShift) + 63) >> 6];
    }

    ~NativeRegion() => Dispose();

    public bool IsDisposed => _reservation == 0;

    public byte* Base { get; }

    /// <summary>Bytes of addresses.</summary>
    public nint Capacity { get; }

    /// <summary>Bytes with memory behind them, now and at most so far.</summary>
    public nint CommittedBytes { get; private set; }

    public nint PeakCommittedBytes { get; private set; }

    /// <summary>A committed part of the region.</summary>
    public Span<byte> Bytes(nint offset, int length)
    {
        ThrowIfOutside(offset, length);
        for (var granule = offset >> GranuleShift; granule << GranuleShift < offset + length; granule++)
        {
            if (!IsCommitted(granule))
            {
                throw new InvalidOperationException($"Offset {granule << GranuleShift} is not committed.");
            }
        }

        return new Span<byte>(Base + offset, length);
    }

    /// <summary>Puts memory behind a range. False when the host has none left; part of the range may be committed then.</summary>
    public bool TryCommit(nint offset, nint length)
    {
        ThrowIfOutside(offset, length);
        var last = (offset + length - 1) >> GranuleShift;
        for (var granule = offset >> GranuleShift; granule <= last; granule++)
        {
            if (!IsCommitted(granule) && !TryCommitFrom(granule, last))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes the memory away from the granules that lie wholly in the range; they read as zeros when committed again.</summary>
    public void Decommit(nint offset, nint length)
    {
        ThrowIfOutside(offset, length);
        var first = (offset + CommitGranule - 1) >> GranuleShift;
        var end = (offset + length) >> GranuleShift;
        for (var granule = first; granule < end; granule++)
        {
            if (IsCommitted(granule))
            {
                var start = granule;
                while (granule < end && IsCommitted(granule))
                {
                    _committed[granule >> 6] &= ~(1ul << (int)granule);
                    granule++;
                }

                _memory.Decommit((nint)Base + (start << GranuleShift), (granule - start) << GranuleShift);
                CommittedBytes -= (granule - start) << GranuleShift;
            }
        }
    }

    /// <summary>Gives back the memory of the host's pages that lie wholly in a committed range; they stay usable and read as zeros, or as they were. Returns the bytes.</summary>
    public nint Discard(nint offset, nint length)
    {
        ThrowIfOutside(offset, length);
        nint page = _memory.PageSize;
        var first = (offset + page - 1) & -page;
        var end = (offset + length) & -page;
        if (end <= first)
        {
            return 0;
        }

        _memory.Discard((nint)Base + first, end - first);
        return end - first;
    }

    /// <summary>Asks for large pages under a committed range that is in use throughout.</summary>
    public void PreferLargePages(nint offset, nint length)
    {
        ThrowIfOutside(offset, length);
        _memory.PreferLargePages((nint)Base + offset, length);
    }

    /// <summary>Offset of an address; false when it is not of this region.</summary>
    public bool TryOffsetOf(void* address, out nint offset)
    {
        ObjectDisposedException.ThrowIf(_reservation == 0, this);
        offset = (nint)((byte*)address - Base);
        return (nuint)offset < (nuint)Capacity;
    }

    public void Dispose()
    {
        if (_reservation != 0)
        {
            _memory.Release(_reservation, _reserved);
            _reservation = 0;
            GC.SuppressFinalize(this);
        }
    }

    private bool TryCommitFrom(nint granule, nint last)
    {
        var end = granule;
        while (end <= last && !IsCommitted(end))
        {
            end++;
        }

        if (!_memory.TryCommit((nint)Base + (granule << GranuleShift), (end - granule) << GranuleShift))
        {
            return false;
        }

        for (var each = granule; each < end; each++)
        {
            _committed[each >> 6] |= 1ul << (int)each;
        }

        CommittedBytes += (end - granule) << GranuleShift;
        PeakCommittedBytes = Math.Max(PeakCommittedBytes, CommittedBytes);
        return true;
    }

    private bool IsCommitted(nint granule) => ((_committed[granule >> 6] >> (int)granule) & 1) != 0;

    private void ThrowIfOutside(nint offset, nint length)
    {
        ObjectDisposedException.ThrowIf(_reservation == 0, this);
        if (offset < 0 || length < 0 || offset > Capacity - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} is outside of a region of {Capacity} bytes.");
        }
    }
}
