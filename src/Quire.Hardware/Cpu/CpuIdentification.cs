using System.Buffers.Binary;
using System.Text;

namespace Quire.Hardware.Cpu;

/// <summary>One answer of CPUID.</summary>
public readonly record struct CpuIdLeaf(uint Eax, uint Ebx, uint Ecx, uint Edx);

/// <summary>What CPUID reports: exactly the features that the instruction selectors have (SDM vol. 2, CPUID).</summary>
public static class CpuIdentification
{
    private const uint MaximumLeaf = 7;
    private const uint Family17h = 0x0083_0F10;
    private const uint MaximumExtendedLeaf = 0x8000_0008;
    private const string Brand = "Quire virtual x86-64 CPU";

    /// <summary>Leaf 1, EDX: FPU TSC CX8 SEP-less CMOV CLFSH MMX FXSR SSE SSE2. Also AT_HWCAP.</summary>
    public const uint FeaturesEdx = (1u << 0) | (1u << 4) | (1u << 8) | (1u << 15) | (1u << 19) | (1u << 23) | (1u << 24) | (1u << 25) | (1u << 26);

    /// <summary>Leaf 1, ECX: SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 POPCNT.</summary>
    public const uint FeaturesEcx = (1u << 0) | (1u << 9) | (1u << 13) | (1u << 19) | (1u << 20) | (1u << 23);

    public static CpuIdLeaf Query(uint leaf, uint subleaf) => leaf switch
    {
        // glibc reads the features of known vendors only. Which processor it is, the brand string says.
        0 => new CpuIdLeaf(MaximumLeaf, Ascii("Auth"), Ascii("cAMD"), Ascii("enti")),
        1 => new CpuIdLeaf(Family17h, 0x0001_0800, FeaturesEcx, FeaturesEdx),
        0x8000_0000 => new CpuIdLeaf(MaximumExtendedLeaf, 0, 0, 0),

        // LAHF in 64-bit mode; SYSCALL, NX, RDTSCP, long mode, 1 GiB pages.
        0x8000_0001 => new CpuIdLeaf(0, 0, 1, (1u << 11) | (1u << 20) | (1u << 26) | (1u << 27) | (1u << 29)),
        >= 0x8000_0002 and <= 0x8000_0004 => BrandLeaf((int)(leaf - 0x8000_0002)),

        // Caches are not modelled. C libraries size their copies by these: L1 32 KiB 8-way, L2 512 KiB 8-way, L3 8 MiB 16-way, lines of 64 bytes.
        0x8000_0005 => new CpuIdLeaf(0, 0, 0x2008_0140, 0x2008_0140),
        0x8000_0006 => new CpuIdLeaf(0, 0, 0x0200_6140, 0x0040_8140),

        // 48-bit virtual, 44-bit physical addresses.
        0x8000_0008 => new CpuIdLeaf(0x302C, 0, 0, 0),
        _ => default,
    };

    private static uint Ascii(string four) => BinaryPrimitives.ReadUInt32LittleEndian(Encoding.ASCII.GetBytes(four));

    private static CpuIdLeaf BrandLeaf(int part)
    {
        Span<byte> bytes = stackalloc byte[48];
        bytes.Clear();
        Encoding.ASCII.GetBytes(Brand, bytes);
        var words = bytes[(part * 16)..];
        return new CpuIdLeaf(
            BinaryPrimitives.ReadUInt32LittleEndian(words),
            BinaryPrimitives.ReadUInt32LittleEndian(words[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(words[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(words[12..]));
    }
}
