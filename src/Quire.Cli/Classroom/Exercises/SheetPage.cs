using System.Net;
using System.Text;

namespace Quire.Cli.Classroom.Exercises;

/// <summary>Exercises as one page without anything from elsewhere: each sheet, and the key, on a sheet of paper of its own when printed.</summary>
internal static class SheetPage
{
    private const string Style = """
        body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #222; max-width: 60em; }
        section { break-after: page; } pre { font-size: 13px; background: #f4f4f2; padding: 8px; white-space: pre-wrap; }
        .name { float: right; } td { border: 1px solid #888; min-width: 2.6em; height: 2em; text-align: center; } table { border-collapse: collapse; margin: 4px 0 14px; }
        """;

    private const int CellsInARow = 16;

    public static string Write(IReadOnlyList<(int Seed, Exercise Exercise)> sheets, Answers key)
    {
        var page = new StringBuilder($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Encoded(sheets[0].Exercise.Title)}</title><style>\n{Style}\n</style></head><body>\n");
        foreach (var (seed, exercise) in sheets)
        {
            page.Append($"<section><p class=\"name\">sheet {seed} &nbsp; name ____________________</p><h1>{Encoded(exercise.Title)}</h1>\n");
            page.Append($"<pre>{Encoded(string.Join('\n', exercise.Given))}</pre>\n<ol>\n");
            foreach (var question in exercise.Questions)
            {
                page.Append($"<li>{Encoded(question.Prompt)}{Cells(question.Answer.Count)}</li>\n");
            }

            page.Append("</ol></section>\n");
        }

        if (key == Answers.Shown)
        {
            page.Append("<section><h1>Answers</h1>\n");
            foreach (var (seed, exercise) in sheets)
            {
                page.Append($"<h2>sheet {seed}</h2>\n<ol>\n");
                foreach (var question in exercise.Questions)
                {
                    page.Append($"<li><code>{Encoded(string.Join(' ', question.Answer))}</code></li>\n");
                }

                page.Append("</ol>\n");
            }

            page.Append("</section>\n");
        }

        return page.Append("</body></html>\n").ToString();
    }

    /// <summary>A box for each value.</summary>
    private static string Cells(int values)
    {
        var rows = new StringBuilder("<table>");
        foreach (var row in Enumerable.Range(0, values).Chunk(CellsInARow))
        {
            rows.Append($"<tr>{string.Concat(row.Select(_ => "<td></td>"))}</tr>");
        }

        return rows.Append("</table>").ToString();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
