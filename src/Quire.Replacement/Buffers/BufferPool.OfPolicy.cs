using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Quire.Replacement;

/// <summary>A <see cref="BufferPool"/> compiled for its policy.</summary>
/// <typeparam name="TPolicy">A policy such as <see cref="Lru"/> or one of your own; not one that needs the future or changes the number of its frames.</typeparam>
public sealed unsafe class BufferPool<TPolicy> : BufferPool
    where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
{
    private const int Alignment = 4096;

    // A write of neighbours goes on for so many pages at most.
    private const int LongestWrite = 64;

    private readonly Lock _lock = new();
    private readonly Bits _bits;
    private readonly long[] _pageIn;
    private readonly int[] _pins;

    private readonly Dictionary<long, int> _table = [];

    // What the policy left of pages that are gone, and when they went.
    private readonly Dictionary<long, (int Shadow, long Gone)> _shadows = [];
    private readonly Queue<(long Page, long Gone)> _oldestShadows = new();
    private readonly Stack<int> _free = [];
    private readonly List<(int Frame, Arrival Arrival)> _aside = [];
    private byte* _memory;
    private TPolicy _policy;
    private BufferPoolCounts _counts;
    private long _time;
    private long _nextTick;
    private int _dirty;

    /// <param name="file">Owned from now on.</param>
    /// <param name="frames">At least 1.</param>
    /// <param name="parameters">Of the policy; null for its own.</param>
    public BufferPool(IPageFile file, int frames, PolicyParameters? parameters = null)
        : base(file, frames)
    {
        if (TPolicy.Source == InformationSource.Future || default(TPolicy) is IVariableSpacePolicy)
        {
            throw new PolicyFormatException($"policy {TPolicy.Description.Name} cannot serve a buffer pool: it {(TPolicy.Source == InformationSource.Future ? "needs the future" : "changes the number of its frames")}");
        }

        _bits = new Bits(this);
        _pageIn = new long[frames];
        _pins = new int[frames];
        for (var frame = frames - 1; frame >= 0; frame--)
        {
            _free.Push(frame);
        }

        _policy = TPolicy.Create(new PolicySetup(frames, parameters ?? PolicyParameters.None(TPolicy.Description.Name), _bits));
        _nextTick = _policy is ITimedPolicy timed ? timed.TickInterval : long.MaxValue;
        _memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)frames * (nuint)file.PageSize), Alignment);
    }

    /// <inheritdoc/>
    public override int Resident => Frames - _free.Count;

    /// <inheritdoc/>
    public override int Dirty => _dirty;

    /// <inheritdoc/>
    public override BufferPoolCounts Counts
    {
        get
        {
            lock (_lock)
            {
                return _counts;
            }
        }
    }

    /// <inheritdoc/>
    public override PinnedPage Pin(long page) => Pin(page, Content.FromFile);

    /// <inheritdoc/>
    public override PinnedPage PinNew(long page) => Pin(page, Content.Zeros);

    /// <inheritdoc/>
    public override void Flush()
    {
        lock (_lock)
        {
            RefuseAfterDispose();
            WriteAll();
        }
    }

    /// <inheritdoc/>
    public override bool Discard(long page)
    {
        lock (_lock)
        {
            RefuseAfterDispose();
            if (!_table.TryGetValue(page, out var frame))
            {
                return false;
            }

            if (_pins[frame] > 0)
            {
                throw new InvalidOperationException($"page {page} is pinned");
            }

            _policy.Remove(frame);
            _table.Remove(page);
            Clean(frame);
            _bits.Forget(frame);
            _free.Push(frame);
            return true;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_lock)
        {
            if (_memory is null)
            {
                return;
            }

            try
            {
                WriteAll();
            }
            finally
            {
                NativeMemory.AlignedFree(_memory);
                _memory = null;
                File.Dispose();
            }
        }
    }

    internal override Span<byte> BytesOf(int frame)
    {
        RefuseAfterDispose();
        return new Span<byte>(_memory + ((long)frame * PageSize), PageSize);
    }

    internal override void MarkDirty(int frame)
    {
        lock (_lock)
        {
            _dirty += _bits.SetDirty(frame);
        }
    }

    internal override void Unpin(int frame)
    {
        lock (_lock)
        {
            Debug.Assert(_pins[frame] > 0, "unpinned more often than pinned");
            _pins[frame]--;
        }
    }

    private PinnedPage Pin(long page, Content content)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(page);
        lock (_lock)
        {
            RefuseAfterDispose();
            if (++_time > _nextTick)
            {
                Tick();
            }

            if (_table.TryGetValue(page, out var frame))
            {
                _counts = _counts with { Hits = _counts.Hits + 1 };
                if (TPolicy.Source == InformationSource.ReferenceBits)
                {
                    _bits.SetReferenced(frame, ReferenceBit.Set);
                }
                else
                {
                    _policy.Touch(frame, 1, _time);
                }
            }
            else
            {
                frame = Fault(page, content);
            }

            _pins[frame]++;
            if (content == Content.Zeros)
            {
                BytesOf(frame).Clear();
                _dirty += _bits.SetDirty(frame);
            }

            return new PinnedPage(this, page, frame);
        }
    }

    private int Fault(long page, Content content)
    {
        var shadow = _shadows.TryGetValue(page, out var left) ? left.Shadow : Arrival.NoShadow;
        _counts = _counts with { Misses = _counts.Misses + 1 };
        var arrival = new Arrival((ulong)page, shadow, _time);
        if (!_free.TryPop(out var frame))
        {
            frame = Evict(arrival);
        }

        if (content == Content.FromFile)
        {
            try
            {
                File.Read(page, BytesOf(frame));
            }
            catch
            {
                _free.Push(frame);
                throw;
            }

            _counts = _counts with { Reads = _counts.Reads + 1 };
        }

        _shadows.Remove(page);
        _table[page] = frame;
        _pageIn[frame] = page;
        _policy.Admit(frame, arrival);
        return frame;
    }

    /// <summary>
    /// A frame whose page has left. Policies that keep lists do not look whether a page is pinned: what they choose and cannot go is set aside and comes back
    /// to them as one that has just been used. So is a page that could not be written, before the fault is passed on.
    /// </summary>
    private int Evict(in Arrival incoming)
    {
        try
        {
            while (true)
            {
                var frame = _policy.Evict(incoming, out var shadow);
                if (frame < 0)
                {
                    throw new BufferPoolFullException(Frames);
                }

                _aside.Add((frame, new Arrival((ulong)_pageIn[frame], shadow, _time)));
                if (_pins[frame] > 0)
                {
                    continue;
                }

                if (_bits.IsDirty(frame))
                {
                    WriteNeighbours(_pageIn[frame]);
                }

                _aside.RemoveAt(_aside.Count - 1);
                Forget(frame, shadow);
                return frame;
            }
        }
        finally
        {
            foreach (var (frame, arrival) in _aside)
            {
                _policy.Admit(frame, arrival);
            }

            _aside.Clear();
        }
    }

    private void Forget(int frame, int shadow)
    {
        _counts = _counts with { Evictions = _counts.Evictions + 1 };
        var page = _pageIn[frame];
        _bits.Forget(frame);
        _table.Remove(page);
        if (shadow == Arrival.NoShadow)
        {
            return;
        }

        _shadows[page] = (shadow, _time);
        _oldestShadows.Enqueue((page, _time));
        // No policy of a paper remembers more pages than twice its frames for long.
        while (_oldestShadows.Count > 4L * Frames && _oldestShadows.TryDequeue(out var oldest))
        {
            if (_shadows.TryGetValue(oldest.Page, out var entry) && entry.Gone == oldest.Gone)
            {
                _shadows.Remove(oldest.Page);
            }
        }
    }

    /// <summary>Writes a page and the changed, unpinned ones on both sides of it in the order of their numbers: one sweep of the disk instead of several.</summary>
    private void WriteNeighbours(long page)
    {
        var first = page;
        while (first > 0 && page - first < LongestWrite / 2 && CanWrite(first - 1))
        {
            first--;
        }

        for (var next = first; next < first + LongestWrite && (next <= page || CanWrite(next)); next++)
        {
            Write(_table[next]);
        }
    }

    private bool CanWrite(long page) => _table.TryGetValue(page, out var frame) && _pins[frame] == 0 && _bits.IsDirty(frame);

    private void WriteAll()
    {
        if (_dirty > 0)
        {
            var pages = new List<long>(_dirty);
            for (var frame = 0; frame < Frames; frame++)
            {
                if (_bits.IsDirty(frame))
                {
                    pages.Add(_pageIn[frame]);
                }
            }

            pages.Sort();
            foreach (var page in pages)
            {
                Write(_table[page]);
            }
        }

        File.Synchronize();
    }

    private void Write(int frame)
    {
        BeforeWrite?.Invoke(_pageIn[frame]);
        File.Write(_pageIn[frame], BytesOf(frame));
        _counts = _counts with { Writes = _counts.Writes + 1 };
        Clean(frame);
    }

    private void Clean(int frame) => _dirty -= _bits.ClearDirty(frame);

    private void Tick()
    {
        while (_time > _nextTick)
        {
            var timed = (ITimedPolicy)_policy;
            timed.Tick(_nextTick);
            _policy = (TPolicy)timed;
            _nextTick += timed.TickInterval;
        }
    }

    private void RefuseAfterDispose() => ObjectDisposedException.ThrowIf(_memory is null, this);

    private enum Content
    {
        FromFile,
        Zeros,
    }

    /// <summary>What policies see of frames; a policy that writes a page back while it looks for a victim has the pool write it.</summary>
    private sealed class Bits(BufferPool<TPolicy> pool) : ReferenceBits
    {
        private readonly FrameBits _bits = new(pool.Frames);

        public override bool IsReferenced(int frame) => _bits.IsReferenced(frame);

        public override bool TestAndClearReferenced(int frame) => _bits.TestAndClearReferenced(frame);

        public override void SetReferenced(int frame, ReferenceBit bit) => _bits.SetReferenced(frame, bit);

        public override bool IsDirty(int frame) => _bits.IsDirty(frame);

        public override bool IsPinned(int frame) => pool._pins[frame] > 0;

        public override void WriteBack(int frame)
        {
            if (_bits.IsDirty(frame) && pool._pins[frame] == 0)
            {
                pool.Write(frame);
            }
        }

        public int SetDirty(int frame)
        {
            var wasClean = !_bits.IsDirty(frame);
            _bits.Bytes[frame] |= FrameBits.Dirty;
            return wasClean ? 1 : 0;
        }

        public int ClearDirty(int frame)
        {
            var wasDirty = _bits.IsDirty(frame);
            _bits.Bytes[frame] &= unchecked((byte)~FrameBits.Dirty);
            return wasDirty ? 1 : 0;
        }

        public void Forget(int frame) => _bits.Bytes[frame] = 0;
    }
}
