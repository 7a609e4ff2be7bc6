using System.Globalization;
using System.Net;
using System.Text;
using Quire.Collection;

namespace Quire.Cli.Gc;

/// <summary>A page that needs nothing else: plans compared, pauses by length, utilisation over window, and for each plan the heap over time by the age of its objects.</summary>
internal static class GcPage
{
    private const double Left = 170;
    private const double Right = 940;
    private const double PlotBottom = 320;

    private static readonly string[] s_colours = ["#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#116329", "#6e7781", "#0550ae", "#a40e26"];

    public static string Of(string program, string heap, IReadOnlyList<RunResult> results)
    {
        var text = new StringBuilder(PageHead.Of($"{program} in {heap}")).Append('\n');
        text.Append("<h2>Processor time</h2>\n");
        AppendComparison(text, results);
        text.Append("<h2>Pauses by length</h2>\n");
        AppendPauses(text, results);
        text.Append("<h2>Minimum mutator utilisation</h2>\n");
        AppendUtilisation(text, results);
        foreach (var result in results.Where(result => result.Census?.Samples.Count > 0))
        {
            Append(text, $"<h2>{WebUtility.HtmlEncode(result.Plan)}: the heap over time</h2>\n<p>A column a collection, addresses downwards; dark where memory is full, from green (young) to red (old); the line is what floats.</p>\n");
            AppendMap(text, result.Census!.Samples);
        }

        AppendTable(text, results);
        return text.Append("</body></html>\n").ToString();
    }

    private static void AppendComparison(StringBuilder text, IReadOnlyList<RunResult> results)
    {
        var most = Math.Max(1, results.Max(result => result.Processor + result.ConcurrentProcessor));
        Append(text, $"<svg viewBox=\"0 0 1000 {(results.Count * 24) + 10}\" role=\"img\" aria-label=\"processor time of plans\">\n");
        foreach (var (row, result) in results.Index())
        {
            var program = (Right - Left - 60) * Math.Max(0, result.MutatorProcessor) / most;
            var collector = (Right - Left - 60) * (result.CollectorProcessor + result.ConcurrentProcessor) / most;
            Append(text, $"<text x=\"4\" y=\"{(row * 24) + 20}\">{WebUtility.HtmlEncode(result.Plan)}</text><rect x=\"{Left}\" y=\"{(row * 24) + 6}\" width=\"{program:0.0}\" height=\"18\" fill=\"#0969da\"><title>program {result.MutatorProcessor / 1e6:0.0} ms</title></rect><rect x=\"{Left + program:0.0}\" y=\"{(row * 24) + 6}\" width=\"{collector:0.0}\" height=\"18\" fill=\"#cf222e\"><title>collector {(result.CollectorProcessor + result.ConcurrentProcessor) / 1e6:0.0} ms</title></rect><text x=\"{Left + program + collector + 6:0.0}\" y=\"{(row * 24) + 20}\">{(result.Processor + result.ConcurrentProcessor) / 1e6:0} ms</text>\n");
        }

        text.Append("</svg>\n<p>blue: the program; red: the collector</p>\n");
    }

    private static void AppendPauses(StringBuilder text, IReadOnlyList<RunResult> results)
    {
        var bounds = GcDrawing.PauseBounds;
        Append(text, $"<svg viewBox=\"0 0 1000 {(results.Count * 44) + 30}\" role=\"img\" aria-label=\"pauses by length\">\n");
        var step = (Right - Left) / (bounds.Count + 1);
        foreach (var (row, result) in results.Index())
        {
            var counts = GcDrawing.Histogram(result);
            var most = Math.Log(1 + Math.Max(1, counts.Max()));
            Append(text, $"<text x=\"4\" y=\"{(row * 44) + 40}\">{WebUtility.HtmlEncode(result.Plan)}</text>");
            for (var bar = 0; bar < counts.Length; bar++)
            {
                var height = 38 * Math.Log(1 + counts[bar]) / most;
                Append(text, $"<rect x=\"{Left + (bar * step):0.0}\" y=\"{(row * 44) + 42 - height:0.0}\" width=\"{step - 2:0.0}\" height=\"{height:0.0}\" fill=\"{Colour(row)}\"><title>{counts[bar]} pauses {(bar == 0 ? "below" : "from")} {bounds[Math.Max(0, bar - 1)] / 1e6:0.###} ms</title></rect>");
            }

            text.Append('\n');
        }

        foreach (var (bar, bound) in bounds.Index().Where(bound => bound.Index % 2 == 0))
        {
            Append(text, $"<text x=\"{Left + ((bar + 1) * step) - 8:0.0}\" y=\"{(results.Count * 44) + 20}\">{bound / 1e6:0.###}</text>");
        }

        text.Append("</svg>\n<p>milliseconds; heights are logarithms of counts</p>\n");
    }

    private static void AppendUtilisation(StringBuilder text, IReadOnlyList<RunResult> results)
    {
        text.Append("<svg viewBox=\"0 0 1000 360\" role=\"img\" aria-label=\"minimum mutator utilisation over window\">\n");
        var windows = GcDrawing.Windows;
        for (var i = 0; i <= 4; i++)
        {
            Append(text, $"<line x1=\"60\" x2=\"{Right}\" y1=\"{Y(i / 4.0):0.0}\" y2=\"{Y(i / 4.0):0.0}\" stroke=\"#d0d7de\"/><text x=\"10\" y=\"{Y(i / 4.0) + 4:0.0}\">{i * 25}%</text>");
        }

        for (var i = 0; i < windows.Count; i += 4)
        {
            Append(text, $"<text x=\"{X(i) - 10:0.0}\" y=\"{PlotBottom + 20}\">{windows[i] / 1e6:0.##} ms</text>");
        }

        foreach (var (row, result) in results.Index())
        {
            var points = string.Join(' ', windows.Index().Select(window => Text($"{X(window.Index):0.0},{Y(result.MinimumUtilisation(window.Item)):0.0}")));
            Append(text, $"<polyline fill=\"none\" stroke=\"{Colour(row)}\" stroke-width=\"2\" points=\"{points}\"><title>{WebUtility.HtmlEncode(result.Plan)}</title></polyline>\n");
        }

        text.Append("</svg>\n<p>");
        foreach (var (row, result) in results.Index())
        {
            Append(text, $"<span style=\"color:{Colour(row)}\">■ {WebUtility.HtmlEncode(result.Plan)}</span> ");
        }

        text.Append("</p>\n");

        double X(int window) => 60 + ((Right - 60) * window / (windows.Count - 1));
        double Y(double share) => PlotBottom - ((PlotBottom - 15) * share);
    }

    private static void AppendMap(StringBuilder text, IReadOnlyList<HeapSample> samples)
    {
        var width = 940.0 / samples.Count;
        var height = 256.0 / HeapCensus.MapCells;
        var oldest = Math.Max(1, samples.Max(sample => sample.Age.Max()));
        var most = Math.Max(1, samples.Max(sample => sample.Objects));
        text.Append("<svg viewBox=\"0 0 1000 280\" role=\"img\" aria-label=\"heap map over time\">\n");
        foreach (var (column, sample) in samples.Index())
        {
            for (var cell = 0; cell < HeapCensus.MapCells; cell++)
            {
                if (sample.Fill[cell] > 0.005)
                {
                    Append(text, $"<rect x=\"{30 + (column * width):0.0}\" y=\"{10 + (cell * height):0.0}\" width=\"{width:0.00}\" height=\"{height:0.00}\" fill=\"hsl({120 - (120 * sample.Age[cell] / oldest):0} 70% {92 - (55 * sample.Fill[cell]):0}%)\"/>");
                }
            }

            text.Append('\n');
        }

        var floating = string.Join(' ', samples.Index().Select(sample => Text($"{30 + ((sample.Index + 0.5) * width):0.0},{266 - (256 * (double)(sample.Item.Objects - sample.Item.Reachable) / most):0.0}")));
        Append(text, $"<polyline fill=\"none\" stroke=\"#57606a\" points=\"{floating}\"/></svg>\n");
    }

    private static void AppendTable(StringBuilder text, IReadOnlyList<RunResult> results)
    {
        text.Append("<table><tr><th>plan</th><th>total ms</th><th>collector ms</th><th>pauses</th><th>p99 ms</th><th>max ms</th><th>peak bytes</th><th>copied</th><th>promoted</th></tr>\n");
        foreach (var result in results)
        {
            Append(text, $"<tr><td>{WebUtility.HtmlEncode(result.Plan)}</td><td>{(result.Processor + result.ConcurrentProcessor) / 1e6:0.0}</td><td>{(result.CollectorProcessor + result.ConcurrentProcessor) / 1e6:0.0}</td><td>{result.Pauses.Count}</td><td>{result.PausePercentile(0.99) / 1e6:0.00}</td><td>{result.PausePercentile(1) / 1e6:0.00}</td><td>{result.PeakFootprint}</td><td>{result.CopiedBytes}</td><td>{result.PromotedBytes}</td></tr>\n");
        }

        text.Append("</table>\n");
    }

    private static string Colour(int row) => s_colours[row % s_colours.Length];

    private static void Append(StringBuilder text, FormattableString what) => text.Append(what.ToString(CultureInfo.InvariantCulture));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
