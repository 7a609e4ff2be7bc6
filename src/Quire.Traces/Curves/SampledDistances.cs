namespace Quire.Traces;

/// <summary>
/// SHARDS with a fixed rate (Waldspurger et al., FAST 2015): stack distances of the pages in a hash sample, divided by the rate.
/// The difference between expected and seen sampled references is put at distance 1 (SHARDS-adj, section 3.3).
/// A sample knows when it cannot know: below <see cref="LeastPages"/> sampled pages no curve is claimed.
/// </summary>
public sealed class SampledDistances
{
    /// <summary>Fewer sampled pages than this say nothing: the error of a ratio is about 1/(2 sqrt(pages)), above 3 % here.</summary>
    public const int LeastPages = 256;

    private readonly PageSampling _sampling;
    private readonly Dictionary<int, int> _numbers = [];
    private readonly StackDistances _distances = new();
    private readonly RunBatch _sampled = new();
    private Membership[] _membership = [];

    public SampledDistances(PageSampling sampling) => _sampling = sampling;

    public double Rate => _sampling.Rate;

    public long References { get; private set; }

    public long SampledReferences { get; private set; }

    public int SampledPages => _numbers.Count;

    public bool IsEnough => SampledPages >= LeastPages || Rate >= 1;

    /// <summary>About the standard error of a ratio: half of one over the root of the pages in the sample (the paper's figure 6 lies below it).</summary>
    public double ErrorBound => Rate >= 1 ? 0 : SampledPages == 0 ? 1 : 0.5 / Math.Sqrt(SampledPages);

    public void Add(RunBatch batch, PageNumbering numbering)
    {
        Grow(batch.PageCount);
        References += batch.References;
        var length = 0;
        var references = 0L;
        var known = _membership;
        var pages = batch.Pages.AsSpan(0, batch.Length);
        for (var run = 0; run < pages.Length; run++)
        {
            var page = (int)(pages[run] >> 1);
            var membership = known[page];
            if (membership == Membership.Outside)
            {
                continue;
            }

            if (membership == Membership.Unknown)
            {
                known[page] = _sampling.Takes(numbering.PageOf(page)) ? Membership.Inside : Membership.Outside;
                if (known[page] == Membership.Outside)
                {
                    continue;
                }
            }

            if (!_numbers.TryGetValue(page, out var number))
            {
                number = _numbers.Count;
                _numbers.Add(page, number);
            }

            _sampled.Pages[length] = (uint)number << 1;
            _sampled.Counts[length++] = batch.Counts[run];
            references += batch.Counts[run];
        }

        _sampled.Length = length;
        _sampled.References = references;
        _sampled.PageCount = _numbers.Count;
        SampledReferences += references;
        _distances.Add(_sampled);
    }

    public MissRatioCurve Curve(string name)
    {
        var histogram = _distances.Histogram.ToArray();
        var expected = References * Rate;
        if (histogram.Length > 1)
        {
            histogram[1] += (long)Math.Round(expected - SampledReferences);
        }

        var remark = IsEnough
            ? null
            : $"a sample of {SampledPages} pages at rate {Rate:0.####} says nothing about this trace: use an exact curve or a higher --rate";
        return MissRatioCurve.FromDistances(name, histogram, _distances.Cold, Math.Max(1, expected), 1 / Rate) with { ErrorBound = ErrorBound, Remark = remark };
    }

    private void Grow(int pages)
    {
        if (pages > _membership.Length)
        {
            Array.Resize(ref _membership, Math.Max(pages, _membership.Length * 2));
        }
    }

    /// <summary>Whether a page is in the sample, in one byte: most references cost this look only.</summary>
    private enum Membership : byte
    {
        Unknown,
        Outside,
        Inside,
    }
}
