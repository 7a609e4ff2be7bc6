namespace Quire.Traces;

/// <summary>
/// A stretch of a trace as replay wants it: runs of consecutive references to one page, by dense page number, with their lengths.
/// </summary>
public sealed class RunBatch
{
    public const int StandardCapacity = 1 << 16;

    public RunBatch(int capacity = StandardCapacity)
        : this(GC.AllocateUninitializedArray<uint>(capacity), GC.AllocateUninitializedArray<int>(capacity))
    {
    }

    /// <summary>A batch over arrays that somebody else has filled.</summary>
    internal RunBatch(uint[] pages, int[] counts)
    {
        Pages = pages;
        Counts = counts;
    }

    /// <summary>Page number shifted left by one; bit 0 is set if any reference of the run writes.</summary>
    public uint[] Pages { get; }

    /// <summary>References in the run, at least 1.</summary>
    public int[] Counts { get; }

    /// <summary>References from the run's last to the next one to the same page, 0 for none; only filled when the future is known.</summary>
    public uint[] Ahead { get; set; } = [];

    /// <summary>Sizes of objects, one a run; empty if the trace has none.</summary>
    public ulong[] Sizes { get; set; } = [];

    /// <summary>Runs that delete their page, ascending: of one reference each. Empty for most traces.</summary>
    public List<int> Deletions { get; set; } = [];

    public int Length { get; set; }

    /// <summary>Number of the batch's first reference in the trace, from 1.</summary>
    public long FirstReference { get; set; }

    /// <summary>Number of the batch's first run in the trace, from 1.</summary>
    public long FirstRun { get; set; }

    /// <summary>One more than the highest page number used up to the end of this batch.</summary>
    public int PageCount { get; set; }

    /// <summary>References in the batch: the sum of the counts.</summary>
    public long References { get; set; }
}

/// <summary>Gives a trace as batches of runs, front to back.</summary>
public abstract class RunSource : IDisposable
{
    public virtual PageNumbering Numbering { get; } = new();

    /// <summary>
    /// The pages that are wanted. A source that can tell pages apart before it numbers them leaves out runs of others from the next batch on,
    /// and counts their references all the same; one that cannot gives everything, and says so here.
    /// </summary>
    public virtual PageSampling Sample
    {
        get => new(1);
        set { }
    }

    /// <summary>References in the batches returned so far.</summary>
    public long References { get; private set; }

    public long Runs { get; private set; }

    public abstract bool HasObjectSizes { get; }

    public abstract TraceUnit Unit { get; }

    /// <summary>Bytes of a page as a power of two; 0 unless the trace has addresses.</summary>
    public abstract int PageShift { get; }

    /// <summary>What the trace was taken for, in words.</summary>
    public abstract string Reading { get; }

    /// <summary>How far the reading has got, 0 to 1; null if the end is not known.</summary>
    public abstract double? Progress { get; }

    /// <summary>Replaces the batch by the next one; false at the end.</summary>
    public bool Next(RunBatch batch)
    {
        batch.Length = 0;
        batch.Deletions.Clear();
        batch.References = 0;
        batch.FirstReference = References + 1;
        batch.FirstRun = Runs + 1;
        if (!Fill(batch))
        {
            return false;
        }

        batch.PageCount = Numbering.Count;
        References += batch.References;
        Runs += batch.Length;
        return true;
    }

    /// <summary>The fastest way to runs of pages of this size: straight from the file where its pages have it.</summary>
    public static RunSource Of(TraceReader reader, int pageShift)
    {
        if (reader is not QtraceReader qtrace)
        {
            return new RecordRuns(reader, pageShift);
        }

        var header = qtrace.Header;
        if (header.Unit == TraceUnit.Addresses && pageShift < header.PageShift && header.Detail == QtraceDetail.PagesOnly)
        {
            throw new TraceFormatException($"{reader.Source.Name} holds pages of {1 << header.PageShift} bytes only; it cannot be replayed with pages of {1 << pageShift}");
        }

        return header.Unit != TraceUnit.Addresses || header.PageShift == pageShift ? new QtraceRuns(qtrace) : new RecordRuns(reader, pageShift);
    }

    public abstract void Dispose();

    protected abstract bool Fill(RunBatch batch);
}
