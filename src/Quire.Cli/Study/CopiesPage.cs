using System.Globalization;
using System.Net;
using System.Text;

namespace Quire.Cli.Study;

/// <summary>A page that needs nothing else: throughput and CPU use over the number of copies as SVG, with and without load control, the numbers below.</summary>
internal static class CopiesPage
{
    private const double Left = 70;
    private const double Right = 930;
    private const double Top = 20;
    private const double Bottom = 420;

    public static void Write(TextWriter output, string program, IReadOnlyList<CopiesPoint> points)
    {
        output.WriteLine($$$"""
            {{{PageHead.Of($"Copies of {program} at once")}}}
            <p>Throughput is copies a virtual second. Red: as it is; blue: with load control. Dashed: the part of the CPUs' time that is used.</p>
            {{{Plot(points)}}}
            <table><tr><th>copies</th><th>throughput</th><th>CPU use</th><th>major faults</th><th>throughput, controlled</th><th>CPU use</th><th>major faults</th><th>suspensions</th><th></th></tr>
            {{{Rows(points)}}}</table>
            </body></html>
            """);
    }

    private static string Plot(IReadOnlyList<CopiesPoint> points)
    {
        if (points.Count == 0 || points.Max(point => Math.Max(point.Plain.Throughput ?? 0, point.Controlled.Throughput ?? 0)) is not (> 0 and var best))
        {
            return "";
        }

        var (few, many) = (points[0].Copies, Math.Max(points[^1].Copies, points[0].Copies + 1));
        var text = new StringBuilder("<svg viewBox=\"0 0 1000 470\" role=\"img\" aria-label=\"throughput over copies\">\n");
        Draw("#cf222e", point => point.Plain);
        Draw("#0969da", point => point.Controlled);
        foreach (var point in points)
        {
            Append(text, $"<text x=\"{X(point):0.0}\" y=\"{Bottom + 18:0}\" text-anchor=\"middle\">{point.Copies}</text>\n");
        }

        Append(text, $"<text x=\"4\" y=\"{Top + 4}\">{best:0.000}/s</text><text x=\"4\" y=\"{Bottom}\">0</text><text x=\"480\" y=\"460\">copies</text></svg>");
        return text.ToString();

        void Draw(string colour, Func<CopiesPoint, CopiesOutcome> of)
        {
            var there = points.Where(point => of(point).Throughput is not null).ToList();
            Append(text, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{Line(point => of(point).Throughput!.Value / best)}\"/>\n");
            Append(text, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"5\" points=\"{Line(point => of(point).CpuUse!.Value)}\"/>\n");
            foreach (var point in there)
            {
                Append(text, $"<circle cx=\"{X(point):0.0}\" cy=\"{Y(of(point).Throughput!.Value / best):0.0}\" r=\"4\" fill=\"{colour}\"><title>{point.Copies} copies: {of(point).ThroughputText}, {of(point).UseText}</title></circle>\n");
            }

            string Line(Func<CopiesPoint, double> part) => string.Join(' ', there.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point):0.0},{Y(part(point)):0.0}")));
        }

        double X(CopiesPoint point) => Left + ((Right - Left) * (point.Copies - few) / (many - few));
        double Y(double part) => Bottom - ((Bottom - Top) * Math.Min(1, part));
    }

    private static string Rows(IReadOnlyList<CopiesPoint> points)
    {
        var text = new StringBuilder();
        foreach (var (copies, plain, controlled) in points)
        {
            var remark = string.Join("; ", ((string[])[plain.Failure, controlled.Failure, controlled.IsSettled ? "" : "too short to settle"]).Where(one => one.Length > 0).Distinct());
            Append(text, $"<tr><td>{copies}</td><td>{plain.ThroughputText}</td><td>{plain.UseText}</td><td>{plain.MajorFaults}</td><td>{controlled.ThroughputText}</td><td>{controlled.UseText}</td><td>{controlled.MajorFaults}</td><td>{controlled.Suspensions}</td><td>{WebUtility.HtmlEncode(remark)}</td></tr>\n");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, FormattableString what) => text.Append(what.ToString(CultureInfo.InvariantCulture));
}
