using System.CommandLine;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Bad use of a command; the message is one line.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What every command of the laboratory does around its work: errors as one line, exit codes 0, 2 (bad use), 3 (bad trace), 130 (interrupted).</summary>
internal static class CommandGuard
{
    public const int BadUse = 2;
    public const int BadTrace = 3;
    public const int Interrupted = 130;

    /// <summary>As quire run has it for a machine that cannot go on.</summary>
    public const int PolicyFailed = 125;

    public static void Guard(this Command command, Func<ParseResult, CancellationToken, int> action) =>
        command.SetAction((parse, cancellation) => Task.Run(() => Run(() => action(parse, cancellation)), CancellationToken.None));

    public static int Run(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is UsageException)
        {
            return Fail(exception.Message, BadUse);
        }
        catch (PolicyFormatException exception)
        {
            Console.Error.WriteLine("quire: " + exception.Message);
            return BadUse;
        }
        catch (PolicyFailureException exception)
        {
            return Fail(exception.Message, PolicyFailed);
        }
        catch (TraceFormatException exception)
        {
            return Fail(exception.Message, BadTrace);
        }
        catch (OutOfMemoryException)
        {
            return Fail("not enough memory on this machine for so many frames", BadUse);
        }
        catch (IOException exception) when (exception.Message.Contains("Broken pipe", StringComparison.Ordinal))
        {
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(exception.Message, BadUse);
        }
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine("quire: " + message.ReplaceLineEndings(" "));
        return code;
    }
}
