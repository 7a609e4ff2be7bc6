using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Scheduling;

namespace Quire.Kernel.Processes.Groups;

/// <summary>Changes of a control group that programs can wait for, by the file that shows them. Differs from Linux: no 10 ms have to pass between two.</summary>
internal sealed class GroupNotices
{
    /// <summary>cgroup.events.</summary>
    public ChangeNotice Group { get; } = new();

    /// <summary>memory.events, memory.events.local and memory.swap.events.</summary>
    public ChangeNotice Memory { get; } = new();

    public ChangeNotice LocalMemory { get; } = new();

    public ChangeNotice Swap { get; } = new();

    /// <summary>pids.events.</summary>
    public ChangeNotice Tasks { get; } = new();

    /// <summary>From now on, the group's memory events are told here.</summary>
    public void Follow(MemoryGroup memory)
    {
        memory.Events.Counted = happening => (IsOfSwap(happening) ? Swap : Memory).Notify();
        memory.LocalEvents.Counted = happening =>
        {
            if (!IsOfSwap(happening))
            {
                LocalMemory.Notify();
            }
        };
    }

    private static bool IsOfSwap(MemoryGroupEvent happening) => happening is MemoryGroupEvent.SwapHigh or MemoryGroupEvent.SwapMax or MemoryGroupEvent.SwapFail;
}
