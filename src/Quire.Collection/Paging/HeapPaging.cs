namespace Quire.Collection.Paging;

public enum PageUse
{
    Read,
    Write,
}

/// <summary>Who refers to memory: the program, or the collector in pauses and on threads of its own. Counting and lazy sweeping are the program's, which does them as it runs.</summary>
public enum PageUser
{
    Program,
    Collector,
}

/// <summary>Takes the references of a run, in their order.</summary>
public interface IPageSink
{
    /// <param name="page">Number of the page, from any start.</param>
    /// <param name="words">References to it one after the other, of eight bytes each.</param>
    /// <param name="use">A write if any of them writes.</param>
    /// <param name="user">Whose they are.</param>
    void Refer(long page, int words, PageUse use, PageUser user);
}

/// <summary>
/// Every reference of a run to its heap as references to pages: fields, payload, new objects and frames by the program; roots, mark bits, headers, fields, copies and cards by the collector.
/// </summary>
/// <remarks>An object that is scanned comes after the mark bits of those found in it, since it is told of when its scan is done. Clearing of mark bits and line tables are not told.</remarks>
public sealed unsafe class HeapPaging(IPageSink sink, int pageShift) : HeapObserver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<nint, nint> _oldPlaces = [];
    private Plan _plan = null!;
    private int _program;
    private bool _isInPause;

    public override void Attached(Plan plan)
    {
        _plan = plan;
        _program = Environment.CurrentManagedThreadId;
    }

    public override void Allocated(nint target, nint size) => Touch(target, size, PageUse.Write);

    public override void Read(nint source, nint slot, nint value) => TouchField(source, slot, PageUse.Read);

    public override void Written(nint source, nint slot, nint old, nint value) => TouchField(source, slot, PageUse.Write);

    public override void RootWritten(nint slot, nint old, nint value) => Touch(slot, 8, PageUse.Write);

    public override void PayloadTouched(nint address, nint bytes, bool isWrite) => Touch(address, bytes, isWrite ? PageUse.Write : PageUse.Read);

    public override void PauseBegan(CollectionKind kind, CollectionCause cause)
    {
        lock (_lock)
        {
            _isInPause = true;
            _oldPlaces.Clear();
        }
    }

    public override void PauseEnded(in Pause pause)
    {
        lock (_lock)
        {
            _isInPause = false;
        }
    }

    public override void RootVisited(nint slot, nint value) => Touch(slot, 8, PageUse.Read);

    public override void Marked(nint target) => Touch(MarkWordOf(target), 8, PageUse.Write);

    public override void Scanned(nint target)
    {
        var descriptor = TypeTable.DescriptorOf(_plan.Types.Table, *(ulong*)target);
        Touch(target, 8, PageUse.Read);
        var references = descriptor->Shape == ObjectShape.ReferenceArray ? *(long*)(target + ObjectHeader.Bytes) : descriptor->References;
        if (references == 0)
        {
            return;
        }

        Touch(target + descriptor->First, (nint)(references * 8), _plan.Descriptor.Has(PlanFeatures.Moving) ? PageUse.Write : PageUse.Read);
        var visitor = new Visitor(this);
        ObjectScan.Scan(target, descriptor, ref visitor);
    }

    public override void Copied(nint from, nint to, nint size)
    {
        lock (_lock)
        {
            _oldPlaces[to] = from;
        }

        Touch(from, size, PageUse.Read);
        Touch(from, 8, PageUse.Write);
        Touch(to, size, PageUse.Write);
    }

    public override void Promoted(nint from, nint to, nint size) => Copied(from, to, size);

    public override void Freed(nint start, nint bytes)
    {
        if (_plan is CountingPlan && bytes <= Plan.LargestSmall)
        {
            Touch(start, 16, PageUse.Write);
        }
    }

    public override void Counted(nint target, int count) => Touch(target, 8, PageUse.Write);

    public override void MetadataTouched(nint address, nint bytes, bool isWrite) => Touch(address, bytes, isWrite ? PageUse.Write : PageUse.Read);

    private nint MarkWordOf(nint target) => _plan.Memory.MarkWordOf(target);

    // An array's length is looked at first.
    private void TouchField(nint source, nint slot, PageUse use)
    {
        if (TypeTable.DescriptorOf(_plan.Types.Table, *(ulong*)source)->Shape == ObjectShape.ReferenceArray)
        {
            Touch(source + ObjectHeader.Bytes, 8, PageUse.Read);
        }

        Touch(slot, 8, use);
    }

    private void Touch(nint address, nint bytes, PageUse use)
    {
        lock (_lock)
        {
            var user = _isInPause || Environment.CurrentManagedThreadId != _program ? PageUser.Collector : PageUser.Program;
            for (var end = address + Math.Max(bytes, 1); address < end;)
            {
                var page = (long)address >> pageShift;
                var part = Math.Min(end, (nint)((page + 1) << pageShift)) - address;
                sink.Refer(page, (int)((part + 7) / 8), use, user);
                address += part;
            }
        }
    }

    /// <summary>What a found reference makes the collector look at: the forwarding address where the object was, or its mark bit.</summary>
    private readonly struct Visitor(HeapPaging paging) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            if (*slot != 0)
            {
                var isMoved = paging._oldPlaces.TryGetValue(*slot, out var old);
                paging.Touch(isMoved ? old : paging.MarkWordOf(*slot), 8, PageUse.Read);
            }
        }
    }
}
