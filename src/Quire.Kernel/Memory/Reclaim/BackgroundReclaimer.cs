using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Reclaim.Policies;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// kswapd (mm/vmscan.c, balance_pgdat): once an allocation finds a zone below its low watermark, frees frames beside the programs until every zone has its
/// high watermark again. What its writes take of the device it waits for itself. It also gives policies that work at intervals their turns.
/// </summary>
internal sealed class BackgroundReclaimer(KernelMemory memory) : BackgroundWork
{
    // Frames freed at a turn, so that programs run in between.
    private const int Turn = 256;

    // A page looked at, a page freed: magnitudes of Linux on a 2 GHz machine.
    private const long ScanNanoseconds = 50;
    private const long EvictNanoseconds = 500;

    // HZ / 10.
    private static readonly VirtualTime Quickly = VirtualTime.FromMilliseconds(100);
    private static readonly VirtualTime TickInterval = VirtualTime.FromMilliseconds(1);

    // MAX_RECLAIM_RETRIES: after so many turns without a frame, direct reclaim has to do it.
    private const int MostVainTurns = 16;

    private VirtualTime _due = VirtualTime.Never;
    private VirtualTime _tick;
    private VirtualTime _rested;
    private int _vainTurns;
    private bool _isAwake;

    public override string Name => "kswapd0";

    public override VirtualTime Due => _due;

    /// <summary>To be called by allocations below the low watermark.</summary>
    public void Wake()
    {
        if (!_isAwake && _vainTurns < MostVainTurns)
        {
            _isAwake = true;
            _due = memory.Now();
            var counters = memory.Counters.Reclaim;
            counters.BackgroundRuns++;
            counters.LowHitQuickly += counters.BackgroundRuns > 1 && _due - _rested < Quickly ? 1 : 0;
        }
    }

    public override VirtualTime Run(VirtualTime now)
    {
        var counters = memory.Counters.Reclaim;
        var scanned = counters.Scanned;
        var debt = memory.TakeDeviceDebt();
        var wanted = Missing();
        var freed = wanted > 0 ? memory.Frames.ReclaimInBackground(Math.Min(wanted, Turn)) : 0;
        var waited = memory.TakeDeviceDebt();
        memory.AddDeviceDebt(debt);
        var used = new VirtualTime(((counters.Scanned - scanned) * ScanNanoseconds) + (freed * EvictNanoseconds));
        _vainTurns = freed > 0 ? 0 : _vainTurns + 1;
        _isAwake = wanted > freed && _vainTurns < MostVainTurns;
        _due = _isAwake ? now + used + waited + new VirtualTime(1) : VirtualTime.Never;
        _rested = now;
        return used;
    }

    public override void OnProgramsRan()
    {
        var now = memory.Now();
        if (now < _tick)
        {
            return;
        }

        _tick = now + TickInterval;
        _vainTurns = 0;
        memory.Local?.Share();
        foreach (var pool in memory.Pools.All)
        {
            (pool.Order as IPolicyOrder)?.TickIfDue();
        }
    }

    private int Missing()
    {
        var missing = 0;
        foreach (var zone in memory.Frames.Zones)
        {
            missing += zone.FreeFrames < zone.Watermarks.High ? (int)(zone.Watermarks.High - zone.FreeFrames) : 0;
        }

        return missing;
    }
}
