using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>What /proc shows straight from a process's memory: arguments, environment, auxiliary vector.</summary>
internal static class ProcessMemoryText
{
    private const int Longest = 4 << 20;

    public static byte[] Arguments(GuestProcess process)
    {
        if (process.IsZombie)
        {
            return [];
        }

        var bytes = Read(process, process.Space.Spans.Arguments);

        // A program that wrote over its arguments, into the environment if need be, shows what it wrote up to the first NUL (setproctitle).
        if (bytes.Length > 0 && bytes[^1] != 0)
        {
            var all = Read(process, new VirtualRange(process.Space.Spans.Arguments.Start, process.Space.Spans.Environment.End));
            var end = Array.IndexOf(all, (byte)0);
            return end < 0 ? all : all[..(end + 1)];
        }

        return bytes.Length > 0 ? bytes : Encoding.Latin1.GetBytes(string.Concat(process.Arguments.Select(argument => argument + "\0")));
    }

    public static byte[] Environment(GuestProcess process) => process.IsZombie ? [] : Read(process, process.Space.Spans.Environment);

    public static byte[] AuxiliaryVector(GuestProcess process) => process.IsZombie ? [] : process.Space.Spans.AuxiliaryVector.ToArray();

    private static byte[] Read(GuestProcess process, VirtualRange range)
    {
        if (range.IsEmpty || range.Length > Longest)
        {
            return [];
        }

        var bytes = new byte[range.Length];
        return bytes[..process.Space.CopyFromGuest(range.Start, bytes)];
    }
}
