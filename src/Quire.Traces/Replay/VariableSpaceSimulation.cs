using Quire.Replacement;

namespace Quire.Traces;

/// <summary>
/// Replay under a policy whose resident set grows and shrinks: a fault takes a frame while there is one, the policy gives frames back before
/// each reference. Counts space-time, the resident pages summed over references.
/// </summary>
internal sealed class VariableSpaceSimulation : Simulation
{
    private const int Absent = -1;
    private const int Gone = -2;

    private readonly IReplacementPolicy _policy;
    private readonly IVariableSpacePolicy _space;
    private readonly InformationSource _source;
    private readonly PolicySpecification _specification;
    private readonly FrameBits _bits;
    private readonly int[] _pageIn;
    private readonly Stack<int> _free = [];
    private readonly int _frames;
    private int[] _table = [];
    private int _used;
    private int _peak;
    private long _references;
    private long _misses;
    private long _cold;
    private long _evictions;
    private long _deletions;
    private long _dirty;
    private double _spaceTime;

    public VariableSpaceSimulation(IReplacementPolicy policy, InformationSource source, PolicySpecification specification, int frames, FrameBits bits)
    {
        _policy = policy;
        _space = (IVariableSpacePolicy)policy;
        _source = source;
        _specification = specification;
        _frames = frames;
        _bits = bits;
        _pageIn = new int[frames];
    }

    public override bool NeedsFuture => _source == InformationSource.Future;

    public override ReplayResult Result => new()
    {
        Policy = _specification.Text,
        Frames = _frames,
        References = _references,
        Misses = _misses,
        ColdMisses = _cold,
        Evictions = _evictions,
        Deletions = _deletions,
        DirtyWrites = _dirty,
        SpaceTime = _spaceTime,
        IsVariableSpace = true,
        PeakResident = _peak,
    };

    public override void Run(RunBatch batch)
    {
        var old = _table.Length;
        if (batch.PageCount > old)
        {
            Array.Resize(ref _table, Math.Max(batch.PageCount, old * 2));
            Array.Fill(_table, Absent, old, _table.Length - old);
        }

        var time = batch.FirstReference;
        var deletion = 0;
        for (var index = 0; index < batch.Length; index++)
        {
            var page = (int)(batch.Pages[index] >> 1);
            if (deletion < batch.Deletions.Count && batch.Deletions[deletion] == index)
            {
                deletion++;
                Delete(page, time++);
                continue;
            }

            for (var left = batch.Counts[index]; left > 0; left--, time++)
            {
                var ahead = left > 1 ? 1 : batch.Ahead.Length > 0 ? batch.Ahead[index] : 0;
                Reference(page, (byte)((batch.Pages[index] & 1) << 1), time, ahead == 0 ? IReplacementPolicy.Never : time + ahead);
            }
        }

        _references += batch.References;
    }

    private void Reference(int page, byte dirty, long time, long nextUse)
    {
        Release(time, _table[page] >= 0 ? Demand.Hit : Demand.Fault);
        var frame = _table[page];
        if (frame >= 0)
        {
            _bits.Bytes[frame] |= (byte)(FrameBits.Referenced | dirty);
            if (_source != InformationSource.ReferenceBits)
            {
                _policy.Touch(frame, 1, time);
            }
        }
        else
        {
            frame = Fault(page, time);
            _bits.Bytes[frame] |= (byte)(FrameBits.Referenced | dirty);
        }

        _policy.SetNextUse(frame, nextUse);
        Release(time + 1, Demand.None);
        Measure();
    }

    private void Release(long time, Demand demand)
    {
        while (_space.TryRelease(time, demand, out var released))
        {
            Leave(released);
            _free.Push(released);
        }
    }

    private void Measure()
    {
        _spaceTime += _used - _free.Count;
        _peak = Math.Max(_peak, _used - _free.Count);
    }

    private void Delete(int page, long time)
    {
        _deletions++;
        Release(time, _table[page] >= 0 ? Demand.Hit : Demand.Fault);
        var frame = _table[page];
        if (frame >= 0)
        {
            _policy.Remove(frame);
            _bits.Bytes[frame] = 0;
            _table[page] = Gone;
            _free.Push(frame);
        }
        else
        {
            _misses++;
            _cold += frame == Absent ? 1 : 0;
        }

        Release(time + 1, Demand.None);
        Measure();
    }

    private int Fault(int page, long time)
    {
        _misses++;
        if (_table[page] == Absent)
        {
            _cold++;
        }

        var arrival = new Arrival((ulong)page, Arrival.NoShadow, time);
        if (!_free.TryPop(out var frame))
        {
            if (_used < _frames)
            {
                frame = _used++;
            }
            else
            {
                frame = _policy.Evict(arrival, out _);
                Leave(frame);
            }
        }

        _table[page] = frame;
        _pageIn[frame] = page;
        _policy.Admit(frame, arrival);
        return frame;
    }

    private void Leave(int frame)
    {
        _evictions++;
        _dirty += (_bits.Bytes[frame] >> 1) & 1;
        _bits.Bytes[frame] = 0;
        _table[_pageIn[frame]] = Gone;
    }
}
