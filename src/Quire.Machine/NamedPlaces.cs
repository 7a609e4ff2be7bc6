using System.Buffers;

namespace Quire.Machine;

/// <summary>
/// Places that a run names itself: its working directory, and what its command and the search paths of its environment may be read as. In a run whose
/// /tmp and /var/tmp begin empty these are there all the same.
/// </summary>
internal static class NamedPlaces
{
    // What parts words of a shell's or another language's text.
    private static readonly SearchValues<char> Separators = SearchValues.Create(" \t\n\r'\"`();|&<>=:,{}[]$*?");

    /// <summary>Absolute paths; most are none of a file.</summary>
    public static IEnumerable<string> Of(MachineOptions options)
    {
        var directory = options.WorkingDirectory ?? Environment.CurrentDirectory;
        var named = new HashSet<string>(StringComparer.Ordinal) { Path.GetFullPath(directory, "/") };
        foreach (var text in options.Command.Concat(options.Environment.Where(NamesFiles)))
        {
            foreach (var word in Split(text).Append(text))
            {
                // C# refuses paths with zeros and empty ones; no guest has them.
                if (word.Length > 0 && !word.Contains('\0'))
                {
                    named.Add(Path.GetFullPath(word, Path.GetFullPath(directory, "/")));
                }
            }
        }

        return named;
    }

    private static bool NamesFiles(string variable)
    {
        var name = variable.AsSpan(0, Math.Max(0, variable.IndexOf('=')));
        return name.EndsWith("PATH", StringComparison.Ordinal) || name is "LD_PRELOAD" or "HOME";
    }

    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        while (start < text.Length)
        {
            var length = text.AsSpan(start).IndexOfAny(Separators);
            length = length < 0 ? text.Length - start : length;
            if (length > 0)
            {
                yield return text.Substring(start, length);
            }

            start += length + 1;
        }
    }
}
