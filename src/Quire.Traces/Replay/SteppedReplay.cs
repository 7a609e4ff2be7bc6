using Quire.Replacement;

namespace Quire.Traces;

/// <summary>What happened at one reference.</summary>
/// <param name="Number">The reference, from 1.</param>
/// <param name="Page">Dense number of the page.</param>
/// <param name="Frame">Where it is now.</param>
/// <param name="Victim">Dense number of the page that left for it, -1 if none.</param>
/// <param name="Reason">Why the victim was chosen, null if none left.</param>
/// <param name="Released">Dense numbers of the pages that a policy with a resident set of its own size gave back at this reference.</param>
public readonly record struct ReplayStep(long Number, int Page, int Frame, bool IsFault, int Victim, string? Reason, IReadOnlyList<int> Released);

/// <summary>
/// Replay one reference at a time, with what is known of each resident page, for step tables, explanations and comparisons. Slower than
/// <see cref="Simulation"/> and equal to it reference by reference.
/// </summary>
public sealed class SteppedReplay
{
    private readonly PolicySpecification _specification;
    private readonly IReplacementPolicy _policy;
    private readonly ITimedPolicy? _timed;
    private readonly FrameBits _bits;
    private readonly Func<int, string> _nameOf;
    private readonly Facts[] _facts;
    private readonly Stack<int> _free = [];
    private readonly List<int> _released = [];
    private int[] _table = [];
    private int _used;
    private long _time;
    private long _nextTick = long.MaxValue;

    /// <param name="specification">The policy.</param>
    /// <param name="frames">At least 1.</param>
    /// <param name="nameOf">Names a page by its dense number, for reasons and states.</param>
    public SteppedReplay(PolicySpecification specification, int frames, Func<int, string> nameOf)
    {
        _specification = specification;
        _bits = new FrameBits(frames);
        _policy = specification.Build(frames, _bits);
        _nameOf = nameOf;
        _facts = new Facts[frames];
        _timed = _policy as ITimedPolicy;
        if (_timed is not null)
        {
            _nextTick = _timed.TickInterval;
        }
    }

    public long Misses { get; private set; }

    /// <summary>Pages that were in memory and had been written when they left.</summary>
    public long DirtyWrites { get; private set; }

    public int Frames => _facts.Length;

    public bool NeedsFuture => _specification.Descriptor.Source == InformationSource.Future;

    /// <summary>The page in a frame, -1 if it is free.</summary>
    public int PageIn(int frame) => _facts[frame].Page - 1;

    public bool IsResident(int page) => page < _table.Length && _table[page] >= 0;

    /// <summary>The policy's own view of its lists, null if it has none to show.</summary>
    public string? State => (_policy as IDescribesState)?.DescribeState(frame => _nameOf(PageIn(frame)));

    /// <param name="page">Dense number of the page.</param>
    /// <param name="kind">A write makes the page dirty.</param>
    /// <param name="nextUse">Number of the next reference to the page, or <see cref="IReplacementPolicy.Never"/>; used by policies that know the future.</param>
    public ReplayStep Reference(int page, ReferenceKind kind, long nextUse = IReplacementPolicy.Never)
    {
        _time++;
        _released.Clear();
        while (_time > _nextTick)
        {
            _timed!.Tick(_nextTick);
            _nextTick += _timed.TickInterval;
        }

        GrowTable(page);
        Release(_time, _table[page] >= 0 ? Demand.Hit : Demand.Fault);
        if (kind == ReferenceKind.Delete)
        {
            return Delete(page);
        }

        var frame = _table[page];
        var isFault = frame < 0;
        var victim = -1;
        string? reason = null;
        if (!isFault)
        {
            _bits.Bytes[frame] |= FrameBits.Referenced;
            if (_specification.Descriptor.Source != InformationSource.ReferenceBits)
            {
                _policy.Touch(frame, 1, _time);
            }
        }
        else
        {
            (frame, victim, reason) = Fault(page);
        }

        if (kind == ReferenceKind.Write)
        {
            _bits.Bytes[frame] |= FrameBits.Dirty;
        }

        ref var facts = ref _facts[frame];
        facts.LastUse = _time;
        facts.Uses++;
        facts.NextUse = nextUse;
        _policy.SetNextUse(frame, nextUse);
        Release(_time + 1, Demand.None);
        return new ReplayStep(_time, page, frame, isFault, victim, reason, [.. _released]);
    }

    private void Release(long time, Demand demand)
    {
        while (_policy is IVariableSpacePolicy space && space.TryRelease(time, demand, out var released))
        {
            _released.Add(PageIn(released));
            Leave(released, Arrival.NoShadow);
            _free.Push(released);
        }
    }

    /// <summary>The page goes if it is there; nothing comes.</summary>
    private ReplayStep Delete(int page)
    {
        var frame = _table[page];
        var isFault = frame < 0;
        if (isFault)
        {
            Misses++;
        }
        else
        {
            _policy.Remove(frame);
            _bits.Bytes[frame] = 0;
            _table[page] = int.MinValue;
            _facts[frame] = default;
            _free.Push(frame);
        }

        Release(_time + 1, Demand.None);
        return new ReplayStep(_time, page, frame, isFault, -1, null, [.. _released]);
    }

    private (int Frame, int Victim, string? Reason) Fault(int page)
    {
        Misses++;
        var entry = _table[page];
        var arrival = new Arrival((ulong)page, entry == int.MinValue || entry == -1 ? Arrival.NoShadow : -2 - entry, _time);
        var victim = -1;
        string? reason = null;
        if (!_free.TryPop(out var frame))
        {
            if (_used < _facts.Length)
            {
                frame = _used++;
            }
            else
            {
                var before = (byte[])_bits.Bytes.Clone();
                frame = _policy.Evict(arrival, out var shadow);
                victim = PageIn(frame);
                reason = ReasonFor(frame, before[frame]);
                Leave(frame, shadow);
            }
        }

        _table[page] = frame;
        _facts[frame] = new Facts { Page = page + 1, Loaded = _time };
        _policy.Admit(frame, arrival);
        if (_policy is IVariableSpacePolicy)
        {
            _bits.Bytes[frame] |= FrameBits.Referenced;
        }

        return (frame, victim, reason);
    }

    private void Leave(int frame, int shadow)
    {
        DirtyWrites += (_bits.Bytes[frame] >> 1) & 1;
        _bits.Bytes[frame] = 0;
        _table[PageIn(frame)] = shadow == Arrival.NoShadow ? int.MinValue : -2 - shadow;
        _facts[frame] = default;
    }

    private string ReasonFor(int frame, byte bits)
    {
        ref readonly var facts = ref _facts[frame];
        var next = !NeedsFuture ? "" : facts.NextUse == IReplacementPolicy.Never ? ", never used again" : $", next used at {facts.NextUse}";
        var state = (bits & FrameBits.Dirty) != 0 ? ", dirty" : "";
        return $"{_specification.Descriptor.Description.VictimRule} (loaded at {facts.Loaded}, last used at {facts.LastUse}, used {facts.Uses}x{next}{state})";
    }

    private void GrowTable(int page)
    {
        var old = _table.Length;
        if (page >= old)
        {
            Array.Resize(ref _table, Math.Max(page + 1, old * 2));
            Array.Fill(_table, -1, old, _table.Length - old);
        }
    }

    private struct Facts
    {
        // The page's number plus one, so that 0 is no page.
        public int Page;
        public long Loaded;
        public long LastUse;
        public long NextUse;
        public long Uses;
    }
}
