using Quire.Cli.Replay;

namespace Quire.Cli.Gc;

/// <summary>What ends a run before its program does: Ctrl-C, and so many seconds of it.</summary>
internal sealed class GcLimits(TimeSpan? most, CancellationToken interrupted)
{
    private CancellationToken? _running;

    /// <summary>Of the run that is going on.</summary>
    public CancellationToken Current => _running ?? interrupted;

    public bool IsInterrupted => interrupted.IsCancellationRequested;

    /// <exception cref="UsageException">The time was over.</exception>
    /// <exception cref="OperationCanceledException">Somebody interrupted it.</exception>
    public T Run<T>(string what, Func<CancellationToken, T> run)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        if (most is { } time)
        {
            source.CancelAfter(time);
        }

        _running = source.Token;
        try
        {
            return run(source.Token);
        }
        catch (OperationCanceledException) when (!interrupted.IsCancellationRequested)
        {
            throw new UsageException($"{what} did not end in {most!.Value.TotalSeconds:0.###} s (--time-limit)");
        }
        finally
        {
            _running = null;
        }
    }

    public static TimeSpan? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var number = text.TrimEnd('s', 'm');
        var isMinutes = text.EndsWith('m');
        return double.TryParse(number, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var value) && value * (isMinutes ? 60 : 1) is > 0 and <= 86_400 && number.Length >= text.Length - 1
            ? TimeSpan.FromSeconds(value * (isMinutes ? 60 : 1))
            : throw new UsageException($"--time-limit '{text}' is not a time above 0 and up to a day: 10s, 2m");
    }
}
