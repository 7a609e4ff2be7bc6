using Quire.Hardware.Cpu;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <content>
/// References as processors tell them. Code and data take turns, so the same few frames come again and again: for a policy that goes by the last touch of
/// each frame, what was told at once is folded to one touch a frame.
/// </content>
internal sealed partial class PolicyOrder<TPolicy>
{
    private readonly FrameRunFolder? _folder;

    public void Consume(ReadOnlySpan<FrameRun> runs)
    {
        // A reference to a page that waits or is condemned has pages come and go in between.
        if (TPolicy.Touches == TouchDetail.LastOfEachFrame && _waitingCount == 0 && _condemned.Count == 0)
        {
            ConsumeFolded(runs);
            return;
        }

        foreach (ref readonly var run in runs)
        {
            var frame = new FrameNumber(run.Frame);
            if ((_places[frame].Marks & (PolicySlots.Condemned | PolicySlots.Waiting)) != 0)
            {
                EnterReferenced(frame);
            }

            _references += run.Count;
            Touch(frame, (int)run.Count, _references);
            if (TPolicy.Source == InformationSource.Future)
            {
                FollowFuture(frame);
            }
        }
    }

    private void ConsumeFolded(ReadOnlySpan<FrameRun> runs)
    {
        var folded = _folder!.Fold(runs, out var references);
        for (var i = folded.Length - 1; i >= 0; i--)
        {
            ref readonly var run = ref folded[i];
            Touch(new FrameNumber(run.Frame), (int)run.Count, _references + references - run.Later);
        }

        _references += references;
    }

    private void Touch(FrameNumber frame, int count, long time)
    {
        ref var place = ref _places[frame];
        var marks = place.Marks & (PolicySlots.InPolicy | PolicySlots.Arriving);
        if (marks != PolicySlots.InPolicy)
        {
            if (marks == 0)
            {
                return;
            }

            // The reference that faulted is part of the admission.
            place.Marks &= unchecked((byte)~PolicySlots.Arriving);
            if (marks == PolicySlots.Arriving || --count == 0)
            {
                return;
            }
        }

        _policy.Touch((int)place.Newer, count, time);
    }

    private void FollowFuture(FrameNumber frame)
    {
        if (!_memory.Pools.IsPageable(frame))
        {
            return;
        }

        var next = _memory.Options.Future!.Refer(PageArrival.NameOf(_memory.FrameTable[frame]));
        ref var place = ref _places[frame];
        if ((place.Marks & PolicySlots.InPolicy) != 0)
        {
            _policy.SetNextUse((int)place.Newer, next);
        }
    }
}
