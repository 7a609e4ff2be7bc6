using System.Globalization;
using Quire.Observation.Sizing;
using Quire.Primitives;

namespace Quire.Cli.Study;

/// <summary>
/// Runs of one program in sizes of memory and under limits, with several seeds where one draw would decide: layouts and turns differ by seed, and with them, near the
/// edge, faults by half. Advice is given only after runs under exactly the limit that it names, without swap unless swap was given.
/// </summary>
internal sealed class Draws(GuestRuns guests, IReadOnlyList<string> program, ulong seed, IReadOnlyList<string> swap, CancellationToken cancellation)
{
    // Room for what little RAM pushes out; only pages that are pushed out take space on the host.
    private const string StandardSwap = "1G";
    private const int Seeds = 3;
    private const int MostRounds = 4;
    private const ulong LargestTimes = 4;
    private const ulong RamTimes = 4;

    private static readonly ByteSize LeastRam = ByteSize.FromMiB(64);

    public static string NameOf(ByteSize size, int draw) => string.Create(CultureInfo.InvariantCulture, $"{size.Bytes} {draw}");

    /// <summary>The program in so much RAM.</summary>
    public GuestVariant In(ByteSize size, int draw) => new(
        NameOf(size, draw), ["--ram", Bytes(size), "--seed", SeedOf(draw), .. swap.Count > 0 ? swap : ["--swap", StandardSwap]], program)
    {
        Title = draw == 0 ? size.ToString() : $"{size}, seed {SeedOf(draw)}",
    };

    /// <summary>Puts the median of several seeds in the place of the sizes that knee and ample size are read from, until they stay the same.</summary>
    public void SettleWhatDecides(List<(ByteSize Ram, GuestRun Run)> runs)
    {
        var settled = new HashSet<ByteSize>();
        for (var round = 0; round < MostRounds && !cancellation.IsCancellationRequested; round++)
        {
            var curve = SweepCommand.CurveOf(runs);
            var sizes = ((ByteSize?[])[curve.Knee, curve.Ample]).OfType<ByteSize>().Where(settled.Add).ToList();
            if (sizes.Count == 0)
            {
                return;
            }

            var more = guests.Run([.. sizes.SelectMany(size => Enumerable.Range(1, Seeds - 1).Select(draw => In(size, draw)))]);
            foreach (var size in sizes)
            {
                var at = runs.FindIndex(run => run.Ram == size);
                var all = more.Where(run => run.Name.StartsWith(Bytes(size) + " ", StringComparison.Ordinal)).Append(runs[at].Run);
                runs[at] = (size, all.OrderBy(run => run.IsComplete ? run.Report!.VirtualSeconds : double.MaxValue).ElementAt((Seeds - 1) / 2));
            }
        }
    }

    /// <summary>Null: the program lives under none of the limits.</summary>
    public MemoryAdvice? Advise(MemoryCurve curve, IReadOnlyList<(ByteSize Ram, GuestRun Run)> runs)
    {
        if (runs.LastOrDefault(run => run.Run.IsComplete) is not { Run.Report: { } roomy } best)
        {
            return null;
        }

        // With swap the size that is about as fast as it gets, without any all that the program has at once.
        var start = swap.Count > 0 ? curve.Ample!.Value : new ByteSize(Math.Max(1, roomy.Memory.PeakResidentBytes));
        var largest = new ByteSize(Math.Max(best.Ram.Bytes, start.Bytes) * LargestTimes);
        if (Find(swap) is { } found)
        {
            return swap.Count > 0 ? found.Advice with { Swap = found.SwapUsed } : found.Advice;
        }

        // Not without swap: with how much?
        return swap.Count == 0 && Find(["--swap", StandardSwap]) is { } swapped ? swapped.Advice with { Swap = swapped.SwapUsed } : null;

        (MemoryAdvice Advice, ByteSize SwapUsed)? Find(IReadOnlyList<string> with)
        {
            if (LimitSearch.Smallest(start, largest, limit => guests.Run([Under(limit, 0, with)]) is [var run] && Lives(run)) is not { } smallest)
            {
                return null;
            }

            // A draw may be worse than the one that the search saw: then the limit was too small.
            for (var request = smallest; request <= largest && !cancellation.IsCancellationRequested; request = LimitSearch.WithHeadroom(request))
            {
                var limit = LimitSearch.WithHeadroom(request);
                var tried = guests.Run([.. Enumerable.Range(0, Seeds).Select(draw => Under(limit, draw, with))]);
                if (tried.Count == Seeds && tried.All(Lives))
                {
                    var swapUsed = tried.Max(run => run.Report!.Swap?.PeakUsed ?? 0) << Page.Shift;
                    return (new MemoryAdvice(
                        request, limit, null, [.. Enumerable.Range(0, Seeds).Select(draw => seed + (ulong)draw)], tried.Max(run => run.Report!.VirtualSeconds) / curve.FastestSeconds), new ByteSize((ulong)swapUsed));
                }
            }

            return null;
        }

        bool Lives(GuestRun run) => run is { IsComplete: true, Report: { } report } && run.OutputDigest == best.Run.OutputDigest && run.ExitCode == best.Run.ExitCode
            && report.VirtualSeconds <= curve.FastestSeconds * MemoryCurve.AmpleSlowdown;
    }

    // In a machine that has enough: only the group is short.
    private GuestVariant Under(ByteSize limit, int draw, IReadOnlyList<string> with)
    {
        var ram = new ByteSize(Math.Max(LeastRam.Bytes, limit.Bytes * RamTimes));
        return new GuestVariant("limit " + NameOf(limit, draw), ["--ram", Bytes(ram), "--memory-max", Bytes(limit), "--seed", SeedOf(draw), .. with], program)
        {
            Title = $"limit {limit}, seed {SeedOf(draw)}",
        };
    }

    private string SeedOf(int draw) => (seed + (ulong)draw).ToString(CultureInfo.InvariantCulture);

    private static string Bytes(ByteSize size) => size.Bytes.ToString(CultureInfo.InvariantCulture);
}
