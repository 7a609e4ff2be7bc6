using System.Diagnostics;
using System.Globalization;

namespace Quire.Cli.Gc;

/// <summary>A line on a terminal's standard error for runs of more than two seconds: which plan is running, and since when.</summary>
internal sealed class GcProgress : IDisposable
{
    private const int Width = 78;
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Timer? _timer;
    private string _what = "";
    private bool _isShown;

    public GcProgress() => _timer = Console.IsErrorRedirected ? null : new Timer(_ => Show(), state: null, s_quiet, TimeSpan.FromSeconds(0.5));

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
            if (_isShown)
            {
                Console.Error.Write("\r" + new string(' ', Width) + "\r");
                _isShown = false;
            }
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"quire: {_what}, {_clock.Elapsed.TotalSeconds:0} s");
            Console.Error.Write("\r" + (text.Length <= Width ? text.PadRight(Width) : text[..Width]));
            _isShown = true;
        }
    }
}
