namespace Quire.Kernel.Scheduling;

/// <summary>
/// Notices that memory is so short that programs do nothing but read the same pages of files again: kernel objects, tables and anonymous pages have
/// squeezed the page cache to a small part of RAM, and over many major faults hardly an instruction gets done. Memory then counts as exhausted.
/// Differs from Linux, which crawls on until somebody outside steps in (systemd-oomd by its pressure-stall figures).
/// </summary>
internal sealed class ThrashingWatch(GuestKernel kernel)
{
    private const long LeastWindow = 1024;
    private const long CacheTurns = 4;
    private const long FewInstructionsAFault = 16;
    private const uint SmallPartOfRam = 4;

    private long _faults;
    private long _startInstructions;
    private long _startStolen;

    /// <summary>To be asked at every major fault.</summary>
    public bool IsThrashing()
    {
        var memory = kernel.Memory;
        var cached = memory.Counters.FilePages - memory.Counters.SharedMemoryPages;
        if (++_faults < Math.Max(LeastWindow, CacheTurns * cached))
        {
            return false;
        }

        var isStuck = kernel.Instructions - _startInstructions < FewInstructionsAFault * _faults
            && memory.Counters.Reclaim.Stolen - _startStolen >= _faults / 2
            && cached < memory.Physical.FrameCount / SmallPartOfRam;
        _faults = 0;
        _startInstructions = kernel.Instructions;
        _startStolen = memory.Counters.Reclaim.Stolen;
        return isStuck;
    }
}
