using System.Diagnostics;
using System.Globalization;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>A line on standard error for work of more than two seconds: part done, references a second, time left.</summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TimeSpan _interval = Console.IsErrorRedirected ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(0.25);
    private TimeSpan _next = Quiet;
    private string _phase = "";
    private TimeSpan _phaseStart;
    private bool _shown;

    public void Show(ReplayProgress progress)
    {
        var now = _clock.Elapsed;
        if (progress.Phase != _phase)
        {
            _phase = progress.Phase;
            _phaseStart = now;
        }

        if (now < _next)
        {
            return;
        }

        _next = now + _interval;
        var seconds = Math.Max(0.001, (now - _phaseStart).TotalSeconds);
        var text = string.Create(CultureInfo.InvariantCulture, $"{progress.Phase}: {progress.References / 1e6:0.0} M references, {progress.References / seconds / 1e6:0.0} M/s");
        if (progress.Part is > 0 and var part)
        {
            var bar = new string('#', (int)(part * 20)).PadRight(20, '.');
            text += string.Create(CultureInfo.InvariantCulture, $" [{bar}] {part:0%}, {TimeSpan.FromSeconds(seconds * (1 - part) / part):h\\:mm\\:ss} left");
        }

        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(text);
        }
        else
        {
            Console.Error.Write("\r" + text.PadRight(78));
            _shown = true;
        }
    }

    public void Dispose()
    {
        if (_shown)
        {
            Console.Error.Write("\r" + new string(' ', 78) + "\r");
        }
    }
}
