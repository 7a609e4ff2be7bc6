namespace Quire.Kernel.Files;

/// <summary>dev_t as stat(2) gives it: minor bits 0-7 and 20-31, major bits 8-19 and 32-43 (glibc, sys/sysmacros.h).</summary>
public static class DeviceNumber
{
    public static ulong Of(uint major, uint minor) =>
        (minor & 0xFF) | (ulong)(major & 0xFFF) << 8 | (ulong)(minor & 0xFFFFFF00) << 12 | (ulong)(major & 0xFFFFF000) << 32;

    public static uint Major(ulong device) => (uint)(device >> 8 & 0xFFF) | (uint)(device >> 32 & 0xFFFFF000);

    public static uint Minor(ulong device) => (uint)(device & 0xFF) | (uint)(device >> 12 & 0xFFFFFF00);
}
