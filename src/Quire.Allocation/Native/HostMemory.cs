namespace Quire.Allocation;

/// <summary>Picks the host's virtual memory: the one place that knows which operating system this is.</summary>
public static class HostMemory
{
    public static IVirtualMemory Current { get; } = OperatingSystem.IsWindows() ? new WindowsMemory() : new PosixMemory();
}
