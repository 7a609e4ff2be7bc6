using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Groups;

/// <summary>What a thread that has taken memory beyond its group's limits does before it runs on (exit_to_user_mode of Linux, mem_cgroup_handle_over_high).</summary>
internal static class GroupLimits
{
    public static void Settle(GuestThread thread)
    {
        var dues = thread.Kernel.Memory.Groups.TakeDues();
        if (dues.Exhausted is { } group && !thread.IsDoomed)
        {
            OutOfMemory.Relieve(thread, group, OutOfMemoryCause.GroupLimit);
        }

        thread.Debt += new WaitDebt(VirtualTime.Zero, VirtualTime.Zero, dues.Penalty);
    }
}
