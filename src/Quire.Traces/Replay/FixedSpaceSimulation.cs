using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Quire.Replacement;

namespace Quire.Traces;

/// <summary>
/// Replay in a fixed number of frames, compiled for one policy. The page table is an array by page number: a frame (0 and up), nothing (-1),
/// or what the policy left when the page went (-2 - shadow).
/// </summary>
internal sealed unsafe class Simulation<TPolicy> : Simulation
    where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
{
    private const int Absent = -1;
    private const int PrefetchDistance = 12;

    private readonly PolicySpecification _specification;
    private readonly int _frames;
    private readonly FrameBits _bits;
    private readonly int[] _pageIn;
    private int[] _table = [];
    private TPolicy _policy;
    private int _used;

    // Frames whose pages were deleted.
    private readonly Stack<int> _free = [];
    private long _references;
    private long _misses;
    private long _cold;
    private long _evictions;
    private long _dirtyEvictions;
    private long _deletions;
    private long _nextTick;

    public Simulation(TPolicy policy, PolicySpecification specification, int frames, FrameBits bits)
    {
        _policy = policy;
        _specification = specification;
        _frames = frames;
        _bits = bits;
        _pageIn = new int[frames];
        _nextTick = policy is ITimedPolicy timed ? timed.TickInterval : long.MaxValue;
    }

    public override bool NeedsFuture => TPolicy.Source == InformationSource.Future;

    public override ReplayResult Result => new()
    {
        Policy = _specification.Text,
        Frames = _frames,
        References = _references,
        Misses = _misses,
        ColdMisses = _cold,
        Evictions = _evictions,
        DirtyWrites = _dirtyEvictions + _bits.WriteBacks,
        Deletions = _deletions,
        PeakResident = _used,
    };

    public override void Run(RunBatch batch)
    {
        GrowTable(batch.PageCount);
        var time = batch.FirstReference - 1;
        var from = 0;
        foreach (var deletion in batch.Deletions)
        {
            time = Run(batch, from, deletion, time) + 1;
            Delete((int)(batch.Pages[deletion] >> 1));
            from = deletion + 1;
        }

        Run(batch, from, batch.Length, time);
        _references += batch.References;
    }

    private long Run(RunBatch batch, int from, int to, long time)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(_table);
        ref var bits = ref MemoryMarshal.GetArrayDataReference(_bits.Bytes);
        var pages = batch.Pages.AsSpan(from, to - from);
        var counts = batch.Counts.AsSpan(from, to - from);
        var prefetch = _table.Length > 1 << 16 && Sse.IsSupported;
        for (var index = 0; index < pages.Length; index++)
        {
            var page = pages[index];
            var count = counts[index];
            if (prefetch && index + PrefetchDistance < pages.Length)
            {
                Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref table, (nint)(pages[index + PrefetchDistance] >> 1))));
            }

            time += count;
            if (_policy is ITimedPolicy && time > _nextTick)
            {
                Tick(time);
            }

            // Page numbers are below the table's length and frames below _frames: GrowTable and Fault keep it so.
            var frame = Unsafe.Add(ref table, (nint)(page >> 1));
            if (frame >= 0)
            {
                if (TPolicy.Source == InformationSource.ReferenceBits)
                {
                    Unsafe.Add(ref bits, frame) |= (byte)(FrameBits.Referenced | ((page & 1) << 1));
                }
                else
                {
                    if ((page & 1) != 0)
                    {
                        Unsafe.Add(ref bits, frame) |= FrameBits.Dirty;
                    }

                    _policy.Touch(frame, count, time);
                }
            }
            else
            {
                frame = Fault((int)(page >> 1), count, time);
                Unsafe.Add(ref bits, frame) |= (byte)((page & 1) << 1);
            }

            if (TPolicy.Source == InformationSource.Future)
            {
                var ahead = batch.Ahead[from + index];
                _policy.SetNextUse(frame, ahead == 0 ? IReplacementPolicy.Never : time + ahead);
            }
        }

        return time;
    }

    /// <summary>A deletion is a reference that finds the page or not, brings nothing in, and leaves a free frame.</summary>
    private void Delete(int page)
    {
        _deletions++;
        var frame = _table[page];
        if (frame < 0)
        {
            _misses++;
            _cold += frame == Absent ? 1 : 0;
            return;
        }

        _policy.Remove(frame);
        _bits.Bytes[frame] = 0;
        _table[page] = int.MinValue;
        _free.Push(frame);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Fault(int page, int count, long time)
    {
        _misses++;
        var entry = _table[page];
        if (entry == Absent)
        {
            _cold++;
        }

        var arrival = new Arrival((ulong)page, entry == int.MinValue || entry == Absent ? Arrival.NoShadow : -2 - entry, time - count + 1);
        if (!_free.TryPop(out var frame))
        {
            frame = _used < _frames ? _used++ : Evict(arrival);
        }

        _table[page] = frame;
        _pageIn[frame] = page;
        _policy.Admit(frame, arrival);
        if (count > 1)
        {
            if (TPolicy.Source == InformationSource.ReferenceBits)
            {
                _bits.Bytes[frame] |= FrameBits.Referenced;
            }
            else
            {
                _policy.Touch(frame, count - 1, time);
            }
        }

        return frame;
    }

    private int Evict(in Arrival arrival)
    {
        var frame = _policy.Evict(arrival, out var shadow);
        _evictions++;
        ref var bits = ref _bits.Bytes[frame];
        _dirtyEvictions += (bits >> 1) & 1;
        bits = 0;
        // MinValue: was here and left no shadow, so that its return is not a first touch.
        _table[_pageIn[frame]] = shadow == Arrival.NoShadow ? int.MinValue : -2 - shadow;
        return frame;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Tick(long time)
    {
        while (time > _nextTick)
        {
            var timed = (ITimedPolicy)_policy;
            timed.Tick(_nextTick);
            _policy = (TPolicy)timed;
            _nextTick += timed.TickInterval;
        }
    }

    private void GrowTable(int pages)
    {
        if (pages <= _table.Length)
        {
            return;
        }

        var old = _table.Length;
        Array.Resize(ref _table, Math.Max(pages, (int)Math.Min(Array.MaxLength, old * 2L)));
        Array.Fill(_table, Absent, old, _table.Length - old);
    }
}
