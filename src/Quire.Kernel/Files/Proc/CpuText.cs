using System.Globalization;
using System.Text;
using Quire.Hardware.Cpu;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/cpuinfo and /proc/interrupts, from what CPUID says.</summary>
internal static class CpuText
{
    // Names as arch/x86/kernel/cpu/capflags.c has them, by bit of leaf 1 EDX and ECX and of leaf 0x80000001 EDX and ECX.
    private static readonly (uint Leaf, char Register, int Bit, string Name)[] Features =
    [
        (1, 'd', 0, "fpu"), (1, 'd', 4, "tsc"), (1, 'd', 8, "cx8"), (1, 'd', 15, "cmov"), (1, 'd', 19, "clflush"), (1, 'd', 23, "mmx"),
        (1, 'd', 24, "fxsr"), (1, 'd', 25, "sse"), (1, 'd', 26, "sse2"), (0x8000_0001, 'd', 11, "syscall"), (0x8000_0001, 'd', 20, "nx"),
        (0x8000_0001, 'd', 26, "pdpe1gb"), (0x8000_0001, 'd', 27, "rdtscp"), (0x8000_0001, 'd', 29, "lm"), (1, 'c', 0, "pni"), (1, 'c', 9, "ssse3"),
        (1, 'c', 13, "cx16"), (1, 'c', 19, "sse4_1"), (1, 'c', 20, "sse4_2"), (1, 'c', 23, "popcnt"), (0x8000_0001, 'c', 0, "lahf_lm"),
    ];

    public static string CpuInfo(GuestKernel kernel)
    {
        var identity = CpuIdentification.Query(1, 0);
        var family = ((identity.Eax >> 8) & 0xF) + ((identity.Eax >> 20) & 0xFF);
        var model = ((identity.Eax >> 4) & 0xF) | ((identity.Eax >> 12) & 0xF0);
        var flags = string.Join(' ', Features.Where(feature => Has(feature.Leaf, feature.Register, feature.Bit)).Select(feature => feature.Name));
        var text = new StringBuilder();
        for (var cpu = 0; cpu < kernel.Options.CpuCount; cpu++)
        {
            text.Append(CultureInfo.InvariantCulture, $"processor\t: {cpu}\nvendor_id\t: {Vendor()}\ncpu family\t: {family}\nmodel\t\t: {model}\n")
                .Append(CultureInfo.InvariantCulture, $"model name\t: {Brand()}\nstepping\t: {identity.Eax & 0xF}\ncpu MHz\t\t: 1000.000\n")
                .Append(CultureInfo.InvariantCulture, $"physical id\t: 0\nsiblings\t: {kernel.Options.CpuCount}\ncore id\t\t: {cpu}\ncpu cores\t: {kernel.Options.CpuCount}\n")
                .Append(CultureInfo.InvariantCulture, $"apicid\t\t: {cpu}\ninitial apicid\t: {cpu}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 7\nwp\t\t: yes\n")
                .Append(CultureInfo.InvariantCulture, $"flags\t\t: {flags}\nbugs\t\t:\nbogomips\t: 2000.00\nclflush size\t: 64\ncache_alignment\t: 64\n")
                .Append("address sizes\t: 44 bits physical, 48 bits virtual\npower management:\n\n");
        }

        return text.ToString();
    }

    public static string Interrupts(GuestKernel kernel)
    {
        var text = new StringBuilder("           ");
        for (var cpu = 0; cpu < kernel.Options.CpuCount; cpu++)
        {
            text.Append(CultureInfo.InvariantCulture, $"CPU{cpu,-8}");
        }

        return text.Append('\n').ToString();
    }

    private static bool Has(uint leaf, char register, int bit)
    {
        var answer = CpuIdentification.Query(leaf, 0);
        return ((register == 'd' ? answer.Edx : answer.Ecx) >> bit & 1) != 0;
    }

    private static string Vendor()
    {
        var answer = CpuIdentification.Query(0, 0);
        return Text(answer.Ebx) + Text(answer.Edx) + Text(answer.Ecx);
    }

    private static string Brand()
    {
        var brand = "";
        for (var leaf = 0x8000_0002; leaf <= 0x8000_0004; leaf++)
        {
            var answer = CpuIdentification.Query(leaf, 0);
            brand += Text(answer.Eax) + Text(answer.Ebx) + Text(answer.Ecx) + Text(answer.Edx);
        }

        return brand.TrimEnd('\0');
    }

    private static string Text(uint register) => Encoding.Latin1.GetString(BitConverter.GetBytes(register));
}
