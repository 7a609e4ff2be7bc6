using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>
/// Accessed and dirty bits as a policy asks for them, by the policy's frame numbers: answered from the page tables of everybody who maps the frame,
/// with translations dropped where an accessed bit is cleared, and from the frame's flags for uses that leave no bit there.
/// </summary>
internal sealed class FrameTableBits(KernelMemory memory, PolicySlots slots) : ReferenceBits
{
    // A page that comes in is used by the instruction that faulted, when it restarts; that is no use beyond the fault.
    private readonly List<FrameNumber> _fresh = [];

    public bool HasFresh => _fresh.Count > 0;

    public override bool IsReferenced(int frame) => IsUsed(slots.FrameIn(frame));

    public bool IsUsed(FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        return (entry.Flags & FrameFlags.Referenced) != 0 || memory.Reclaim.IsAccessed(entry);
    }

    public override bool TestAndClearReferenced(int frame)
    {
        ref var entry = ref EntryOf(frame);
        var isReferenced = (entry.Flags & FrameFlags.Referenced) != 0;
        entry.Flags &= ~FrameFlags.Referenced;
        return memory.Reclaim.Harvest(entry).Accessed > 0 || isReferenced;
    }

    public override void SetReferenced(int frame, ReferenceBit bit)
    {
        if (bit == ReferenceBit.Set)
        {
            EntryOf(frame).Flags |= FrameFlags.Referenced;
            return;
        }

        Clear(slots.FrameIn(frame));
        _fresh.Add(slots.FrameIn(frame));
    }

    /// <summary>A page of a file that is newer than the file, or an anonymous page that no swap slot has.</summary>
    public override bool IsDirty(int frame)
    {
        ref var entry = ref EntryOf(frame);
        return entry.Use == FrameUse.Anonymous ? !SwapSpace.IsCached(entry) : (entry.Flags & (FrameFlags.Dirty | FrameFlags.MemoryOnly)) != 0;
    }

    public override void WriteBack(int frame)
    {
        if (EntryOf(frame).Use == FrameUse.Anonymous)
        {
            memory.Swap.TryClean(slots.FrameIn(frame));
        }
        else if ((EntryOf(frame).Flags & FrameFlags.Dirty) != 0)
        {
            memory.Reclaim.WriteBack(slots.FrameIn(frame));
        }
    }

    public override bool IsPinned(int frame)
    {
        ref var entry = ref EntryOf(frame);
        return FrameReclaimer.IsPinned(entry) || memory.Reclaim.IsLocked(entry);
    }

    /// <summary>The instruction that faulted has restarted: what its page was asked to come in without goes now.</summary>
    public void SettleFresh()
    {
        foreach (var frame in _fresh)
        {
            if (slots.Holds(frame))
            {
                Clear(frame);
            }
        }

        _fresh.Clear();
    }

    /// <summary>What was asked for without a use is without one already.</summary>
    public void ForgetFresh() => _fresh.Clear();

    public void Clear(FrameNumber frame)
    {
        ref var entry = ref memory.FrameTable[frame];
        entry.Flags &= ~FrameFlags.Referenced;
        memory.Reclaim.Harvest(entry);
    }

    private ref FrameEntry EntryOf(int frame) => ref memory.FrameTable[slots.FrameIn(frame)];
}
