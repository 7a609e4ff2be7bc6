using System.Globalization;
using System.Text;
using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>What pressure files show and take (Documentation/accounting/psi.rst; psi_show and psi_trigger_create of kernel/sched/psi.c).</summary>
internal static class PressureText
{
    private const long NanosecondsPerMicrosecond = 1_000;

    public static string Render(PressureGroup group, PressureResource resource)
    {
        var text = new StringBuilder();
        foreach (var (name, state) in ((string, PressureState)[])[("some", SomeOf(resource)), ("full", SomeOf(resource) + 1)])
        {
            // That no task at all has a CPU while one wants it does not happen to the whole machine; the line is there for those who expect it.
            var isMeaningless = state == PressureState.CpuFull && group.Parent is null;
            var averages = isMeaningless ? new PressureAverages() : group.Averages(state);
            var total = isMeaningless ? 0 : group.Total(state) / NanosecondsPerMicrosecond;
            text.Append(CultureInfo.InvariantCulture, $"{name} {averages} total={total}\n");
        }

        return text.ToString();
    }

    /// <summary>A trigger: some or full, its threshold and its window in microseconds. EINVAL for anything else; what follows is not looked at.</summary>
    public static Errno Read(string text, PressureResource resource, out PressureState state, out VirtualTime threshold, out VirtualTime window)
    {
        state = SomeOf(resource);
        threshold = window = default;
        if (text.StartsWith("full", StringComparison.Ordinal))
        {
            state++;
        }
        else if (!text.StartsWith("some", StringComparison.Ordinal))
        {
            return Errno.EINVAL;
        }

        var at = 4;
        if (!TryReadNumber(text, ref at, out var wanted) || !TryReadNumber(text, ref at, out var span))
        {
            return Errno.EINVAL;
        }

        threshold = VirtualTime.FromMicroseconds(wanted);
        window = VirtualTime.FromMicroseconds(span);
        var isPossible = window >= PressureTrigger.ShortestWindow && window <= PressureTrigger.LongestWindow
            && threshold > VirtualTime.Zero && threshold <= window;
        return isPossible ? Errno.None : Errno.EINVAL;
    }

    private static PressureState SomeOf(PressureResource resource) => (PressureState)((int)resource * 2);

    // %u of sscanf, after white space: what does not fit in 32 bits wraps.
    private static bool TryReadNumber(string text, ref int at, out uint number)
    {
        number = 0;
        while (at < text.Length && text[at] is ' ' or '\t' or '\n' or '\v' or '\f' or '\r')
        {
            at++;
        }

        var start = at;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            number = unchecked((number * 10) + (uint)(text[at] - '0'));
        }

        return at > start;
    }
}
