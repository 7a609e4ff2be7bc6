using System.CommandLine;
using System.Globalization;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>quire curve: miss ratio over memory size, exact, sampled, estimated and simulated, with the working set and the knee.</summary>
public static class CurveCommand
{
    public static Command Create()
    {
        var options = new TraceOptions();
        var exact = new Option<bool>("--exact") { Description = "exact LRU curve from stack distances (the default, with --rate and --aet if nothing is chosen)" };
        var rate = new Option<double?>("--rate") { Description = "sampled LRU curve (SHARDS) of this part of the pages, above 0 to 1 (raised by itself where that would be too few pages)" };
        var samplePages = new Option<int?>("--sample-pages") { Description = "sampled LRU curve (SHARDS, fixed size) of at most so many pages" };
        var aet = new Option<bool>("--aet") { Description = "LRU curve estimated from reuse times (AET)" };
        var policy = new Option<string?>("--policy", "-p") { Description = "curves by simulation of these policies at --points sizes, exact there; opt at every size where that is affordable" };
        var points = new Option<int>("--points") { Description = "sizes that are simulated and shown", DefaultValueFactory = _ => 24 };
        var frames = new Option<string?>("--frames", "-f") { Description = "sizes to simulate and show instead" };
        var workingSet = new Option<bool>("--working-set") { Description = "mean working set over the window: different pages among the last so many references, by the mean over the trace" };
        var windows = new Option<string?>("--windows") { Description = "windows of mean working sets: 10,100,1K or 1..64+1" };
        var reuse = new Option<bool>("--reuse") { Description = "histogram of the times between references to a page" };
        var regions = new Option<int?>("--regions") { Description = "reuse by region of 2^N pages" };
        var phases = new Option<long?>("--phases") { Description = "phases of locality by windows of N references" };
        var csv = new Option<string?>("--csv") { Description = "curves as CSV to FILE or -" };
        var html = new Option<string?>("--html") { Description = "curves as a page of its own to FILE" };
        var noPlot = new Option<bool>("--no-plot") { Description = "no plot in the terminal" };
        var command = new Command("curve", "Miss-ratio curves, working set and knee of a trace.")
        {
            exact, rate, samplePages, aet, policy, points, frames, workingSet, windows, reuse, regions, phases, csv, html, noPlot,
        };
        options.AddTo(command);
        command.Guard((parse, cancellation) =>
        {
            var isPlain = !parse.GetValue(exact) && parse.GetValue(rate) is null && parse.GetValue(samplePages) is null && !parse.GetValue(aet) && parse.GetValue(policy) is null;
            var request = new CurveRequest
            {
                Exact = parse.GetValue(exact) || isPlain,
                Rate = parse.GetValue(rate) ?? (isPlain ? 0.01 : null),
                SamplePages = parse.GetValue(samplePages),
                Aet = parse.GetValue(aet) || isPlain,
                ReuseTimes = isPlain || parse.GetValue(workingSet) || parse.GetValue(reuse) || parse.GetValue(windows) is not null,
                Windows = parse.GetValue(windows) is { } lengths ? [.. TraceOptions.ParseFrames(lengths).Select(length => (long)length)] : [],
                Policies = parse.GetValue(policy) is { } policies ? PolicyLibrary.ParseList(policies) : [],
                Points = Math.Clamp(parse.GetValue(points), 2, 10_000),
                Frames = parse.GetValue(frames) is { } sizes ? TraceOptions.ParseSizes(sizes) : null,
                RegionShift = parse.GetValue(regions),
                PhaseWindow = parse.GetValue(phases),
            };
            if (request.Rate is { } part && !(part > 0 && part <= 1))
            {
                throw new UsageException($"rate {part} is not above 0 and at most 1");
            }

            if (request.SamplePages is < 1 or > 1 << 24 || request.RegionShift is < 0 or > 51 || request.PhaseWindow is < 1)
            {
                throw new UsageException("--sample-pages, --regions or --phases is out of range");
            }

            CurveStudy study;
            string reading;
            using (var runs = options.OpenRuns(parse))
            using (var line = new ProgressLine())
            {
                study = CurveStudy.Run(runs, request, line.Show, cancellation);
                reading = runs.Reading;
            }

            var shown = study.Sizes(request).Select(size => (long)size).ToList();
            var hasWindows = parse.GetValue(workingSet) || parse.GetValue(windows) is not null;
            var json = options.OpenJson(parse);
            var table = TraceOptions.OpenOutput(parse.GetValue(csv));
            if (json != Console.Out && table != Console.Out)
            {
                WriteText(study, reading, shown, parse.GetValue(noPlot), hasWindows || isPlain, parse.GetValue(reuse));
            }

            WriteJson(json, study, shown, hasWindows);
            WriteCsv(table, study, request.Frames is null ? null : shown);
            TraceOptions.CloseOutput(json);
            TraceOptions.CloseOutput(table);
            if (parse.GetValue(html) is { } path)
            {
                using var page = new StreamWriter(path);
                CurvePage.Write(page, $"Miss ratio of {parse.GetValue(options.Trace)}", study.Curves, Summary(study));
            }

            foreach (var remark in study.Curves.Where(curve => curve.Remark is not null))
            {
                Console.Error.WriteLine($"quire: {remark.Name}: {remark.Remark}");
            }

            return ReplayCommand.Finish(new ReplayReport([], study.References, study.Pages, study.IsPartial, study.Fault), cancellation);
        });
        return command;
    }

    private static string Summary(CurveStudy study)
    {
        var knee = study.Curves.Select(curve => curve.Knee()).FirstOrDefault(found => found is not null);
        var text = $"{study.References} references to {(study.ArePagesEstimated ? "about " : "")}{study.Pages} pages{(study.IsPartial ? " (partial)" : "")}";
        return knee is { } point ? text + string.Create(CultureInfo.InvariantCulture, $"; knee at {point.Frames} frames, miss ratio {point.MissRatio:0.000000}") : text + "; no knee";
    }

    private static void WriteText(CurveStudy study, string reading, List<long> sizes, bool noPlot, bool workingSet, bool reuse)
    {
        Console.WriteLine($"{Summary(study)}; {reading}");
        if (study.References == 0)
        {
            return;
        }

        var table = new TextTable(["frames", .. study.Curves.Select(curve => curve.Name)]);
        foreach (var size in sizes)
        {
            table.Add([size, .. study.Curves.Select(curve => curve.At(size).ToString("0.000000", CultureInfo.InvariantCulture))]);
        }

        table.Write(Console.Out);
        foreach (var curve in study.Curves.Where(curve => curve.ErrorBound > 0))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{curve.Name}: standard error at most {curve.ErrorBound:0.0000} from {curve.SoundFrom} frames on, where 16 sampled pages fit; {curve.ErrorAt(sizes[^1]):0.0000} at {sizes[^1]}"));
        }

        if (!noPlot)
        {
            Console.WriteLine();
            CurvePlot.Write(Console.Out, study.Curves);
        }

        if (workingSet)
        {
            var windows = new TextTable("window", "mean working set");
            foreach (var (window, pages) in WorkingSets(study))
            {
                windows.Add(window, pages);
            }

            Console.WriteLine();
            windows.Write(Console.Out);
        }

        if (reuse)
        {
            var times = new TextTable("references since last use, from", "count");
            foreach (var (time, count) in study.Reuse.Histogram().GroupBy(entry => System.Numerics.BitOperations.Log2((ulong)entry.Time)).Select(group => (1L << group.Key, group.Sum(entry => entry.Count))))
            {
                times.Add(time, count);
            }

            times.Add("first", study.Reuse.Cold);
            Console.WriteLine();
            times.Write(Console.Out);
        }

        WriteLocality(study);
    }

    // Windows of one's choice, or each four times the one before.
    private static IEnumerable<(long Window, double Pages)> WorkingSets(CurveStudy study)
    {
        var next = 1.0;
        foreach (var (window, pages) in study.Reuse.WorkingSet())
        {
            if (study.HasChosenWindows || window >= next)
            {
                yield return (window, pages);
                next = window * 4.0;
            }
        }
    }

    private static void WriteLocality(CurveStudy study)
    {
        if (study.Regions is { } regions)
        {
            var table = new TextTable("first page", "references", "writing runs", "pages", "references a page");
            foreach (var (first, references, writes, pages) in regions.Regions.Take(40))
            {
                table.Add("0x" + first.ToString("x", CultureInfo.InvariantCulture), references, writes, pages, (double)references / pages);
            }

            Console.WriteLine();
            table.Write(Console.Out);
        }

        if (study.Phases is { } phases)
        {
            var table = new TextTable("phase from reference", "references", "largest locality");
            foreach (var phase in phases)
            {
                table.Add(phase.FirstReference, phase.References, phase.LargestLocality);
            }

            Console.WriteLine();
            table.Write(Console.Out);
        }
    }

    private static void WriteJson(TextWriter? json, CurveStudy study, List<long> sizes, bool hasWindows)
    {
        foreach (var curve in json is null ? [] : study.Curves)
        {
            var knee = curve.Knee();
            foreach (var size in sizes)
            {
                json!.WriteLine(TraceOptions.JsonRow(
                    ("curve", curve.Name), ("frames", size), ("missRatio", curve.At(size)), ("standardError", curve.ErrorAt(size)), ("errorBound", curve.ErrorBound), ("knee", knee?.Frames), ("remark", curve.Remark), ("partial", study.IsPartial)));
            }
        }

        foreach (var (window, pages) in json is null || !hasWindows ? [] : WorkingSets(study))
        {
            json!.WriteLine(TraceOptions.JsonRow(("window", window), ("meanWorkingSet", pages), ("partial", study.IsPartial)));
        }

        foreach (var (first, references, writes, pages) in json is null || study.Regions is null ? [] : study.Regions.Regions)
        {
            json!.WriteLine(TraceOptions.JsonRow(("region", first), ("references", references), ("writingRuns", writes), ("pages", pages), ("partial", study.IsPartial)));
        }

        foreach (var phase in json is null ? [] : study.Phases ?? [])
        {
            json!.WriteLine(TraceOptions.JsonRow(
                ("phase", phase.FirstReference), ("references", phase.References), ("largestLocality", phase.LargestLocality), ("partial", study.IsPartial)));
        }
    }

    // Every size at which a curve changes; a curve that was simulated has nothing to say between its points.
    private static void WriteCsv(TextWriter? csv, CurveStudy study, List<long>? chosen)
    {
        if (csv is null)
        {
            return;
        }

        csv.WriteLine("frames," + string.Join(',', study.Curves.Select(curve => $"\"{curve.Name}\"")));
        var sizes = chosen ?? (IEnumerable<long>)new SortedSet<long>(study.Curves.SelectMany(curve => curve.Points.Select(point => point.Frames)).Where(size => size > 0));
        foreach (var size in sizes)
        {
            csv.WriteLine(size + "," + string.Join(',', study.Curves.Select(curve => Cell(curve, size))));
        }

        static string Cell(MissRatioCurve curve, long size) =>
            curve.IsOnlyAtPoints && !curve.HasPointAt(size) ? "" : curve.At(size).ToString("0.########", CultureInfo.InvariantCulture);
    }
}
