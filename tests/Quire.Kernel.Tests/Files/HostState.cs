using System.Security.Cryptography;
using System.Text;

namespace Quire.Kernel.Tests.Files;

/// <summary>A digest of everything in a host directory: names, types, modes, times and bytes.</summary>
internal static class HostState
{
    public static string Of(string directory)
    {
        var text = new StringBuilder();
        foreach (var path in Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var file = new FileInfo(path);
            text.Append($"{path} {file.Attributes} {file.UnixFileMode} {file.LastWriteTimeUtc.Ticks} ");
            text.Append(file.Attributes.HasFlag(FileAttributes.Directory) ? "" : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))).Append('\n');
        }

        return text.ToString();
    }
}
