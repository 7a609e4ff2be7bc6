using System.Globalization;
using System.Net;
using System.Text;
using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>One self-contained page: drawings in SVG, no script, nothing loaded from elsewhere.</summary>
public sealed class HtmlDrawing
{
    private const int Width = 960;
    private const int RowHeight = 3;
    private const int CurveHeight = 160;

    private readonly StringBuilder _body = new();

    public void Heading(string text) => Add($"<h2>{WebUtility.HtmlEncode(text)}</h2>");

    public void Paragraph(string text) => Add($"<p>{WebUtility.HtmlEncode(text)}</p>");

    /// <summary>A table; the first row is the heading.</summary>
    public void Table(IEnumerable<IReadOnlyList<string>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        _body.Append("<table>");
        var cell = "th";
        foreach (var row in rows)
        {
            Add($"<tr>{string.Concat(row.Select(text => $"<{cell}>{WebUtility.HtmlEncode(text)}</{cell}>"))}</tr>");
            cell = "td";
        }

        _body.Append("</table>");
    }

    /// <summary>Blocks of one moment, as wide as they are long, with their names.</summary>
    public void Map(IReadOnlyList<NamedBlock> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        double total = blocks.Count == 0 ? 1 : blocks.Max(block => block.Offset + block.Length);
        Add($"<svg viewBox='0 0 {Width} 44' width='{Width}'>");
        foreach (var block in blocks)
        {
            var (x, width) = (block.Offset / total * Width, block.Length / total * Width);
            var title = WebUtility.HtmlEncode($"{(block.Name.Length == 0 ? "free" : block.Name)}: {Size(block.Length)} at {Size(block.Offset)}");
            Add($"<g><title>{title}</title><rect x='{x:0.##}' y='2' width='{width:0.##}' height='30' class='{(block.Name.Length == 0 ? "free" : "taken")}'/>");
            if (block.Requested > 0 && block.Requested < block.Length)
            {
                var used = block.Requested / total * Width;
                Add($"<rect x='{x + used:0.##}' y='2' width='{width - used:0.##}' height='30' class='waste'/>");
            }

            if (width > 24)
            {
                Add($"<text x='{x + 4:0.##}' y='21'>{WebUtility.HtmlEncode(block.Name.Length == 0 ? Size(block.Length) : block.Name)}</text>");
            }

            _body.Append("</g>");
        }

        _body.Append("</svg>");
    }

    /// <summary>Plain text in its own lines: trees and lists.</summary>
    public void Preformatted(string text) => Add($"<pre>{WebUtility.HtmlEncode(text)}</pre>");

    /// <summary>Time goes down, addresses go right, darker is fuller.</summary>
    public void MapOverTime(IReadOnlyList<ReplaySample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var picked = TextDrawing.Pick(samples, 160).ToList();
        var piece = (double)Width / HeapReplay.MapPieces;
        Add($"<svg viewBox='0 0 {Width} {picked.Count * RowHeight}' width='{Width}' class='map'>");
        for (var row = 0; row < picked.Count; row++)
        {
            for (var i = 0; i < picked[row].Map.Count; i++)
            {
                if (picked[row].Map[i] > 0.005)
                {
                    Add($"<rect x='{i * piece:0.##}' y='{row * RowHeight}' width='{piece:0.##}' height='{RowHeight}' fill-opacity='{Math.Min(1, picked[row].Map[i]):0.##}'/>");
                }
            }
        }

        _body.Append("</svg>");
    }

    /// <summary>External and internal fragmentation over time.</summary>
    public void FragmentationCurve(IReadOnlyList<ReplaySample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        Add($"<svg viewBox='0 0 {Width} {CurveHeight}' width='{Width}' class='curve'>");
        Line(samples, "external", sample => sample.External);
        Line(samples, "internal", sample => sample.Internal);
        Add($"<text x='6' y='14' class='external'>external</text><text x='70' y='14' class='internal'>internal</text></svg>");
    }

    /// <summary>The whole page.</summary>
    public string Page(string title) => $$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>{{WebUtility.HtmlEncode(title)}}</title><style>
        body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #222; } table { border-collapse: collapse; }
        td, th { padding: 2px 10px; text-align: right; border-bottom: 1px solid #ddd; } td:first-child, th:first-child { text-align: left; }
        svg { background: #f4f4f2; display: block; margin: 6px 0; } svg text { font-size: 12px; }
        .taken { fill: #4f86c6; stroke: #fff; } .free { fill: #e8e8e4; stroke: #fff; } .waste { fill: #d9a441; }
        .map rect { fill: #2b5d9b; } polyline { fill: none; stroke-width: 1.5; }
        polyline.external { stroke: #c0392b; } polyline.internal { stroke: #d9a441; } text.external { fill: #c0392b; } text.internal { fill: #a87b1e; }
        </style></head><body><h1>{{WebUtility.HtmlEncode(title)}}</h1>
        {{_body}}
        </body></html>
        """;

    private void Line(IReadOnlyList<ReplaySample> samples, string name, Func<ReplaySample, double> value)
    {
        var last = Math.Max(1, samples[^1].Event);
        var points = samples.Select(sample => string.Create(
            CultureInfo.InvariantCulture, $"{(double)sample.Event / last * Width:0.#},{CurveHeight - 4 - (value(sample) * (CurveHeight - 24)):0.#}"));
        Add($"<polyline class='{name}' points='{string.Join(' ', points)}'/>");
    }

    private void Add(FormattableString text) => _body.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Size(long bytes) => new ByteSize((ulong)Math.Max(0, bytes)).ToString();
}
