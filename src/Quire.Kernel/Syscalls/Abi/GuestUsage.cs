using System.Runtime.InteropServices;
using Quire.Kernel.Processes;

namespace Quire.Kernel.Syscalls.Abi;

/// <summary>struct rusage; the fields that Linux leaves zero are zero.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GuestUsage
{
    public GuestTimeval User;
    public GuestTimeval System;

    /// <summary>KiB.</summary>
    public long PeakResident;

    public long SharedText;
    public long UnsharedData;
    public long UnsharedStack;
    public long MinorFaults;
    public long MajorFaults;
    public long Swaps;
    public long ReadBlocks;
    public long WrittenBlocks;
    public long MessagesSent;
    public long MessagesReceived;
    public long Signals;
    public long VoluntarySwitches;
    public long InvoluntarySwitches;

    public static GuestUsage From(CpuUsage usage) => new()
    {
        User = GuestTimeval.From(usage.User),
        System = GuestTimeval.From(usage.System),
        PeakResident = (long)(usage.PeakResidentBytes >> 10),
        MinorFaults = usage.MinorFaults,
        MajorFaults = usage.MajorFaults,
        ReadBlocks = usage.ReadBlocks,
        WrittenBlocks = usage.WrittenBlocks,
        VoluntarySwitches = usage.VoluntarySwitches,
        InvoluntarySwitches = usage.InvoluntarySwitches,
    };
}
