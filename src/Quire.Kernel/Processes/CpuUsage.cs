using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>What a thread, a process or its dead children used: getrusage, wait4, times, /proc/PID/stat.</summary>
public struct CpuUsage
{
    public VirtualTime User;
    public VirtualTime System;
    public long MinorFaults;
    public long MajorFaults;
    public long VoluntarySwitches;
    public long InvoluntarySwitches;
    public long ReadBlocks;
    public long WrittenBlocks;
    public ulong PeakResidentBytes;

    public void Add(CpuUsage other)
    {
        User += other.User;
        System += other.System;
        MinorFaults += other.MinorFaults;
        MajorFaults += other.MajorFaults;
        VoluntarySwitches += other.VoluntarySwitches;
        InvoluntarySwitches += other.InvoluntarySwitches;
        ReadBlocks += other.ReadBlocks;
        WrittenBlocks += other.WrittenBlocks;
        PeakResidentBytes = Math.Max(PeakResidentBytes, other.PeakResidentBytes);
    }
}
