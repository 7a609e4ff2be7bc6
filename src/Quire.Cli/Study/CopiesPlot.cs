using System.Globalization;

namespace Quire.Cli.Study;

/// <summary>What so many copies came to; without numbers if they did not all end well.</summary>
/// <param name="CpuUse">Part of virtual time, over all CPUs, in which something was computed.</param>
/// <param name="Throughput">Copies a virtual second.</param>
internal readonly record struct CopiesOutcome(double? CpuUse, double? Throughput)
{
    public long? MajorFaults { get; private init; }

    public long? Suspensions { get; private init; }

    /// <summary>Load control had found how many may run before half of the run was over.</summary>
    public bool IsSettled { get; private init; }

    public string Failure { get; private init; } = "";

    public string UseText => CpuUse is { } use ? (100 * use).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "-";

    public string ThroughputText => Throughput is { } throughput ? throughput.ToString("0.000", CultureInfo.InvariantCulture) : "-";

    public static CopiesOutcome Of(GuestRun run, int copies)
    {
        var outcome = run is { IsComplete: true, ExitCode: 0, Report: { VirtualSeconds: > 0 } report }
            ? new CopiesOutcome((report.UserSeconds + report.SystemSeconds) / (report.VirtualSeconds * report.Cpus), copies / report.VirtualSeconds)
            : default;
        return outcome with
        {
            MajorFaults = run.Report?.Faults.Major,
            Suspensions = run.Report?.LoadControl.Suspensions,
            IsSettled = run.Report is null || run.Report.LoadControl.LastSuspensionSeconds <= run.Report.VirtualSeconds / 2,
            Failure = run.Failure,
        };
    }
}

internal readonly record struct CopiesPoint(int Copies, CopiesOutcome Plain, CopiesOutcome Controlled);

/// <summary>CPU use over the number of copies in a terminal: 'o' without load control, '#' with it, '@' both.</summary>
internal static class CopiesPlot
{
    private const int Height = 12;
    private const int Step = 4;

    public static void Write(TextWriter output, IReadOnlyList<CopiesPoint> points)
    {
        if (points.Count < 2)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine("CPU use: o without load control, # with it, @ both");
        for (var row = Height; row >= 0; row--)
        {
            var line = string.Concat(points.Select(point => Cell(point, row).PadLeft(Step)));
            var label = row % 3 == 0 ? (100.0 * row / Height).ToString("0", CultureInfo.InvariantCulture) + "%" : "";
            output.WriteLine($"{label,5} |{line.TrimEnd()}");
        }

        output.WriteLine($"{"",5} +{new string('-', points.Count * Step)}");
        output.WriteLine($"{"",6}{string.Concat(points.Select(point => point.Copies.ToString(CultureInfo.InvariantCulture).PadLeft(Step)))}  copies");
    }

    private static string Cell(in CopiesPoint point, int row) => (IsAt(point.Plain, row), IsAt(point.Controlled, row)) switch
    {
        (true, true) => "@",
        (true, false) => "o",
        (false, true) => "#",
        _ => "",
    };

    private static bool IsAt(in CopiesOutcome outcome, int row) => outcome.CpuUse is { } use && (int)Math.Round(Math.Min(1, use) * Height) == row;
}
