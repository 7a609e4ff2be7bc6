using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Processes.Groups;

namespace Quire.Kernel;

/// <summary>What is told of a control group when the run or the group is over. Bytes; the groups below it are counted in.</summary>
/// <param name="Max">memory.max; null for no limit.</param>
/// <param name="High">How often its programs were slowed down above memory.high.</param>
/// <param name="MaxMet">How often an allocation would have gone above memory.max.</param>
/// <param name="OutOfMemory">How often reclaim did not help against that.</param>
/// <param name="Kills">Processes in it killed for want of memory.</param>
public readonly record struct ControlGroupRecord(
    string Path, long Peak, long Current, long SwapPeak, long? Max, long Low, long High, long MaxMet, long OutOfMemory, long Kills)
{
    internal static ControlGroupRecord Of(ControlGroup group)
    {
        var memory = group.Memory;
        var events = memory.Events;
        return new ControlGroupRecord(
            group.Path,
            memory.Peak,
            memory.Usage,
            memory.SwapPeak,
            memory.Max == MemoryGroup.Unlimited ? null : memory.Max,
            events[MemoryGroupEvent.Low],
            events[MemoryGroupEvent.High],
            events[MemoryGroupEvent.Max],
            events[MemoryGroupEvent.OutOfMemory],
            events[MemoryGroupEvent.Kill]);
    }
}
