namespace Quire.Collection;

/// <summary>A collector has lost, changed or misplaced an object, or a program uses one that is gone; the message says which.</summary>
public sealed class HeapCorruptedException(string message) : Exception(message);

/// <summary>
/// The sanity plan that any plan can run under: before each collection the graph is traced from the roots and written down in an order that does not depend on addresses
/// (type, size, contents and edges of each object as they are reached), and after it again. The two must agree, and every object must be where the plan has
/// objects. What was freed is overwritten, so that who kept a raw reference to it is caught by its header.
/// </summary>
internal sealed unsafe class HeapChecker(Plan plan)
{
    private readonly Dictionary<nint, int> _numbers = [];
    private readonly List<nint> _order = [];
    private List<ulong>? _before;

    /// <summary>What freed memory is filled with: no header looks like it.</summary>
    public const byte Poison = 0xda;

    public long Collections { get; private set; }

    /// <summary>Objects reachable at the last look.</summary>
    public int Reachable => _order.Count;

    /// <summary>Bytes of objects reachable at the last look.</summary>
    public long ReachableBytes { get; private set; }

    public void Before() => _before = Trace("before the collection");

    public void After(CollectionKind kind)
    {
        Collections++;
        Compare(kind);
        if (kind == CollectionKind.Full && plan.IsExact)
        {
            RequireExact();
        }
    }

    /// <summary>Between two parts of a collection, and after it: the graph must be what it was.</summary>
    public void Compare(CollectionKind kind)
    {
        var after = Trace("after the collection");
        if (_before is null)
        {
            return;
        }

        for (var i = 0; i < Math.Min(_before.Count, after.Count); i++)
        {
            if (_before[i] != after[i])
            {
                throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: collection {Collections} ({kind}) changed the graph at word {i} of its trace");
            }
        }

        if (_before.Count != after.Count)
        {
            throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: collection {Collections} ({kind}) left a graph of {after.Count} words that had {_before.Count}");
        }
    }

    /// <summary>Looks at the graph once, without a collection.</summary>
    public void CheckNow() => Trace("at the end");

    /// <summary>The program passes a reference: it must be an object's. One kept across an allocation may not be.</summary>
    public void RequireUsable(nint target, string use)
    {
        if (target == 0)
        {
            throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: the program {use} null");
        }

        if (WhatIsWrong(target) is { } what)
        {
            throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: the program {use} 0x{target:x}, which is {what}: a reference kept across an allocation must lie in a frame");
        }
    }

    /// <summary>Overwrites memory that was freed, and says so to nobody.</summary>
    public static void Overwrite(nint start, nint bytes) => new Span<byte>((void*)start, checked((int)bytes)).Fill(Poison);

    private void RequireExact()
    {
        var extra = 0L;
        var first = (nint)0;
        plan.ForEachObject(target =>
        {
            if (!_numbers.ContainsKey(target))
            {
                extra++;
                first = first == 0 ? target : first;
            }
        });
        if (extra > 0)
        {
            throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: collection {Collections} left {extra} unreachable objects, the first a {plan.Types.NameOf(*(ulong*)first)} at 0x{first:x}");
        }
    }

    // In the order of the roots and, from object to object, of the references: the same for equal graphs wherever their objects lie.
    private List<ulong> Trace(string when)
    {
        _numbers.Clear();
        _order.Clear();
        ReachableBytes = 0;
        var trace = new List<ulong>();
        var visitor = new Numbering(this, trace, when, "a root");
        plan.VisitHeldRoots(ref visitor);
        var reached = Follow(0, trace, when);

        // Objects that wait for their finaliser are roots, too, but collections add to them: only that they are there is checked.
        var queue = new List<ulong>();
        var queued = new Numbering(this, queue, when, "the queue of finalisers");
        plan.Finalisers.VisitQueue(ref queued);
        Follow(reached, queue, when);
        return trace;
    }

    private int Follow(int first, List<ulong> trace, string when)
    {
        var next = first;
        for (; next < _order.Count; next++)
        {
            var target = _order[next];
            var header = *(ulong*)target;
            var descriptor = TypeTable.DescriptorOf(plan.Types.Table, header);
            var size = descriptor->SizeOf(target);
            ReachableBytes += size;
            trace.Add(header >> ObjectHeader.TypeShift << ObjectHeader.TypeShift | (ulong)size);
            var edges = new Numbering(this, trace, when, $"a {plan.Types.NameOf(header)} (number {next} from the roots)");
            ObjectScan.Scan(target, descriptor, ref edges);
            if (descriptor->Shape == ObjectShape.Weak && *(nint*)(target + ObjectHeader.Bytes) is var referent && referent != 0)
            {
                Require(PlaceOf(referent), when, "a weak reference");
            }

            AddContents(target, descriptor, size, trace);
        }

        return next;
    }

    private static void AddContents(nint target, TypeDescriptor* descriptor, nint size, List<ulong> trace)
    {
        var hash = 14695981039346656037UL;
        switch (descriptor->Shape)
        {
            case ObjectShape.ReferenceArray:
                return;
            case ObjectShape.Data or ObjectShape.DataArray:
                foreach (var value in new ReadOnlySpan<ulong>((void*)(target + ObjectHeader.Bytes), (int)Math.Min(1 << 20, (size - ObjectHeader.Bytes) / 8)))
                {
                    hash = (hash ^ value) * 1099511628211;
                }

                break;
            default:
                for (var word = target + ObjectHeader.Bytes; word < target + size; word += 8)
                {
                    if (!IsReference(descriptor, (int)(word - target)))
                    {
                        hash = (hash ^ *(ulong*)word) * 1099511628211;
                    }
                }

                break;
        }

        trace.Add(hash);
    }

    private static bool IsReference(TypeDescriptor* descriptor, int offset) => descriptor->Shape switch
    {
        ObjectShape.Listed => new ReadOnlySpan<int>(descriptor->Offsets, descriptor->References).Contains(offset),
        _ => offset >= descriptor->First && offset < descriptor->First + (descriptor->References * 8),
    };

    private nint PlaceOf(nint target) => plan.PlaceOf(target);

    private void Require(nint target, string when, string holder)
    {
        if (WhatIsWrong(target) is { } what)
        {
            throw new HeapCorruptedException($"plan {plan.Descriptor.Name}: {when} {Collections} {holder} refers to 0x{target:x}, which is {what}");
        }
    }

    private string? WhatIsWrong(nint target) => !plan.MayHold(target) ? "no address of the heap's objects"
        : ObjectHeader.IsForwarded(*(ulong*)target) ? "the old place of an object that was moved"
        : !plan.Types.Knows(*(ulong*)target) ? "no object: it was freed, or never one"
        : null;

    private readonly struct Numbering(HeapChecker checker, List<ulong> trace, string when, string holder) : ISlotVisitor
    {
        public void Visit(nint* slot)
        {
            var target = checker.PlaceOf(*slot);
            if (target == 0)
            {
                trace.Add(ulong.MaxValue);
                return;
            }

            if (!checker._numbers.TryGetValue(target, out var number))
            {
                checker.Require(target, when, holder);
                number = checker._order.Count;
                checker._numbers.Add(target, number);
                checker._order.Add(target);
            }

            trace.Add((ulong)number);
        }
    }
}
