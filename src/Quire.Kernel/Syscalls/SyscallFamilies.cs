namespace Quire.Kernel.Syscalls;

/// <summary>All families of system calls; a new one is one line here.</summary>
internal static class SyscallFamilies
{
    public static void Register(SyscallTable table)
    {
        MemoryCalls.Register(table);
        ProcessCalls.Register(table);
        ProcessDescriptorCalls.Register(table);
        GroupCalls.Register(table);
        ThreadCalls.Register(table);
        SignalCalls.Register(table);
        FutexCalls.Register(table);
        ClockCalls.Register(table);
        TimerCalls.Register(table);
        ResourceCalls.Register(table);
        IdentityCalls.Register(table);
        CapabilityCalls.Register(table);
        SchedulingCalls.Register(table);
        MachineCalls.Register(table);
        RefusedCalls.Register(table);
        Files.FileCallFamilies.Register(table);
    }
}
