using Quire.Kernel.Memory.Frames;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>
/// Has a policy of Quire.Replacement choose, compiled for its type. What the policy must not see is kept from it: frames of locked regions, anonymous
/// frames while there is no swap for them. A choice that cannot leave at once (pinned, swap full) is set aside and admitted again after the round.
/// Time is the nanoseconds that programs have run, or references counted from 1 where the policy is told each of them.
/// </summary>
internal sealed partial class PolicyOrder<TPolicy> : IPolicyOrder
    where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
{
    // Ticks more often than a time slice could show no change: nothing ran in between.
    private const long ShortestTick = 1_000_000;
    private const int LeastTries = 32;

    private readonly KernelMemory _memory;
    private readonly FramePlaces _places;
    private readonly PolicySlots _slots;
    private readonly FrameTableBits _bits;
    private readonly List<FrameNumber> _aside = [];
    private TPolicy _policy;
    private long _references;
    private long _nextTick;
    private long _anonymous;
    private long _file;
    private long _locked;

    public PolicyOrder(KernelMemory memory, TPolicy policy, PolicySlots slots, FrameTableBits bits)
    {
        _memory = memory;
        _places = memory.Pools.Places;
        _policy = policy;
        _slots = slots;
        _bits = bits;
        _folder = TPolicy.Touches == TouchDetail.LastOfEachFrame ? memory.RunFolder : null;
        _nextTick = policy is ITimedPolicy timed ? Math.Max(timed.TickInterval, ShortestTick) : long.MaxValue;
    }

    public OrderCounts Counts => new(0, _anonymous, 0, _file, _locked);

    private long Time => TPolicy.Source == InformationSource.ReferenceBits ? _memory.ProgramTime().Nanoseconds : _references;

    public void Admit(FrameNumber frame, in PageArrival arrival)
    {
        ref var entry = ref _memory.FrameTable[frame];
        ref var place = ref _places[frame];
        var isFile = entry.Use == FrameUse.File && (entry.Flags & FrameFlags.MemoryOnly) == 0;
        place.Marks = isFile ? PolicySlots.OfFile : (byte)0;
        (isFile ? ref _file : ref _anonymous)++;
        if (isFile || _memory.Swap.Capacity > 0)
        {
            if (IsLocal)
            {
                EnterUsed();
                Await(frame, arrival);
                place.Marks |= PolicySlots.Unreached;
            }
            else
            {
                Enter(frame, arrival);
            }
        }
    }

    public void Remove(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        if ((place.Marks & PolicySlots.InPolicy) != 0)
        {
            _policy.Remove((int)place.Newer);
        }

        if ((place.Marks & PolicySlots.HasSlot) != 0)
        {
            _slots.Return(frame);
        }

        if ((place.Marks & (PolicySlots.Condemned | PolicySlots.Waiting)) != 0)
        {
            Forget(frame);
        }

        if ((place.Marks & PolicySlots.Locked) != 0)
        {
            _locked--;
        }
        else
        {
            ((place.Marks & PolicySlots.OfFile) != 0 ? ref _file : ref _anonymous)--;
        }
    }

    public void MarkUsed(FrameNumber frame, PageUseKind kind)
    {
        if (TPolicy.Source == InformationSource.ReferenceBits)
        {
            if ((_places[frame].Marks & PolicySlots.Waiting) != 0)
            {
                EnterReferenced(frame);
            }

            _memory.FrameTable[frame].Flags |= FrameFlags.Referenced;
        }
        else if (kind == PageUseKind.Copied)
        {
            Touch(frame, 1, _references);
        }
    }

    public void MarkCold(FrameNumber frame)
    {
        ref var entry = ref _memory.FrameTable[frame];
        entry.Flags &= ~FrameFlags.Referenced;
        _memory.Reclaim.Harvest(entry);
    }

    public void Unlock(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        if ((place.Marks & PolicySlots.Locked) != 0)
        {
            place.Marks &= unchecked((byte)~PolicySlots.Locked);
            _locked--;
            ((place.Marks & PolicySlots.OfFile) != 0 ? ref _file : ref _anonymous)++;
            Enter(frame, new PageArrival(PageArrival.NameOf(_memory.FrameTable[frame]), Shadow.None));
        }
    }

    public int Shrink(in ReclaimRequest request, FrameReclaimer reclaimer)
    {
        TickIfDue();
        var freed = 0;
        var tries = request.Wanted + Math.Max(LeastTries, _slots.Used >> request.Priority);
        for (; tries > 0 && freed < request.Wanted && _slots.Used > _aside.Count; tries--)
        {
            var arrival = request.Incoming is { } incoming ? ArrivalOf(incoming) : Arrival.None(Time);
            var slot = _policy.Evict(arrival, out var shadow);
            if (slot < 0)
            {
                break;
            }

            var frame = Release(slot);
            _memory.Counters.Reclaim.CountScanned(request.Origin, (_places[frame].Marks & PolicySlots.OfFile) != 0);
            _memory.Note(MemoryEventKind.Scan, frame);
            freed += TryEvict(frame, shadow, request.Origin, reclaimer) ? 1 : 0;
        }

        Readmit();
        return freed + EvictWaiting(request.Wanted - freed, request.Origin);
    }

    public void TickIfDue()
    {
        if (_memory.ProgramTime().Nanoseconds >= _nextTick && _policy is ITimedPolicy timed)
        {
            timed.Tick(Time);
            _policy = (TPolicy)timed;
            _nextTick = _memory.ProgramTime().Nanoseconds + Math.Max(timed.TickInterval, ShortestTick);
        }
    }

    public void SettleFresh()
    {
        _bits.SettleFresh();
        EnterUsed();
        _restarting = FrameNumber.None;
        SettleCondemned();
    }

    public bool HasFresh => _hasNew || _bits.HasFresh;

    public void Dispose()
    {
    }

    private void Enter(FrameNumber frame, in PageArrival page)
    {
        ReleaseUnwanted();
        if (IsLocal)
        {
            GiveUpBeyondAllotment(page);
        }

        if (!_slots.TryTake(frame, out var slot))
        {
            return;
        }

        // With local replacement the global pool has what processes left.
        if (IsLocal || _memory.Local is null)
        {
            _memory.Counters.Reclaim.PolicyAdmissions++;
            _memory.Note(MemoryEventKind.Admit, frame);
        }

        _places[frame].Marks |= PolicySlots.InPolicy | PolicySlots.Arriving;
        _policy.Admit(slot, ArrivalOf(page));
        if (TPolicy.Source == InformationSource.Future)
        {
            _policy.SetNextUse(slot, _memory.Options.Future!.NextOf(page.Page));
        }
    }

    // The reference that faults is one later than the last that was made.
    private Arrival ArrivalOf(in PageArrival page) => new(
        IsLocal ? NumberOf(page.Page) : page.Page,
        page.Shadow.IsNone ? Arrival.NoShadow : (int)page.Shadow.Value,
        TPolicy.Source == InformationSource.ReferenceBits ? Time : _references + 1);

    /// <summary>A policy that keeps a variable number of frames gives back what it does not want, before a page comes in.</summary>
    private void ReleaseUnwanted()
    {
        if (_policy is not IVariableSpacePolicy variable)
        {
            return;
        }

        var time = TPolicy.Source == InformationSource.ReferenceBits ? Time : _references + 1;
        while (variable.TryRelease(time, Demand.Fault, out var slot))
        {
            _policy = (TPolicy)variable;
            TryEvict(Release(slot), Arrival.NoShadow, ReclaimOrigin.Limit, _memory.Reclaim);
            variable = (IVariableSpacePolicy)_policy;
        }

        _policy = (TPolicy)variable;
        Readmit();
    }

    // The policy has forgotten the frame.
    private FrameNumber Release(int slot)
    {
        if (!_slots.IsTaken(slot) || (_places[_slots.FrameIn(slot)].Marks & PolicySlots.InPolicy) == 0)
        {
            throw new PolicyFailureException(TPolicy.Description.Name, "Evict", $"it gives up frame {slot}, which holds no page of its");
        }

        var frame = _slots.FrameIn(slot);
        _places[frame].Marks &= unchecked((byte)~(PolicySlots.InPolicy | PolicySlots.Arriving));
        return frame;
    }

    private bool TryEvict(FrameNumber frame, int shadow, ReclaimOrigin origin, FrameReclaimer reclaimer)
    {
        ref var entry = ref _memory.FrameTable[frame];
        if (reclaimer.IsLocked(entry))
        {
            ref var place = ref _places[frame];
            ((place.Marks & PolicySlots.OfFile) != 0 ? ref _file : ref _anonymous)--;
            _locked++;
            place.Marks |= PolicySlots.Locked;
            if ((place.Marks & PolicySlots.HasSlot) != 0)
            {
                _slots.Return(frame);
            }

            _memory.Counters.Reclaim.UnevictableCulled++;
            return false;
        }

        if (!FrameReclaimer.IsPinned(entry) && reclaimer.TryEvict(frame, shadow == Arrival.NoShadow ? Shadow.None : new Shadow((uint)shadow), origin))
        {
            return true;
        }

        _aside.Add(frame);
        return false;
    }

    private void Readmit()
    {
        foreach (var frame in _aside)
        {
            ref var place = ref _places[frame];
            place.Marks |= PolicySlots.InPolicy;
            var name = PageArrival.NameOf(_memory.FrameTable[frame]);
            _policy.Admit((int)place.Newer, ArrivalOf(new PageArrival(name, Shadow.None)));
            if (TPolicy.Source == InformationSource.Future)
            {
                _policy.SetNextUse((int)place.Newer, _memory.Options.Future!.NextOf(name));
            }
        }

        _aside.Clear();
    }
}
