using System.Globalization;
using System.Text;
using Quire.Kernel.Files.Locks;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/locks: a line a lock that is held, as proc(5) has them. Differs from Linux: files in flight over a socket are not looked at.</summary>
internal static class LockText
{
    public static string Write(GuestKernel kernel)
    {
        var text = new StringBuilder();
        var number = 0;
        foreach (var inode in LockedFiles(kernel))
        {
            foreach (var held in inode.LocksHeld!.Records)
            {
                Append(text, ++number, held.Owner is OpenFile ? "OFDLCK" : "POSIX ", held, inode);
            }

            foreach (var held in inode.LocksHeld!.WholeFile)
            {
                Append(text, ++number, "FLOCK ", held, inode);
            }
        }

        return text.ToString();
    }

    private static IEnumerable<Inode> LockedFiles(GuestKernel kernel) => kernel.Processes.All
        .Where(process => process.Threads.Count > 0)
        .Select(process => process.Descriptors)
        .Distinct()
        .SelectMany(descriptors => descriptors.Open().Select(descriptor => descriptors.Get(descriptor)!.Inode))
        .Where(inode => inode.LocksHeld is not null)
        .Distinct();

    private static void Append(StringBuilder text, int number, string family, FileLock held, Inode inode)
    {
        var attributes = inode.Attributes;
        var kind = held.Kind == LockKind.Write ? "WRITE" : "READ";
        var last = held.Range.End == long.MaxValue ? "EOF" : (held.Range.End - 1).ToString(CultureInfo.InvariantCulture);
        text.Append(
            CultureInfo.InvariantCulture,
            $"{number}: {family} ADVISORY  {kind} {held.ProcessId} {DeviceNumber.Major(attributes.Device):x2}:{DeviceNumber.Minor(attributes.Device):x2}:{attributes.Number} {held.Range.Start} {last}\n");
    }
}
