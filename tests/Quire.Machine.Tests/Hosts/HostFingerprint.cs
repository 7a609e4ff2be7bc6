using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Hosts;

/// <summary>What a directory of the host is: each name below with type, mode, owner, links, size, times of its content and status, and the content itself.</summary>
[SupportedOSPlatform("linux")]
public static class HostFingerprint
{
    /// <summary>A line a file. Status changes (ctime) show what put times and modes back would hide.</summary>
    public static string Of(string directory)
    {
        var listed = ProgramRun.Natively(directory, ["find", ".", "-printf", "%P %y %m %U %G %n %s %T@ %C@ %l\\n"]);
        Assert.True(listed.ExitCode == 0, $"{listed}");
        var contents = Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Select(path => string.Create(CultureInfo.InvariantCulture, $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}\n"));
        return string.Concat(listed.Output.Split('\n').Concat(contents).Order(StringComparer.Ordinal).Select(line => line + "\n"));
    }
}
