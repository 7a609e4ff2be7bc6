using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>Where objects are born, and two spaces for those that have survived but are not old enough to be promoted. All of it is charged from the start.</summary>
/// <remarks>D. Ungar, Generation Scavenging, SDE 1984: NewSpace is Eden, PastSurvivorSpace From, FutureSurvivorSpace To.</remarks>
internal sealed unsafe class YoungGeneration
{
    private AddressRange _from;
    private AddressRange _to;
    private nint _edenTop;

    public YoungGeneration(HeapMemory memory, nint eden, nint survivors)
    {
        eden = RoundUp(eden);
        survivors = RoundUp(survivors);
        var range = memory.Carve(eden + (2 * survivors));
        Range = new AddressRange(range.Start, range.Start + eden + (2 * survivors));
        if (!memory.TryTake(Range.Start, Range.Length))
        {
            throw new HeapExhaustedException("generational", memory.Budget.Limit, 0, Range.Length);
        }

        Eden = new AddressRange(Range.Start, Range.Start + eden);
        _from = new AddressRange(Eden.End, Eden.End + survivors);
        _to = new AddressRange(_from.End, _from.End + survivors);
        _edenTop = Eden.Start;
        FromTop = _from.Start;
        ToTop = _to.Start;
    }

    /// <summary>All young objects lie here.</summary>
    public AddressRange Range { get; }

    public AddressRange Eden { get; }

    /// <summary>Survivors of the last collection end here.</summary>
    public nint FromTop { get; private set; }

    /// <summary>The survivors of the collection that is going on lie from here on.</summary>
    public nint ToStart => _to.Start;

    /// <summary>Where they may lie.</summary>
    public AddressRange To => _to;

    /// <summary>They end here.</summary>
    public nint ToTop;

    /// <summary>Bytes of young objects.</summary>
    public nint Used => _edenTop - Eden.Start + FromTop - _from.Start;

    /// <summary>The same in its parts.</summary>
    public YoungUse Use => new(_edenTop - Eden.Start, Eden.Length, FromTop - _from.Start, _from.Length);

    /// <summary>Zeroed memory; 0 when eden is full.</summary>
    public nint TryExtend(nint bytes)
    {
        var start = _edenTop;
        if (bytes > Eden.End - start)
        {
            return 0;
        }

        NativeMemory.Clear((void*)start, (nuint)bytes);
        _edenTop = start + bytes;
        return start;
    }

    /// <summary>A place among the survivors; 0 when they are too many.</summary>
    public nint TrySurvive(nint size)
    {
        var place = ToTop;
        if (size > _to.End - place)
        {
            return 0;
        }

        ToTop = place + size;
        return place;
    }

    /// <summary>After a collection: eden is empty, and its survivors are those that the next one starts with.</summary>
    public void Flip(HeapObserver? observer, HeapChecking checking)
    {
        observer?.Freed(Eden.Start, _edenTop - Eden.Start);
        observer?.Freed(_from.Start, FromTop - _from.Start);
        if (checking != HeapChecking.None)
        {
            HeapChecker.Overwrite(Eden.Start, _edenTop - Eden.Start);
            HeapChecker.Overwrite(_from.Start, FromTop - _from.Start);
        }

        _edenTop = Eden.Start;
        (_from, _to) = (_to, _from);
        FromTop = ToTop;
        ToTop = _to.Start;
    }

    public bool Holds(nint target) => (target >= Eden.Start && target < _edenTop) || (target >= _from.Start && target < FromTop);

    public void ForEachObject(Plan plan, Action<nint> visit)
    {
        Walk(plan, Eden.Start, _edenTop, visit);
        Walk(plan, _from.Start, FromTop, visit);
    }

    private static void Walk(Plan plan, nint address, nint end, Action<nint> visit)
    {
        while (address < end)
        {
            if (*(ulong*)address == 0)
            {
                address += 8;
                continue;
            }

            visit(address);
            address += plan.SizeOf(address);
        }
    }

    private static nint RoundUp(nint bytes) => (bytes + HeapMemory.BlockSize - 1) & -HeapMemory.BlockSize;
}
