namespace Quire.Collection.Steps;

/// <summary>Follows a script's objects from address to address and writes down what happens to them.</summary>
internal sealed unsafe class ScriptObserver(ScriptGraph graph) : HeapObserver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<nint, ScriptObject> _at = [];
    private readonly List<HeapEvent> _events = [];
    private readonly List<Pause> _pauses = [];
    private readonly HashSet<ScriptObject> _looked = [];
    private Plan _plan = null!;
    private bool _isInPause;

    /// <summary>Whether an object was found by the last pause.</summary>
    public bool WasLookedAt(ScriptObject item) => _looked.Contains(item);

    /// <summary>Kind of the last pause of all steps; null before the first.</summary>
    public CollectionKind? LastKind { get; private set; }

    /// <summary>The step of that pause.</summary>
    public int LastPause { get; private set; }

    /// <summary>The step that is going on, from 1.</summary>
    public int Step { get; set; }

    public override void Attached(Plan plan) => _plan = plan;

    public (IReadOnlyList<HeapEvent> Events, IReadOnlyList<Pause> Pauses) Take()
    {
        lock (_lock)
        {
            var taken = (_events.ToList(), _pauses.ToList());
            _events.Clear();
            _pauses.Clear();
            return taken;
        }
    }

    public void Place(ScriptObject item, nint address)
    {
        lock (_lock)
        {
            item.Address = address;
            item.Size = _plan.SizeOf(address);
            item.Colour = IsMarking && _plan.Memory.IsMarked(address) ? TracingColour.Black : TracingColour.White;
            _at[address] = item;
            Add(HeapEventKind.Allocated, item, address, address);
        }
    }

    /// <summary>A cycle of marking is under way beside the program.</summary>
    public bool IsMarking => _plan is OnTheFlyPlan { IsMarking: true };

    public void ForgetColours()
    {
        foreach (var item in graph.Objects)
        {
            item.Colour = TracingColour.White;
        }
    }

    public override void PauseBegan(CollectionKind kind, CollectionCause cause)
    {
        lock (_lock)
        {
            _isInPause = true;
            _looked.Clear();
            if (kind is CollectionKind.Full or CollectionKind.Minor or CollectionKind.Start)
            {
                ForgetColours();
            }

            _events.Add(new HeapEvent(HeapEventKind.PauseBegan, "", 0, 0, 0, $"{Name(kind)}{(cause == CollectionCause.Asked ? "" : $", {cause}")}"));
        }
    }

    public override void PauseEnded(in Pause pause)
    {
        lock (_lock)
        {
            _isInPause = false;
            LastKind = pause.Kind;
            LastPause = Step;
            _pauses.Add(pause);
            DropWhatIsGone();
            _events.Add(new HeapEvent(HeapEventKind.PauseEnded, "", 0, 0, 0, pause.Kind is CollectionKind.Start or CollectionKind.Increment
                ? $"{Name(pause.Kind)} ends"
                : $"{Name(pause.Kind)}: {pause.Marked} found, {pause.Copied} bytes copied, {pause.Promoted} promoted"));
        }
    }

    public override void Marked(nint target)
    {
        lock (_lock)
        {
            if (_at.TryGetValue(target, out var item))
            {
                _looked.Add(item);
                item.Colour = TracingColour.Grey;
                Add(HeapEventKind.Marked, item, target, target);
            }
        }
    }

    public override void Scanned(nint target)
    {
        lock (_lock)
        {
            if (_at.TryGetValue(target, out var item))
            {
                item.Colour = TracingColour.Black;
                Add(HeapEventKind.Scanned, item, target, target);
            }
        }
    }

    public override void Copied(nint from, nint to, nint size) => Moved(HeapEventKind.Copied, from, to);

    public override void Promoted(nint from, nint to, nint size) => Moved(HeapEventKind.Promoted, from, to);

    public override void Counted(nint target, int count)
    {
        lock (_lock)
        {
            if (_at.TryGetValue(target, out var item))
            {
                _events.Add(new HeapEvent(HeapEventKind.Counted, item.Name, Offset(target), Offset(target), count, ""));
            }
        }
    }

    public override void Freed(nint start, nint bytes)
    {
        lock (_lock)
        {
            foreach (var item in _at.Values.Where(item => item.Address >= start && item.Address < start + bytes).ToList())
            {
                Drop(item);
            }
        }
    }

    private static string Name(CollectionKind kind) => kind.ToString().ToLowerInvariant();

    // Plans that sweep later, or keep what is dead in a line with what lives, say so only then; that the heap has them no more is known now.
    private void DropWhatIsGone()
    {
        if (_plan.Descriptor.Has(PlanFeatures.Manual) || _at.Count == 0)
        {
            return;
        }

        var there = new HashSet<nint>();
        _plan.ForEachObject(target => there.Add(target));
        foreach (var item in graph.Objects.Where(item => item.IsInHeap && (!there.Contains(item.Address) || _at[item.Address] != item)).ToList())
        {
            Drop(item);
        }
    }

    private void Drop(ScriptObject item)
    {
        if (item.UnreachableSince == 0)
        {
            throw new HeapCorruptedException($"plan {_plan.Descriptor.Name} freed {item.Name}, which is reached by {item.Path}");
        }

        // Something else may have slid to its place already.
        if (_at.TryGetValue(item.Address, out var there) && there == item)
        {
            _at.Remove(item.Address);
        }

        _events.Add(new HeapEvent(HeapEventKind.Freed, item.Name, Offset(item.Address), Offset(item.Address), 0, $"unreachable since step {item.UnreachableSince}; it was reached by {item.Path}"));
        item.Address = 0;
    }

    private void Moved(HeapEventKind kind, nint from, nint to)
    {
        lock (_lock)
        {
            if (!_at.Remove(from, out var item))
            {
                return;
            }

            item.Address = to;
            _at[to] = item;
            if (_isInPause)
            {
                _looked.Add(item);
            }

            if (item.Colour == TracingColour.White)
            {
                item.Colour = TracingColour.Grey;
            }

            Add(kind, item, from, to);
        }
    }

    private void Add(HeapEventKind kind, ScriptObject item, nint from, nint to) => _events.Add(new HeapEvent(kind, item.Name, Offset(from), Offset(to), 0, ""));

    private long Offset(nint address) => address - _plan.Memory.Base;
}
