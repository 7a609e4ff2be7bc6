using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Groups;

/// <summary>What a thread that has taken memory beyond its group's limits does before it runs on (exit_to_user_mode of Linux, mem_cgroup_handle_over_high).</summary>
internal static class GroupLimits
{
    public static void Settle(GuestThread thread) =>
        thread.Debt += new WaitDebt(VirtualTime.Zero, VirtualTime.Zero, thread.Kernel.Memory.Groups.TakeDues());

    /// <summary>A fault got no memory because a group is at its maximum. The thread ends if it is to; while nobody may be killed, it waits until there is room.</summary>
    public static void SettleRefusal(GuestThread thread, MemoryGroup group)
    {
        if (!thread.IsDoomed)
        {
            thread.Kernel.MemoryWaits.Begin(thread, group);
        }
    }
}
