using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>
/// Notices that memory is so short, in the machine or in a group with a limit, that programs do nothing but read the same pages of files again: kernel
/// objects, tables and anonymous pages have squeezed the page cache to a small part, and over many major faults hardly an instruction gets done.
/// Memory then counts as exhausted. Differs from Linux, which crawls on until somebody outside steps in (systemd-oomd by its pressure-stall figures).
/// </summary>
internal sealed class ThrashingWatch(GuestKernel kernel)
{
    private const long LeastWindow = 1024;
    private const long CacheTurns = 4;
    private const long FewInstructionsAFault = 16;
    private const long SmallPart = 4;

    private readonly Window _machine = new();
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<MemoryGroup, Window> _groups = [];

    /// <summary>To be asked at every major fault on a page of a file. What comes back from swap has somewhere to go, however slow that is.</summary>
    /// <param name="within">The group that is too small; null: the machine is.</param>
    public bool IsThrashing(out MemoryGroup? within)
    {
        var memory = kernel.Memory;
        within = null;
        var cached = memory.Counters.FilePages - memory.Counters.SharedMemoryPages;
        var reclaim = memory.Counters.Reclaim;
        if (_machine.IsStuck(new Sight(cached, reclaim.Stolen - reclaim.StolenForLimits, memory.Physical.FrameCount, kernel.Steps)))
        {
            return true;
        }

        for (var group = memory.Groups.Current; group.Parent is not null; group = group.Parent)
        {
            if (group.Max == MemoryGroup.Unlimited)
            {
                continue;
            }

            var files = group.WithDescendants.Sum(below => below.Pool.Order.Counts.File);
            var stolen = group.WithDescendants.Sum(below => below.Own.Reclaim.Stolen);
            if (_groups.GetOrCreateValue(group).IsStuck(new Sight(files, stolen, group.Max >> Page.Shift, kernel.Steps)))
            {
                within = group;
                return true;
            }
        }

        return false;
    }

    /// <summary>What is looked at: pages of files, pages taken so far, pages that there may be, instructions so far.</summary>
    private readonly record struct Sight(long Cached, long Stolen, long Size, long Steps);

    private sealed class Window
    {
        private long _faults;
        private long _startSteps;
        private long _startStolen;

        public bool IsStuck(in Sight sight)
        {
            if (++_faults < Math.Max(LeastWindow, CacheTurns * sight.Cached))
            {
                return false;
            }

            var isStuck = sight.Steps - _startSteps < FewInstructionsAFault * _faults
                && sight.Stolen - _startStolen >= _faults / 2
                && sight.Cached < sight.Size / SmallPart;
            _faults = 0;
            _startSteps = sight.Steps;
            _startStolen = sight.Stolen;
            return isStuck;
        }
    }
}
