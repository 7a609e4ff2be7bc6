using Quire.Kernel.Memory.Groups;

namespace Quire.Kernel.Processes;

/// <summary>Threads that are blocked until there is more memory than when they ran out of it, or their group is within its limit again.</summary>
internal sealed class MemoryWaits(GuestKernel kernel)
{
    private readonly List<MemoryWait> _waits = [];

    public void Begin(GuestThread thread, MemoryGroup? within)
    {
        if (thread.AwaitsMemory)
        {
            return;
        }

        thread.AwaitsMemory = true;
        _waits.Add(new MemoryWait(thread, within, kernel.Memory.Frames.FreeFrames));
    }

    /// <summary>Lets those go on that can, or that are to die.</summary>
    public void WakeServed()
    {
        for (var i = 0; i < _waits.Count; i++)
        {
            var (thread, within, free) = _waits[i];
            var isServed = within is null ? kernel.Memory.Frames.FreeFrames > free : within.FindFull(0) is null;
            if (isServed || thread.IsDoomed)
            {
                _waits.RemoveAt(i--);
                thread.AwaitsMemory = false;
                kernel.Scheduler.MakeRunnable(thread);
            }
        }
    }

    private readonly record struct MemoryWait(GuestThread Thread, MemoryGroup? Within, uint FreeFrames);
}
