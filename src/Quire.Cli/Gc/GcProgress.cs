using System.Diagnostics;
using System.Globalization;

namespace Quire.Cli.Gc;

/// <summary>A line on a terminal's standard error for runs of more than two seconds: which plan is running, and since when.</summary>
internal sealed class GcProgress : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Timer? _timer;
    private readonly TerminalLine _line = new();
    private string _what = "";

    public GcProgress() => _timer = TerminalLine.IsSeen ? new Timer(_ => Show(), state: null, s_quiet, TimeSpan.FromSeconds(0.5)) : null;

    public void Begin(int number, int count, string what)
    {
        lock (_lock)
        {
            _what = $"{number} of {count}: {what}";
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            _line.Erase();
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            _line.Show(string.Create(CultureInfo.InvariantCulture, $"quire: {_what}, {_clock.Elapsed.TotalSeconds:0} s"));
        }
    }
}
