using Quire.Kernel;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>What <c>quire run</c> exits with, after the shell's and env(1)'s conventions.</summary>
public static class ExitCodes
{
    /// <summary>The machine itself could not go on: deadlock or a limit.</summary>
    public const int MachineFailed = 125;

    public const int NotExecutable = 126;

    public const int NotFound = 127;

    private const int InterruptedByUser = 130;

    public static int Of(RunOutcome outcome) => outcome.End switch
    {
        RunEnd.Finished => outcome.Status.ShellCode,
        RunEnd.NotStarted => outcome.Error is Errno.ENOENT or Errno.ENOTDIR ? NotFound : NotExecutable,
        RunEnd.Interrupted => InterruptedByUser,
        _ => MachineFailed,
    };
}
