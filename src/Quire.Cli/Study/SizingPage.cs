using System.Globalization;
using System.Net;
using System.Text;
using Quire.Observation.Sizing;

namespace Quire.Cli.Study;

/// <summary>A page that needs nothing else: running time and major faults over memory size as SVG, the knee marked, the numbers below.</summary>
internal static class SizingPage
{
    private const double Left = 70;
    private const double Right = 930;
    private const double Top = 20;
    private const double Bottom = 420;

    public static void Write(TextWriter output, string program, MemoryCurve curve, MemoryAdvice? advice)
    {
        output.WriteLine($$$"""
            {{{PageHead.Of($"Memory of {program}")}}}
            <p>{{{WebUtility.HtmlEncode(curve.SmallestComplete is null ? "The program ended in none of these sizes." : SweepCommand.Reason(curve, advice))}}}</p>
            {{{Plot(curve)}}}
            <table><tr><th>RAM</th><th>virtual seconds</th><th>slowdown</th><th>major faults</th></tr>
            {{{Rows(curve)}}}</table>
            {{{ResourcesOf(advice)}}}
            </body></html>
            """);
    }

    private static string ResourcesOf(MemoryAdvice? advice) => advice is null
        ? ""
        : $"<pre>{SweepCommand.Resources(advice)}</pre>";

    private static string Plot(MemoryCurve curve)
    {
        var complete = curve.Points.Where(point => point.IsComplete).ToList();
        if (complete.Count == 0)
        {
            return "";
        }

        var (low, high) = (Math.Log2(curve.Points[0].Ram.Bytes), Math.Log2(curve.Points[^1].Ram.Bytes));
        var (slowest, most) = (complete.Max(point => point.VirtualSeconds), Math.Max(1, complete.Max(point => point.MajorFaults)));
        var text = new StringBuilder("<svg viewBox=\"0 0 1000 470\" role=\"img\" aria-label=\"running time and major faults over memory size\">\n");
        Append(text, $"<polyline fill=\"none\" stroke=\"#0969da\" stroke-width=\"2\" points=\"{Line(point => point.VirtualSeconds / slowest)}\"/>\n");
        Append(text, $"<polyline fill=\"none\" stroke=\"#cf222e\" stroke-width=\"1.5\" stroke-dasharray=\"5\" points=\"{Line(point => (double)point.MajorFaults / most)}\"/>\n");
        foreach (var point in curve.Points)
        {
            var what = point.IsComplete ? string.Create(CultureInfo.InvariantCulture, $"{point.VirtualSeconds:0.000} s, {point.MajorFaults} major faults") : "did not end";
            var y = point.IsComplete ? Y(point.VirtualSeconds / slowest) : Top;
            Append(text, $"<circle cx=\"{X(point):0.0}\" cy=\"{y:0.0}\" r=\"4\" fill=\"{(point.IsComplete ? "#0969da" : "#6e7781")}\"><title>{point.Ram}: {what}</title></circle>\n");
            Append(text, $"<text x=\"{X(point):0.0}\" y=\"{Bottom + 18:0}\" text-anchor=\"end\" transform=\"rotate(-30 {X(point):0.0} {Bottom + 18:0})\">{point.Ram}</text>\n");
        }

        if (complete.Find(point => point.Ram == curve.Knee) is { IsComplete: true } knee)
        {
            Append(text, $"<line x1=\"{X(knee):0.0}\" x2=\"{X(knee):0.0}\" y1=\"{Top}\" y2=\"{Bottom}\" stroke=\"#1a7f37\" stroke-dasharray=\"3\"/><text x=\"{X(knee) + 6:0.0}\" y=\"{Top + 12}\">knee</text>\n");
        }

        Append(text, $"<text x=\"4\" y=\"{Top + 4}\">{slowest:0.000} s</text><text x=\"4\" y=\"{Bottom}\">0</text>");
        Append(text, $"<text x=\"{Right - 200}\" y=\"{Top + 12}\">blue: virtual time; red: major faults, at most {most}</text></svg>");
        return text.ToString();

        string Line(Func<MemoryPoint, double> part) => string.Join(' ', complete.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point):0.0},{Y(part(point)):0.0}")));
        double X(MemoryPoint point) => Left + ((Right - Left) * (Math.Log2(point.Ram.Bytes) - low) / (high - low));
        double Y(double part) => Bottom - ((Bottom - Top) * part);
    }

    private static string Rows(MemoryCurve curve)
    {
        var text = new StringBuilder();
        foreach (var point in curve.Points)
        {
            if (point.IsComplete)
            {
                Append(text, $"<tr><td>{point.Ram}</td><td>{point.VirtualSeconds:0.000}</td><td>{curve.SlowdownAt(point.Ram):0.00}</td><td>{point.MajorFaults}</td></tr>\n");
            }
            else
            {
                Append(text, $"<tr><td>{point.Ram}</td><td colspan=\"3\">did not end</td></tr>\n");
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, FormattableString what) => text.Append(what.ToString(CultureInfo.InvariantCulture));
}
