namespace Quire.Traces;

/// <summary>
/// SHARDS (Waldspurger et al., FAST 2015): stack distances of the pages in a hash sample, divided by the rate. The sample begins with every
/// page and its rate falls eightfold as often as enough pages would be left, down to the rate that was asked for: the paper's lowering
/// of the threshold (section 4.2) in large steps. What was counted at a higher rate keeps that rate's weight. So a small footprint is measured, not guessed.
/// The difference between expected and seen sampled references is put at distance 1 (SHARDS-adj, section 3.3).
/// </summary>
public sealed class SampledDistances
{
    /// <summary>Fewer sampled pages than this say nothing: the error of a ratio is about 1/(2 sqrt(pages)), above 3 % here.</summary>
    public const int LeastPages = 256;

    private const int Step = 8;

    private readonly PageSampling _wanted;
    private readonly StackDistances _distances = new();
    private readonly RunBatch _sampled = new();
    private readonly List<Stage> _stages = [];
    private Membership[] _membership = [];
    private byte[] _groupOf = new byte[1 << 10];
    private long _references;

    public SampledDistances(double rate) => _wanted = new PageSampling(rate);

    /// <summary>Pages outside of it no longer matter.</summary>
    public PageSampling Sampling { get; private set; } = new(1);

    public double Rate => Sampling.Rate;

    /// <summary>True if few pages kept the rate above the one asked for.</summary>
    public bool IsRaised => Rate > _wanted.Rate * 1.5;

    public int SampledPages => _distances.Pages;

    public double EstimatedPages => SampledPages / Rate;

    public void Add(RunBatch batch, PageNumbering numbering)
    {
        _references += batch.References;
        _distances.Add(Rate >= 1 ? batch : Filter(batch, numbering));
        var lower = Math.Max(_wanted.Rate, Rate / Step);
        if (lower < Rate && SampledPages * lower / Rate >= 2 * LeastPages)
        {
            CloseStage();
            Sampling = new PageSampling(lower);
            Array.Clear(_membership);
            _distances.Restart(page => Sampling.Takes(numbering.PageOf(page)));
            _distances.Groups = new SampleGroups();
            for (var page = 0; page < _groupOf.Length && page < numbering.Count; page++)
            {
                _groupOf[page] = SampleGroups.GroupOf(Sampling.HashOf(numbering.PageOf(page)));
            }
        }
    }

    public MissRatioCurve Curve(string name)
    {
        CloseStage();
        var references = Math.Max(1, (double)_stages.Sum(stage => stage.References));
        var hits = new SortedDictionary<long, double>();
        foreach (var stage in _stages)
        {
            AddHits(hits, 1, stage.References - (stage.SampledReferences / stage.Rate));
            for (var distance = 1; distance < stage.Histogram.Length; distance++)
            {
                AddHits(hits, (long)Math.Round(distance / stage.Rate), stage.Histogram[distance] / stage.Rate);
            }
        }

        var misses = _stages.Sum(stage => stage.Cold / stage.Rate) + hits.Values.Sum();
        var points = new List<CurvePoint> { new(0, 1) };
        foreach (var (distance, count) in hits)
        {
            misses -= count;
            points.Add(new CurvePoint(distance, Math.Clamp(misses / references, 0, 1)));
        }

        var curve = new MissRatioCurve(name, _references == 0 ? [new CurvePoint(0, 0)] : points);
        var sampled = _stages.Where(stage => stage.Variances.Count > 0).ToList();
        var missing = sampled.Sum(stage => stage.References - (stage.SampledReferences / stage.Rate)) / references;
        return sampled.Count == 0 ? curve : SampleGroups.WithErrors(curve, frames => sampled.Sum(stage => stage.VarianceAt(frames)), Rate, missing, references);
    }

    private static void AddHits(SortedDictionary<long, double> hits, long distance, double count)
    {
        if (count != 0)
        {
            hits[distance] = hits.GetValueOrDefault(distance) + count;
        }
    }

    private void CloseStage()
    {
        var counted = _stages.Sum(stage => stage.References);
        _stages.Add(new Stage(Rate, _references - counted, _distances.References, _distances.Cold, _distances.Histogram.ToArray(), _distances.Groups?.Variances() ?? []));
    }

    private RunBatch Filter(RunBatch batch, PageNumbering numbering)
    {
        if (batch.PageCount > _membership.Length)
        {
            Array.Resize(ref _membership, Math.Max(batch.PageCount, _membership.Length * 2));
            Array.Resize(ref _groupOf, _membership.Length);
            _distances.GroupOf = _groupOf;
        }

        var length = 0;
        var references = 0L;
        var deletion = 0;
        _sampled.Deletions.Clear();
        var known = _membership;
        var pages = batch.Pages.AsSpan(0, batch.Length);
        for (var run = 0; run < pages.Length; run++)
        {
            var page = (int)(pages[run] >> 1);
            if (known[page] == Membership.Unknown)
            {
                var hash = Sampling.HashOf(numbering.PageOf(page));
                known[page] = hash < Sampling.Threshold ? Membership.Inside : Membership.Outside;
                _groupOf[page] = SampleGroups.GroupOf(hash);
            }

            var deletes = deletion < batch.Deletions.Count && batch.Deletions[deletion] == run;
            deletion += deletes ? 1 : 0;
            if (known[page] == Membership.Inside)
            {
                if (deletes)
                {
                    _sampled.Deletions.Add(length);
                }

                _sampled.Pages[length] = pages[run];
                _sampled.Counts[length++] = batch.Counts[run];
                references += batch.Counts[run];
            }
        }

        _sampled.Length = length;
        _sampled.References = references;
        _sampled.PageCount = batch.PageCount;
        return _sampled;
    }

    /// <summary>Whether a page is in the sample, in one byte: most references cost this look only.</summary>
    private enum Membership : byte
    {
        Unknown,
        Outside,
        Inside,
    }

    /// <summary>What was counted while one rate held.</summary>
    private sealed record Stage(double Rate, long References, long SampledReferences, long Cold, long[] Histogram, List<(long Distance, double Variance)> Variances)
    {
        // Of the whole trace's misses: sampled ones count one over the rate, and what is not sampled is the part in which there is chance.
        public double VarianceAt(long frames)
        {
            var place = Variances.BinarySearch(((long)(frames * Rate), double.MaxValue));
            place = place < 0 ? ~place - 1 : place;
            return place < 0 ? 0 : Variances[place].Variance * (1 - Rate) / (Rate * Rate);
        }
    }
}
