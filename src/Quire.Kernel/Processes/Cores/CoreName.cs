using System.Globalization;
using System.Text;
using Quire.Kernel.Scheduling;

namespace Quire.Kernel.Processes.Cores;

/// <summary>What a core file is called: kernel.core_pattern with its specifiers filled in (core(5), format_corename of fs/coredump.c).</summary>
internal static class CoreName
{
    public static string Of(GuestThread thread, Signal signal)
    {
        var kernel = thread.Kernel;
        var process = thread.Process;
        var pattern = kernel.CorePattern;
        var name = new StringBuilder();
        var namesProcess = false;
        for (var at = 0; at < pattern.Length; at++)
        {
            if (pattern[at] != '%')
            {
                name.Append(pattern[at]);
                continue;
            }

            if (++at == pattern.Length)
            {
                break;
            }

            namesProcess |= pattern[at] == 'p';
            name.Append(pattern[at] switch
            {
                '%' => "%",
                'p' or 'P' => Number(process.ProcessId),
                'i' or 'I' => Number(thread.ThreadId),
                'u' => Number(process.Credentials.RealUserId),
                'g' => Number(process.Credentials.RealGroupId),
                'd' => Number(process.Dumpable),
                's' => Number((int)signal),
                't' => Number(GuestClocks.TryRead(thread, ClockId.RealTime, out var now) ? now.Nanoseconds / 1_000_000_000 : 0),
                'h' => Escape(kernel.HostName),
                'e' => Escape(thread.Name),
                'f' => Escape(process.ExecutablePath[(process.ExecutablePath.LastIndexOf('/') + 1)..]),
                'E' => Escape(process.ExecutablePath),
                'c' => process.Limits[Resource.Core].Soft.ToString(CultureInfo.InvariantCulture),
                'C' => Number(thread.LastCpu),
                _ => "",
            });
        }

        if (kernel.CoresNameProcess && !namesProcess && name.Length > 0)
        {
            name.Append('.').Append(process.ProcessId);
        }

        return name.ToString();
    }

    // What a program chose must not lead to another directory.
    private static string Escape(string text) => text is "" or "." ? "!" : text == ".." ? "!." : text.Replace('/', '!');

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
