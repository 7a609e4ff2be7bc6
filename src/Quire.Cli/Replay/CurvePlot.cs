using System.Globalization;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Curves in a terminal: frames across on a logarithmic scale, miss ratio up, one letter a curve.</summary>
internal static class CurvePlot
{
    private const int Width = 72;
    private const int Height = 20;

    public static void Write(TextWriter output, IReadOnlyList<MissRatioCurve> curves)
    {
        var largest = Math.Max(2, curves.Max(curve => curve.Points[^1].Frames));
        var top = Math.Max(1e-9, curves.Max(curve => curve.At(1)));
        var grid = new char[Height, Width];
        for (var index = curves.Count - 1; index >= 0; index--)
        {
            for (var column = 0; column < Width; column++)
            {
                var frames = (long)Math.Round(Math.Pow(largest, column / (double)(Width - 1)));
                var row = Math.Clamp((int)Math.Round(curves[index].At(frames) / top * (Height - 1)), 0, Height - 1);
                grid[row, column] = (char)('a' + (index % 26));
            }
        }

        for (var row = Height - 1; row >= 0; row--)
        {
            var label = row % 5 == 4 || row == 0 ? (top * row / (Height - 1)).ToString("0.0000", CultureInfo.InvariantCulture) : "";
            var line = string.Concat(Enumerable.Range(0, Width).Select(column => grid[row, column] == 0 ? ' ' : grid[row, column]));
            output.WriteLine($"{label,8} |{line.TrimEnd()}");
        }

        output.WriteLine($"{"",8} +{new string('-', Width)}");
        output.WriteLine($"{"",8}  1{"frames (log)".PadLeft((Width / 2) + 4).PadRight(Width - 2 - largest.ToString(CultureInfo.InvariantCulture).Length)} {largest}");
        for (var index = 0; index < curves.Count; index++)
        {
            output.WriteLine($"  {(char)('a' + (index % 26))}  {curves[index].Name}");
        }
    }
}
