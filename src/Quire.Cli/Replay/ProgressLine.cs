using System.Diagnostics;
using System.Globalization;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>A line on a terminal's standard error for work of more than two seconds: part done, references a second, time left.</summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.25);

    private readonly TerminalLine _line = new();
    private TimeSpan _next = Quiet;
    private string _phase = "";
    private TimeSpan _phaseStart;

    public void Show(ReplayProgress progress)
    {
        var now = _clock.Elapsed;
        if (progress.Phase != _phase)
        {
            _phase = progress.Phase;
            _phaseStart = now;
        }

        if (!TerminalLine.IsSeen || now < _next)
        {
            return;
        }

        _next = now + Interval;
        var seconds = Math.Max(0.001, (now - _phaseStart).TotalSeconds);
        var text = string.Create(CultureInfo.InvariantCulture, $"{progress.Phase}: {progress.References / 1e6:0.0} M references, {progress.References / seconds / 1e6:0.0} M/s");
        if (progress.Part is > 0 and var part)
        {
            var bar = new string('#', (int)(part * 20)).PadRight(20, '.');
            text += string.Create(CultureInfo.InvariantCulture, $" [{bar}] {part:0%}, {TimeSpan.FromSeconds(seconds * (1 - part) / part):h\\:mm\\:ss} left");
        }

        _line.Show(text);
    }

    public void Dispose() => _line.Erase();
}
