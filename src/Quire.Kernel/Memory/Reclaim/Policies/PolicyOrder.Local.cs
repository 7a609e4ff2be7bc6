using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <content>
/// Local replacement. A page that comes in over the allotment has the policy give one up at once, as in replay; but that page stays until the
/// instruction that faulted has restarted, since it may be one that the instruction needs: a policy that gives up what was used last would otherwise
/// keep a program from going on. If it is used before it has gone, the policy is told as if it had come back.
/// A policy of every reference is not told of a page before the program itself refers to it: what the kernel or readahead brought in waits outside.
/// </content>
internal sealed partial class PolicyOrder<TPolicy>
{
    // More than this have come in by calls of the kernel alone: those that were longest without a reference go.
    private const int MostWaiting = 64;

    private readonly List<(FrameNumber Frame, Shadow Shadow)> _condemned = [];
    private readonly List<(FrameNumber Frame, Shadow Shadow)> _waiting = [];
    private int _waitingCount;
    private bool _hasNew;

    public int Allotment { get; set; } = int.MaxValue;

    private bool IsLocal => Allotment != int.MaxValue;

    private void Await(FrameNumber frame, in PageArrival page)
    {
        _places[frame].Marks |= PolicySlots.Waiting;
        _waiting.Add((frame, page.Shadow));
        _waitingCount++;
        _hasNew = true;
    }

    /// <summary>The first reference to a page that waits, or one to a page that is about to go.</summary>
    private void EnterReferenced(FrameNumber frame)
    {
        var shadow = Forget(frame);
        Enter(frame, new PageArrival(PageArrival.NameOf(_memory.FrameTable[frame]), shadow));
    }

    /// <summary>Takes a frame from those that wait or are condemned; gives its shadow.</summary>
    private Shadow Forget(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        var list = (place.Marks & PolicySlots.Condemned) != 0 ? _condemned : _waiting;
        _waitingCount -= list == _waiting ? 1 : 0;
        place.Marks &= unchecked((byte)~(PolicySlots.Condemned | PolicySlots.Waiting));
        var at = list.FindLastIndex(item => item.Frame == frame);
        var shadow = list[at].Shadow;
        list.RemoveAt(at);
        return shadow;
    }

    private void GiveUpBeyondAllotment(in PageArrival incoming)
    {
        _hasNew = true;
        while (_slots.Used >= Math.Min(Allotment, _slots.Count))
        {
            var slot = _policy.Evict(ArrivalOf(incoming), out var shadow);
            if (slot < 0)
            {
                return;
            }

            var frame = Release(slot);
            _slots.Return(frame);
            _places[frame].Marks |= PolicySlots.Condemned;
            _condemned.Add((frame, shadow == Arrival.NoShadow ? Shadow.None : new Shadow((uint)shadow)));
        }
    }

    private void SettleCondemned()
    {
        if (_condemned.Count == 0 && _waitingCount <= MostWaiting)
        {
            _hasNew = false;
            return;
        }

        _memory.Frames.EnterReclaim();
        while (_condemned.Count > 0)
        {
            Discard(_condemned[^1].Frame, ReclaimOrigin.Limit);
        }

        EvictWaiting(_waitingCount - MostWaiting, ReclaimOrigin.Limit);
        _memory.Frames.LeaveReclaim();
        _hasNew = false;
    }

    private int EvictWaiting(int wanted, ReclaimOrigin origin)
    {
        var freed = 0;
        for (var tries = _waitingCount; tries > 0 && freed < wanted; tries--)
        {
            freed += Discard(_waiting[0].Frame, origin) ? 1 : 0;
        }

        return freed;
    }

    private bool Discard(FrameNumber frame, ReclaimOrigin origin)
    {
        var shadow = Forget(frame);
        if (TryEvict(frame, shadow == Shadow.None ? Arrival.NoShadow : (int)shadow.Value, origin, _memory.Reclaim))
        {
            return true;
        }

        if (_aside.Count > 0)
        {
            // It cannot go: swap is full, or somebody holds it. It waits to be used, or to be tried again.
            _aside.Clear();
            Await(frame, new PageArrival(0, shadow));
        }

        return false;
    }
}
