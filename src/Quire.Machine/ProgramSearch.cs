using Quire.Kernel.Files;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>Finds a program as a shell does: a name with a slash is a path, any other is looked for in the directories of PATH.</summary>
internal static class ProgramSearch
{
    private const string DefaultPath = "/usr/local/bin:/usr/bin:/bin";
    private const string Variable = "PATH=";

    /// <summary>The path to execute; the name itself if no directory has it, so that the kernel's error tells why.</summary>
    public static string Find(FileSystem files, in FileCaller caller, string name, IReadOnlyList<string> environment)
    {
        if (name.Contains('/'))
        {
            return name;
        }

        var path = environment.FirstOrDefault(entry => entry.StartsWith(Variable, StringComparison.Ordinal))?[Variable.Length..] ?? DefaultPath;
        string? denied = null;
        foreach (var directory in path.Split(':'))
        {
            var candidate = directory.Length == 0 ? name : $"{directory}/{name}";
            var error = files.OpenExecutable(caller, candidate, out var file);
            if (error == Errno.None)
            {
                file!.Release();
                return candidate;
            }

            denied ??= error == Errno.EACCES ? candidate : null;
        }

        // execvp reports the one it was not allowed to run; a bare name would be looked for in the working directory.
        return denied ?? $"/nonexistent/{name}";
    }
}
