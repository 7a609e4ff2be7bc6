using System.Globalization;
using Quire.Machine;

namespace Quire.Cli.Run;

/// <summary>A line on a terminal's standard error for a long run whose output goes elsewhere, so that it does not look stuck.</summary>
internal sealed class RunProgress : IDisposable
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly VirtualMachine _machine;
    private readonly Timer? _timer;
    private readonly long _start = Environment.TickCount64;
    private bool _shown;

    public RunProgress(VirtualMachine machine, ProgressMode mode)
    {
        _machine = machine;
        if (mode == ProgressMode.WhenUseful && !Console.IsErrorRedirected && Console.IsOutputRedirected && Console.IsInputRedirected)
        {
            _timer = new Timer(_ => Show(), state: null, First, Interval);
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        if (_shown)
        {
            Console.Error.Write("\r" + new string(' ', 60) + "\r");
        }
    }

    private void Show()
    {
        var seconds = (Environment.TickCount64 - _start) / 1000.0;
        Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\rquire: {_machine.Instructions / 1e6:#,0} million instructions, {seconds:0} s ").PadRight(60));
        _shown = true;
    }
}

internal enum ProgressMode
{
    Off,

    /// <summary>If standard error is a terminal and neither input nor output is.</summary>
    WhenUseful,
}
