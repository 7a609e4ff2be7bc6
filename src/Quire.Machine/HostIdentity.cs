using System.Runtime.InteropServices;
using Quire.Kernel.Processes;

namespace Quire.Machine;

/// <summary>The user and groups that this program runs as: guests are the same, so that the host's permissions mean the same inside.</summary>
internal static unsafe partial class HostIdentity
{
    private const int MostGroups = 65_536;

    /// <summary>Elsewhere than on Linux: root, since there are no such ids.</summary>
    public static Credentials Read()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Credentials.Of(0, 0, []);
        }

        var groups = new int[MostGroups];
        fixed (int* list = groups)
        {
            var count = Math.Max(0, GetGroups(MostGroups, list));
            return Credentials.Of((int)GetUserId(), (int)GetGroupId(), groups[..count]);
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint GetGroupId();

    [LibraryImport("libc", EntryPoint = "getgroups")]
    private static partial int GetGroups(int size, int* list);
}
