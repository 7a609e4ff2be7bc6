using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>What a thread, a process or its dead children used: getrusage, wait4, times, /proc/PID/stat and io.</summary>
public struct CpuUsage
{
    /// <summary>What ru_inblock and ru_oublock count.</summary>
    public const int BlockBytes = 512;

    public VirtualTime User;
    public VirtualTime System;
    public long MinorFaults;
    public long MajorFaults;
    public long VoluntarySwitches;
    public long InvoluntarySwitches;

    /// <summary>Of 512 bytes: read from a device for the thread, and made dirty by it.</summary>
    public long ReadBlocks;
    public long WrittenBlocks;
    public ulong PeakResidentBytes;

    // Bytes and calls of read, write and their kin, whatever the file: /proc/PID/io.
    public long ReadBytes;
    public long WrittenBytes;
    public long ReadCalls;
    public long WriteCalls;

    /// <summary>A call that reads has ended with this result.</summary>
    public void CountRead(long result)
    {
        ReadBytes += Math.Max(0, result);
        ReadCalls++;
    }

    /// <summary>A call that writes has ended with this result.</summary>
    public void CountWrite(long result)
    {
        WrittenBytes += Math.Max(0, result);
        WriteCalls++;
    }

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
        ReadBytes += other.ReadBytes;
        WrittenBytes += other.WrittenBytes;
        ReadCalls += other.ReadCalls;
        WriteCalls += other.WriteCalls;
        PeakResidentBytes = Math.Max(PeakResidentBytes, other.PeakResidentBytes);
    }
}
