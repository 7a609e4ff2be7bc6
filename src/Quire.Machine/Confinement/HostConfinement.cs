using System.Runtime.InteropServices;

namespace Quire.Machine.Confinement;

/// <summary>What this program has given up of what the host would let it do.</summary>
/// <param name="SystemCalls">Only listed system calls work, in all threads, and no program gives it new privileges.</param>
/// <param name="Files">Only named files can be read and written, in all threads.</param>
public sealed record ConfinementState(bool SystemCalls, bool Files)
{
    public static readonly ConfinementState None = new(SystemCalls: false, Files: false);
}

/// <summary>
/// The second line of defence: should a guest ever get hold of this program, then of one that can do little. Called before the first instruction of a
/// guest; there is no way back. What the host does not offer is left out: the first line, which gives guests no way to name anything of the host,
/// does not depend on it.
/// </summary>
public static class HostConfinement
{
    private const long Failed = -1;

    /// <param name="options">Of the machine that is about to run; what they name is open already or may be opened later.</param>
    public static ConfinementState Enter(MachineOptions options)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return ConfinementState.None;
        }

        // With the filter for all threads comes no_new_privs for all threads, without which the other needs root.
        var program = SystemCallFilter.Build((uint)Environment.ProcessId, options.SpecialFiles);
        if (!ConfinementCalls.ForgoPrivileges() || ConfinementCalls.FilterAllThreads(program) != 0)
        {
            return ConfinementState.None;
        }

        var ruleset = FileRules.Create(Readable(options), Writable(options));
        if (ruleset <= Failed)
        {
            return new ConfinementState(SystemCalls: true, Files: false);
        }

        var isRestricted = EveryThread.Restrict(ruleset);
        ConfinementCalls.Close(ruleset);
        return new ConfinementState(SystemCalls: true, isRestricted);
    }

    // Beside the guests' root: what the runtime opens late, such as its own libraries, time zones and what /proc says of this process.
    private static IEnumerable<string> Readable(MachineOptions options) => options.Root == "/"
        ? ["/"]
        : [options.Root, AppContext.BaseDirectory, RuntimeEnvironment.GetRuntimeDirectory(), "/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64"];

    private static IEnumerable<string> Writable(MachineOptions options) =>
    [
        .. options.Bindings.Select(binding => binding.HostPath), .. options.Layer is { } layer ? [layer] : (string[])[], Path.GetTempPath(), "/dev/null", "/dev/tty",
        .. StandardStreams().Where(path => path.StartsWith("/dev/", StringComparison.Ordinal)),
    ];

    // A terminal is opened anew where its settings are looked at.
    private static IEnumerable<string> StandardStreams()
    {
        for (var descriptor = 0; descriptor <= 2; descriptor++)
        {
            if (File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false) is { } target)
            {
                yield return target.FullName;
            }
        }
    }
}
