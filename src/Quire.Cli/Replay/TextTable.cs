using System.Globalization;
using System.Text;

namespace Quire.Cli.Replay;

/// <summary>Columns of text, numbers to the right.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params object?[] cells) => _rows.Add([.. cells.Select(Format)]);

    public void Write(TextWriter output)
    {
        var widths = headings.Select((heading, column) => Math.Max(heading.Length, _rows.Count == 0 ? 0 : _rows.Max(row => row[column].Length))).ToArray();
        var isNumber = headings.Select((_, column) => _rows.Count > 0 && _rows.All(row => LooksNumeric(row[column]))).ToArray();
        WriteRow(output, headings, widths, isNumber);
        foreach (var row in _rows)
        {
            WriteRow(output, row, widths, isNumber);
        }
    }

    private static void WriteRow(TextWriter output, string[] cells, int[] widths, bool[] isNumber)
    {
        var line = new StringBuilder();
        for (var column = 0; column < cells.Length; column++)
        {
            line.Append(column > 0 ? "  " : "").Append(isNumber[column] ? cells[column].PadLeft(widths[column]) : cells[column].PadRight(widths[column]));
        }

        output.WriteLine(line.ToString().TrimEnd());
    }

    private static bool LooksNumeric(string cell) =>
        cell.Length == 0 || cell == "-" || double.TryParse(cell.TrimEnd('%'), NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out _);

    private static string Format(object? cell) => cell switch
    {
        null => "",
        double value => value.ToString(Math.Abs(value) >= 100 ? "0" : Math.Abs(value) >= 1 ? "0.00" : "0.0000", CultureInfo.InvariantCulture),
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture)!,
    };
}
