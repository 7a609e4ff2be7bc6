namespace Quire.Hardware.Translation;

/// <summary>References that one translation cache served and did not.</summary>
public readonly record struct TlbHits(ulong Hits, ulong Misses)
{
    public ulong References => Hits + Misses;

    /// <summary>0 to 1; 1 when nothing was asked.</summary>
    public double HitRate => References == 0 ? 1 : (double)Hits / References;

    public static TlbHits operator +(TlbHits left, TlbHits right) => new(left.Hits + right.Hits, left.Misses + right.Misses);
}

/// <summary>
/// What one MMU counted since it was made. With the TLB model off only the references in <see cref="Data"/> and <see cref="Code"/> are exact (as hits);
/// everything else that the model defines is 0.
/// </summary>
public readonly record struct TlbCounters
{
    /// <summary>First level. An access is a hit when the entry found permits it; one reference for each page that an access touches.</summary>
    public TlbHits Data { get; init; }

    /// <summary>First level, one reference for each instruction and one more for each that straddles two pages.</summary>
    public TlbHits Code { get; init; }

    /// <summary>Second level, asked for data. Zero when there is no second level.</summary>
    public TlbHits SecondData { get; init; }

    /// <summary>Second level, asked for code.</summary>
    public TlbHits SecondCode { get; init; }

    /// <summary>References that missed every level.</summary>
    public ulong Walks { get; init; }

    /// <summary>Table entries read by walks: fewer than four each where the paging-structure cache knows the way.</summary>
    public ulong WalkReferences { get; init; }

    /// <summary>Walks that ended at a 2 MiB leaf: one table entry fewer each than a 4 KiB leaf would have taken from where the walk started.</summary>
    public ulong Walks2M { get; init; }

    /// <summary>Walks that ended at a 1 GiB leaf: two table entries fewer each.</summary>
    public ulong Walks1G { get; init; }

    /// <summary>Writes that hit an entry not known to be dirty and went to the tables to set D. Not counted as walks.</summary>
    public ulong DirtyAssists { get; init; }

    public ulong FullFlushes { get; init; }
    public ulong TagFlushes { get; init; }
    public ulong PageFlushes { get; init; }

    /// <summary>Invalidations that another CPU asked for; each is also counted by its kind.</summary>
    public ulong Shootdowns { get; init; }

    public TlbHits Second => SecondData + SecondCode;

    /// <summary>
    /// Table entries that walks did not read because leaves were huge. Walks that did not happen, because one entry of the TLB reaches further, are
    /// not among them: only a second run without huge pages tells those.
    /// </summary>
    public ulong WalkReferencesSaved => Walks2M + (2 * Walks1G);

    public ulong Flushes => FullFlushes + TagFlushes + PageFlushes;

    /// <summary>Sum over CPUs.</summary>
    public static TlbCounters operator +(TlbCounters left, TlbCounters right) => new()
    {
        Data = left.Data + right.Data,
        Code = left.Code + right.Code,
        SecondData = left.SecondData + right.SecondData,
        SecondCode = left.SecondCode + right.SecondCode,
        Walks = left.Walks + right.Walks,
        WalkReferences = left.WalkReferences + right.WalkReferences,
        Walks2M = left.Walks2M + right.Walks2M,
        Walks1G = left.Walks1G + right.Walks1G,
        DirtyAssists = left.DirtyAssists + right.DirtyAssists,
        FullFlushes = left.FullFlushes + right.FullFlushes,
        TagFlushes = left.TagFlushes + right.TagFlushes,
        PageFlushes = left.PageFlushes + right.PageFlushes,
        Shootdowns = left.Shootdowns + right.Shootdowns,
    };
}
