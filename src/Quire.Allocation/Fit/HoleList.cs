namespace Quire.Allocation;

/// <summary>The textbook representation: holes in a doubly linked list by address. A search walks the list; a hole that touches no other is put in its place by walking too.</summary>
public sealed class HoleList : TaggedHoles
{
    private readonly uint[] _next;
    private readonly uint[] _previous;
    private uint _head = None;

    // The first hole at or after the cursor: where next fit goes on. None when it has to go round.
    private uint _rover = None;

    // The hole inserted last, from which the search for a place may start.
    private uint _near = None;

    // The hole after the one removed last: where the rover goes when a block fills its hole to the end.
    private uint _afterRemoved = None;

    /// <summary>All units free.</summary>
    public HoleList(uint count)
        : base(count)
    {
        _next = new uint[count + 1];
        _previous = new uint[count + 1];
        if (count > 0)
        {
            Return(new Extent(0, count));
        }
    }

    public override string Name => "list";

    public override long MetadataBytes => base.MetadataBytes + ((_next.LongLength + _previous.LongLength) * sizeof(uint));

    public override bool TryFind(FitPolicy policy, uint size, uint alignment, out Extent hole) => policy switch
    {
        FitPolicy.First => TryWalk(_head, None, size, alignment, out hole),
        FitPolicy.Next => TryWalk(_rover, None, size, alignment, out hole) || TryWalk(_head, _rover, size, alignment, out hole),
        FitPolicy.Best => TryExtreme(size, alignment, -1, out hole),
        FitPolicy.Worst => TryExtreme(size, alignment, 1, out hole),
        _ => throw new ArgumentOutOfRangeException(nameof(policy)),
    };

    public override bool TryHoleAt(uint unit, out Extent hole)
    {
        hole = Holes().FirstOrDefault(candidate => unit - candidate.Start < candidate.Length);
        return hole.Length > 0;
    }

    public override IEnumerable<Extent> Holes()
    {
        for (var start = _head; start != None; start = _next[start])
        {
            yield return new Extent(start, LengthAt(start));
        }
    }

    protected override void Insert(Extent hole)
    {
        var previous = _near != None && _near < hole.Start ? _near : None;
        var next = previous == None ? _head : _next[previous];
        while (next != None && next < hole.Start)
        {
            previous = next;
            next = _next[next];
        }

        Connect(previous, hole.Start);
        Connect(hole.Start, next);
        _near = hole.Start;
        if (hole.Start >= Cursor && (_rover == None || hole.Start < _rover))
        {
            _rover = hole.Start;
        }
    }

    protected override void Remove(Extent hole)
    {
        var (previous, next) = (_previous[hole.Start], _next[hole.Start]);
        _afterRemoved = next;
        if (_rover == hole.Start)
        {
            _rover = next;
        }

        if (_near == hole.Start)
        {
            _near = previous;
        }

        if (previous == None)
        {
            _head = next;
        }

        if (previous != None || next != None)
        {
            Connect(previous, next);
        }
    }

    protected override void CursorMoved() => _rover = Cursor < Count && LengthAt(Cursor) != 0 ? Cursor : _afterRemoved;

    private bool TryWalk(uint from, uint until, uint size, uint alignment, out Extent hole)
    {
        for (var start = from; start != until && start != None; start = _next[start])
        {
            Examined++;
            hole = new Extent(start, LengthAt(start));
            if (hole.Length >= size && hole.TryPlace(size, alignment, out _))
            {
                return true;
            }
        }

        hole = default;
        return false;
    }

    // Sign 1 looks for the largest, -1 for the smallest; the first of equals is kept.
    private bool TryExtreme(uint size, uint alignment, int sign, out Extent hole)
    {
        hole = default;
        for (var start = _head; start != None; start = _next[start])
        {
            Examined++;
            var candidate = new Extent(start, LengthAt(start));
            if (candidate.Length >= size && (hole.Length == 0 || candidate.Length.CompareTo(hole.Length) == sign)
                && candidate.TryPlace(size, alignment, out _))
            {
                hole = candidate;
            }
        }

        return hole.Length > 0;
    }

    private void Connect(uint left, uint right)
    {
        if (left == None)
        {
            _head = right;
        }
        else
        {
            _next[left] = right;
        }

        if (right != None)
        {
            _previous[right] = left;
        }
    }
}
