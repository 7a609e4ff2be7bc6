using System.Text;
using Quire.Kernel.Processes;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/mounts and mountinfo (proc(5)).</summary>
internal static class MountsText
{
    public static string Mounts(FileSystem files, GuestProcess process)
    {
        var text = new StringBuilder();
        foreach (var (mount, path) in Visible(files, process))
        {
            var superBlock = mount.SuperBlock;
            text.Append($"{Escape(superBlock.Source)} {Escape(path)} {superBlock.TypeName} {superBlock.MountOptions} 0 0\n");
        }

        return text.ToString();
    }

    public static string MountInfo(FileSystem files, GuestProcess process)
    {
        var text = new StringBuilder();
        foreach (var (mount, path) in Visible(files, process))
        {
            var superBlock = mount.SuperBlock;
            var device = superBlock.Device;
            text.Append($"{mount.Id} {mount.Point?.Mount.Id ?? 1} {DeviceNumber.Major(device)}:{DeviceNumber.Minor(device)} / {Escape(path)} ")
                .Append($"{superBlock.MountOptions} - {superBlock.TypeName} {Escape(superBlock.Source)} rw\n");
        }

        return text.ToString();
    }

    private static IEnumerable<(Mount Mount, string Path)> Visible(FileSystem files, GuestProcess process)
    {
        if (process.IsZombie)
        {
            yield break;
        }

        foreach (var mount in files.Mounts.All)
        {
            var root = new FileLocation(mount, mount.Root);
            if (files.IsBelow(root, process.FileContext.Root))
            {
                yield return (mount, files.PathOf(root, process.FileContext.Root));
            }
        }
    }

    private static string Escape(string text) => text.Replace("\\", "\\134").Replace(" ", "\\040").Replace("\t", "\\011").Replace("\n", "\\012");
}
