namespace Quire.Traces;

/// <summary>What a trace holds, counted while it is read.</summary>
public sealed class TraceFacts(int pageShift)
{
    private readonly PageNumbering _numbering = new();
    private readonly ProcessMarks _marks = new();
    private readonly HashSet<uint> _processes = [];

    public long Records { get; private set; }

    /// <summary>References to pages: a record that straddles pages counts once a page.</summary>
    public long References { get; private set; }

    public int Pages => _numbering.Count;

    public int Processes => _processes.Count;

    /// <summary>Records by <see cref="ReferenceKind"/>.</summary>
    public IReadOnlyList<long> ByKind => _byKind;

    public ulong Lowest { get; private set; } = ulong.MaxValue;

    public ulong Highest { get; private set; }

    private readonly long[] _byKind = new long[4];

    public void Add(TraceRecords records, TraceUnit unit)
    {
        var shift = unit == TraceUnit.Addresses ? pageShift : 0;
        for (var index = 0; index < records.Length; index++)
        {
            var address = records.Address[index];
            var last = unit == TraceUnit.Objects || records.Size[index] <= 1 ? address : address + records.Size[index] - 1;
            var mark = _marks.Of(records.Process[index]);
            for (var page = address >> shift; ; page++)
            {
                _numbering.NumberOf(page ^ mark);
                References++;
                if (page >= last >> shift)
                {
                    break;
                }
            }

            _processes.Add(records.Process[index]);
            _byKind[(int)records.Kind[index]]++;
            Lowest = Math.Min(Lowest, address);
            Highest = Math.Max(Highest, Math.Max(last, address));
        }

        Records += records.Length;
    }
}
