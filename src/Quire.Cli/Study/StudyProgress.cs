using System.Diagnostics;
using System.Globalization;

namespace Quire.Cli.Study;

/// <summary>
/// What a terminal's standard error shows of a study that takes more than two seconds: a line for each run that ends, and how many are done and which are still
/// running. The results come when all are there, for they are compared.
/// </summary>
internal sealed class StudyProgress : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Timer? _timer;
    private readonly TerminalLine _line = new();
    private readonly List<GuestVariant> _running = [];
    private readonly List<string> _toTell = [];
    private int _planned;
    private int _ended;

    public StudyProgress() => _timer = TerminalLine.IsSeen ? new Timer(_ => Show(), state: null, Quiet, TimeSpan.FromSeconds(1)) : null;

    public void Plan(int runs)
    {
        lock (_lock)
        {
            _planned += runs;
        }
    }

    public void Begin(GuestVariant variant)
    {
        lock (_lock)
        {
            _running.Add(variant);
        }
    }

    /// <param name="run">Null if it was interrupted. Of one that never began the command itself says why.</param>
    public void End(GuestVariant variant, GuestRun? run)
    {
        lock (_lock)
        {
            _running.Remove(variant);
            _ended++;
            if (run?.Report is not null)
            {
                _toTell.Add(Describe(variant, run));
            }
        }

        if (_timer is not null && _clock.Elapsed >= Quiet)
        {
            Show();
        }
    }

    /// <summary>Room for the results.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _line.Erase();
        }
    }

    public void Dispose() => _timer?.Dispose();

    private string Describe(GuestVariant variant, GuestRun run) => run.IsComplete && run.Report is { } report
        ? string.Create(CultureInfo.InvariantCulture, $"quire: {variant.Title}: {report.Faults.Major} major faults, {report.VirtualSeconds:0.000} virtual s ({_ended} of {_planned}, {_clock.Elapsed.TotalSeconds:0} s)")
        : string.Create(CultureInfo.InvariantCulture, $"quire: {variant.Title}: {run.Failure} ({_ended} of {_planned}, {_clock.Elapsed.TotalSeconds:0} s)");

    private void Show()
    {
        lock (_lock)
        {
            _line.Erase();
            _toTell.ForEach(Console.Error.WriteLine);
            _toTell.Clear();
            if (_running.Count > 0)
            {
                _line.Show(string.Create(
                    CultureInfo.InvariantCulture, $"quire: {_ended} of {_planned} runs done, {_clock.Elapsed.TotalSeconds:0} s, running {string.Join(", ", _running.Select(variant => variant.Title))}"));
            }
        }
    }
}
