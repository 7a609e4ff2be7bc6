using System.Globalization;
using Quire.Observation.Sizing;
using Quire.Primitives;

namespace Quire.Cli.Study;

/// <summary>Running time over memory size in a terminal, both on logarithmic scales: '*' measured, '.' between, 'K' the knee, 'x' a size in which the program did not end.</summary>
internal static class SizingPlot
{
    private const int Width = 64;
    private const int Height = 16;

    public static void Write(TextWriter output, MemoryCurve curve)
    {
        var complete = curve.Points.Where(point => point.IsComplete).ToList();
        var (low, high) = (Math.Log2(curve.Points[0].Ram.Bytes), Math.Log2(curve.Points[^1].Ram.Bytes));
        var (fast, slow) = (Math.Log2(curve.FastestSeconds), Math.Log2(Math.Max(complete.Max(point => point.VirtualSeconds), curve.FastestSeconds * 1.1)));
        var grid = new char[Height, Width];
        for (var index = 1; index < complete.Count; index++)
        {
            var (from, to) = (complete[index - 1], complete[index]);
            for (var column = Column(from.Ram); column <= Column(to.Ram); column++)
            {
                var part = (double)(column - Column(from.Ram)) / Math.Max(1, Column(to.Ram) - Column(from.Ram));
                grid[Row(Math.Log2(from.VirtualSeconds) + (part * Math.Log2(to.VirtualSeconds / from.VirtualSeconds))), column] = '.';
            }
        }

        foreach (var point in curve.Points)
        {
            grid[point.IsComplete ? Row(Math.Log2(point.VirtualSeconds)) : Height - 1, Column(point.Ram)] = !point.IsComplete ? 'x' : point.Ram == curve.Knee ? 'K' : '*';
        }

        for (var row = Height - 1; row >= 0; row--)
        {
            var seconds = Math.Pow(2, fast + ((slow - fast) * row / (Height - 1)));
            var label = row % 5 == 0 ? seconds.ToString(seconds < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture) + " s" : "";
            var line = string.Concat(Enumerable.Range(0, Width).Select(column => grid[row, column] == 0 ? ' ' : grid[row, column]));
            output.WriteLine($"{label,11} |{line.TrimEnd()}");
        }

        output.WriteLine($"{"",11} +{new string('-', Width)}");
        var (first, last) = (curve.Points[0].Ram.ToString(), curve.Points[^1].Ram.ToString());
        output.WriteLine($"{"",12} {first}{"RAM (log)".PadLeft((Width + 9) / 2 - first.Length).PadRight(Width - first.Length - last.Length)}{last}");

        int Column(ByteSize ram) => Math.Clamp((int)Math.Round((Math.Log2(ram.Bytes) - low) / (high - low) * (Width - 1)), 0, Width - 1);
        int Row(double seconds) => Math.Clamp((int)Math.Round((seconds - fast) / (slow - fast) * (Height - 1)), 0, Height - 1);
    }
}
