using Quire.Hardware.Cpu;
using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>Tells a recording which pages are referred to, and passes the references on. Frames that reclaim cannot take are left out.</summary>
internal sealed class ReferenceRecorder(KernelMemory memory, IPageReferenceRecording recording, IReferenceSink next) : IReferenceSink
{
    public void Take(ReadOnlySpan<FrameRun> runs)
    {
        foreach (ref readonly var run in runs)
        {
            var frame = new FrameNumber(run.Frame);
            if (memory.Pools.IsPageable(frame))
            {
                recording.Refer(PageArrival.NameOf(memory.FrameTable[frame]));
            }
        }

        next.Take(runs);
    }
}
