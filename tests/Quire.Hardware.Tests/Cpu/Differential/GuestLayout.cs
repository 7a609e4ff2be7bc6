namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>
/// Where the tested instruction's pages lie, on the host and in the simulated page tables alike; tests/native/execute_instructions.c holds the same
/// numbers. All below 2 GiB, so that 32-bit addresses and displacements reach everything. Pages around each region are not mapped.
/// </summary>
internal static class GuestLayout
{
    public const ulong Code = 0x1000_0000;
    public const int CodeBytes = 0x2000;

    public const ulong Data = 0x2000_0000;
    public const int DataBytes = 0x4000;

    /// <summary>Directly behind the data.</summary>
    public const ulong ReadOnly = Data + DataBytes;
    public const int ReadOnlyBytes = 0x1000;

    public const ulong Stack = 0x3000_0000;
    public const int StackBytes = 0x2000;

    public const int PageBytes = 0x1000;

    /// <summary>What fills the code pages around the tested instruction: wherever it leads, the case ends there.</summary>
    public const byte Breakpoint = 0xCC;

    public static bool IsWritable(ulong address) =>
        address - Data < DataBytes || address - Stack < StackBytes;

    public static bool IsMapped(ulong address) =>
        IsWritable(address) || address - ReadOnly < ReadOnlyBytes || address - Code < CodeBytes;
}
