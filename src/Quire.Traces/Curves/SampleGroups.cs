namespace Quire.Traces;

/// <summary>
/// How far a sampled curve can be off. The pages of a sample are spread over groups by their hash, and how much the groups' misses differ says how much
/// chance there is in their sum: a page with many references makes its group stick out. To that comes that distances are counted in sampled pages, so that
/// a size is known only within the root of the sampled pages in it; and that references to hot pages outside of the sample are missing.
/// </summary>
internal sealed class SampleGroups
{
    private const int Groups = 32;

    // Of sizes that hold fewer sampled pages a sample says little.
    private const int FewestInMemory = 16;

    private readonly double[] _hits = new double[LogBuckets.Count * Groups];
    private readonly double[] _cold = new double[Groups];
    private int _highest;

    /// <summary>The group of a page, by bits of its hash that do not decide whether it is sampled.</summary>
    public static byte GroupOf(uint hash) => (byte)((hash * 0x9E3779B1u) >> 27);

    public void Add(byte group, long distance, double weight)
    {
        var bucket = LogBuckets.Of(distance);
        _hits[(bucket * Groups) + group] += weight;
        _highest = Math.Max(_highest, bucket);
    }

    public void AddCold(byte group, double weight) => _cold[group] += weight;

    /// <summary>Variance of the sum of misses, by distance: ascending, each holds up to the next.</summary>
    public List<(long Distance, double Variance)> Variances()
    {
        var misses = _cold.ToArray();
        for (var entry = 0; entry < (_highest + 1) * Groups; entry++)
        {
            misses[entry % Groups] += _hits[entry];
        }

        var variances = new List<(long, double)>();
        for (var bucket = 0; bucket <= _highest; bucket++)
        {
            for (var group = 0; group < Groups; group++)
            {
                misses[group] -= _hits[(bucket * Groups) + group];
            }

            var mean = misses.Average();
            variances.Add((LogBuckets.FirstOf(bucket), misses.Sum(count => (count - mean) * (count - mean)) * Groups / (Groups - 1)));
        }

        return variances;
    }

    /// <summary>The standard error of each point of a curve.</summary>
    /// <param name="curve">Sampled, points ascending.</param>
    /// <param name="variances">Variances of the misses at a size of all stages of the sample: of the whole trace's references.</param>
    /// <param name="rate">Of the sample at the end.</param>
    /// <param name="missing">Part of the references that should have been sampled and were not, or were beyond what should have been.</param>
    /// <param name="references">Of the trace.</param>
    public static MissRatioCurve WithErrors(MissRatioCurve curve, Func<long, double> variances, double rate, double missing, double references)
    {
        var errors = new double[curve.Points.Count];
        var from = Math.Min((long)Math.Ceiling(FewestInMemory / rate), curve.Points[^1].Frames);
        var largest = 0.0;
        for (var index = 1; index < errors.Length; index++)
        {
            var frames = curve.Points[index].Frames;
            var apart = Math.Sqrt(frames * (1 - rate) / rate);
            var slope = (curve.At(Math.Max(1, (long)(frames - apart))) - curve.At((long)(frames + apart))) / 2;
            // Whoever has such a part of the references comes back within 1/part references on average, so at most 1/(part frames) of them miss (Markov).
            var unseen = Math.Min(Math.Abs(missing), 1.0 / frames);
            errors[index] = Math.Min(1, Math.Sqrt((variances(frames) / references / references) + (slope * slope) + (unseen * unseen)));
            largest = frames >= from ? Math.Max(largest, errors[index]) : largest;
        }

        return curve with { Errors = errors, ErrorBound = largest, SoundFrom = from };
    }
}
