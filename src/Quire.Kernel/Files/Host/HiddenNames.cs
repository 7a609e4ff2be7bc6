using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// Names of directories for temporary files that guests do not see, so that what other programs leave there changes no run: all but those on the way
/// to, and below, the places that a run names itself (its program, its working directory, its arguments).
/// </summary>
public sealed class HiddenNames
{
    public static readonly HiddenNames None = new([], []);

    private readonly string[] _directories;
    private readonly string[] _shown;

    private HiddenNames(string[] directories, string[] shown)
    {
        _directories = directories;
        _shown = shown;
    }

    /// <param name="root">The host's directory that is the guests' root, without a slash at its end.</param>
    /// <param name="directories">Whose names are hidden, as guests write them.</param>
    /// <param name="named">Absolute paths as guests write them. Of a file, its directory is shown, since programs look for others beside them.</param>
    public static HiddenNames Below(IHostFiles host, string root, IReadOnlyList<string> directories, IEnumerable<string> named)
    {
        var hidden = directories.Select(directory => root + directory).ToArray();
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in named.Select(path => root + path.TrimEnd('/')))
        {
            if (!hidden.Any(directory => IsBelow(path, directory)))
            {
                continue;
            }

            var isDirectory = host.Stat(path, out var attributes) == Errno.None && attributes.Type == FileType.Directory;
            var parent = path[..path.LastIndexOf('/')];
            shown.Add(isDirectory || hidden.Contains(parent) ? path : parent);
        }

        return new HiddenNames(hidden, [.. shown]);
    }

    /// <param name="path">Of the host.</param>
    public bool Contains(string path)
    {
        foreach (var directory in _directories)
        {
            if (IsBelow(path, directory))
            {
                return !Array.Exists(_shown, shown => shown == path || IsBelow(path, shown) || IsBelow(shown, path));
            }
        }

        return false;
    }

    private static bool IsBelow(string path, string directory) => path.Length > directory.Length && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);
}
