using Quire.Primitives;

namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// How long a thread sleeps whose group is above memory.high (mem_find_max_overage, calculate_high_delay of mm/memcontrol.c): with the square of the
/// part by which it is above, and with what it took; at most 2 seconds, and not at all below a hundredth of one.
/// </summary>
internal static class HighPenalty
{
    private const int Precision = 20;
    private const int Scaling = 14;
    private const long ChargeBatch = 64;
    private static readonly VirtualTime Longest = VirtualTime.FromMilliseconds(2_000);
    private static readonly VirtualTime Shortest = VirtualTime.FromMilliseconds(10);

    /// <param name="groups">A group and those above it.</param>
    /// <param name="pages">That the thread took.</param>
    public static VirtualTime Of(IEnumerable<MemoryGroup> groups, long pages)
    {
        Int128 memory = 0;
        Int128 swap = 0;
        foreach (var group in groups)
        {
            memory = Int128.Max(memory, Overage(group.Usage, group.High));
            swap = Int128.Max(swap, Overage(group.SwapUsage, group.SwapHigh));
        }

        var penalty = Delay(memory, pages) + Delay(swap, pages);
        return penalty <= Shortest ? VirtualTime.Zero : penalty < Longest ? penalty : Longest;
    }

    private static Int128 Overage(long usage, long high) =>
        usage <= high ? 0 : ((Int128)(usage - high) << Precision) / Math.Max(high, Page.Size);

    private static VirtualTime Delay(Int128 overage, long pages)
    {
        // Beyond 128 times the limit the square says nothing more.
        overage = Int128.Min(overage, (Int128)1 << (Precision + 7));
        var nanoseconds = (overage * overage * 1_000_000_000 >> (Precision + Scaling)) * pages / ChargeBatch;
        return new VirtualTime((long)Int128.Min(nanoseconds, Longest.Nanoseconds));
    }
}
