using System.Runtime.InteropServices;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <content>
/// Local replacement. A page that comes in over the allotment has the policy give one up at once, as in replay; but that page stays until the
/// instruction that faulted has restarted, since it may be one that the instruction needs: a policy that gives up what was used last would otherwise
/// keep a program from going on. If it is used before it has gone, the policy is told as if it had come back.
/// No policy is told of a page before the program itself refers to it: what the kernel or readahead brought in waits outside. A policy of every reference
/// is told by the processor. One by bits is told of the page that an instruction faults for, and of others when the first accessed bit shows, which is
/// looked at before another page comes in and when the instruction that faulted has ended; so the order of first references is kept, unless several
/// pages that wait are referred to between the same two faults.
/// Policies know pages by the number of their first reference, as in replay: some hash what they know them by.
/// </content>
internal sealed partial class PolicyOrder<TPolicy>
{
    // More than this have come in by calls of the kernel alone: those that were longest without a reference go.
    private const int MostWaiting = 64;

    private readonly List<(FrameNumber Frame, Shadow Shadow)> _condemned = [];
    private readonly List<(FrameNumber Frame, Shadow Shadow)> _waiting = [];
    private readonly Dictionary<ulong, ulong> _numbers = [];
    private int _waitingCount;
    private bool _hasNew;

    // Holds the instruction that faulted: fetching it again is no further reference.
    private FrameNumber _restarting = FrameNumber.None;

    public int Allotment { get; set; } = int.MaxValue;

    private bool IsLocal => Allotment != int.MaxValue;

    private void Await(FrameNumber frame, in PageArrival page)
    {
        _places[frame].Marks |= PolicySlots.Waiting;
        _waiting.Add((frame, page.Shadow));
        _waitingCount++;
        _hasNew = true;
    }

    public void EnterFaulted(FrameNumber frame, FrameNumber code)
    {
        if (TPolicy.Source != InformationSource.ReferenceBits || (_places[frame].Marks & PolicySlots.Unreached) == 0)
        {
            return;
        }

        EnterReferenced(frame);
        _restarting = code;
        foreach (var (condemned, _) in _condemned)
        {
            _bits.Clear(condemned);
        }
    }

    public void BeginRestart()
    {
        if (TPolicy.Source != InformationSource.ReferenceBits)
        {
            return;
        }

        foreach (var (frame, _) in _waiting)
        {
            ref var place = ref _places[frame];
            if ((place.Marks & PolicySlots.Unreached) != 0)
            {
                place.Marks &= unchecked((byte)~PolicySlots.Unreached);
                _bits.Clear(frame);
            }
        }
    }

    /// <summary>What was about to go or waited, and has been used since the program went on.</summary>
    private void EnterUsed()
    {
        if (TPolicy.Source != InformationSource.ReferenceBits)
        {
            return;
        }

        EnterUsed(_condemned);
        EnterUsed(_waiting);

        // The reference that they came in by has been made.
        _bits.ForgetFresh();
    }

    private void EnterUsed(List<(FrameNumber Frame, Shadow Shadow)> list)
    {
        for (var (at, left) = (0, list.Count); left > 0; left--)
        {
            var frame = list[at].Frame;
            if ((_places[frame].Marks & PolicySlots.Unreached) == 0 && frame != _restarting && _bits.IsUsed(frame))
            {
                EnterReferenced(frame);
            }
            else
            {
                at++;
            }
        }
    }

    private ulong NumberOf(ulong page)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, page, out var isKnown);
        number = isKnown ? number : (ulong)_numbers.Count - 1;
        return number;
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
        place.Marks &= unchecked((byte)~(PolicySlots.Condemned | PolicySlots.Waiting | PolicySlots.Unreached));
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
