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
    private readonly TerminalLine _line = new();

    public RunProgress(VirtualMachine machine, ProgressMode mode)
    {
        _machine = machine;
        if (mode == ProgressMode.WhenUseful && TerminalLine.IsSeen && Console.IsOutputRedirected && Console.IsInputRedirected)
        {
            _timer = new Timer(_ => Show(), state: null, First, Interval);
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _line.Erase();
    }

    private void Show()
    {
        var seconds = (Environment.TickCount64 - _start) / 1000.0;
        _line.Show(string.Create(CultureInfo.InvariantCulture, $"quire: {_machine.Instructions / 1e6:#,0} million instructions, {seconds:0} s "));
    }
}

internal enum ProgressMode
{
    Off,

    /// <summary>If standard error is a terminal and neither input nor output is.</summary>
    WhenUseful,
}
