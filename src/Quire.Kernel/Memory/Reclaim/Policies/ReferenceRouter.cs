using Quire.Hardware.Cpu;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>Gives references that processors feed to the policies of the pools that the frames are in.</summary>
internal sealed class ReferenceRouter(FramePools pools) : IReferenceSink
{
    public void Take(ReadOnlySpan<FrameRun> runs)
    {
        if (pools.HasOne)
        {
            (pools.Global.Order as IPolicyOrder)?.Consume(runs);
            return;
        }

        // A policy's time passes with the references to its own pool.
        for (var first = 0; first < runs.Length;)
        {
            var pool = pools.PoolOf(new FrameNumber(runs[first].Frame));
            var end = first + 1;
            while (end < runs.Length && pools.PoolOf(new FrameNumber(runs[end].Frame)) == pool)
            {
                end++;
            }

            (pool?.Order as IPolicyOrder)?.Consume(runs[first..end]);
            first = end;
        }
    }
}
