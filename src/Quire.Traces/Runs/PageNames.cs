using System.Globalization;

namespace Quire.Traces;

/// <summary>
/// How pages are written for people: page numbers of address traces in hexadecimal, and where the page lies; others as the trace has them.
/// </summary>
public sealed class PageNames(RunSource source)
{
    // ProcessMarks gives each process after the first a number in the bits above these.
    private const int ProcessShift = 52;

    /// <summary>The page alone: "0x401", "17", with "2:" in front for the second process of the trace and so on.</summary>
    public string ShortOf(int page)
    {
        var (process, number) = Split(page);
        var text = source.Unit == TraceUnit.Addresses ? Hex(number) : number.ToString(CultureInfo.InvariantCulture);
        return process == 0 ? text : $"{process + 1}:{text}";
    }

    /// <summary>The page with its number in both notations and where it lies: "0x401 (1025, bytes 0x401000 to 0x401fff, program)".</summary>
    public string LongOf(int page)
    {
        var (process, number) = Split(page);
        if (source.Unit != TraceUnit.Addresses)
        {
            return $"{ShortOf(page)} ({Hex(number)}{(process == 0 ? "" : $" of process {process + 1}")})";
        }

        var first = number << source.PageShift;
        var last = first + (1UL << source.PageShift) - 1;
        return $"{ShortOf(page)} ({number.ToString(CultureInfo.InvariantCulture)}, bytes {Hex(first)} to {Hex(last)}, {RegionOf(first)}{(process == 0 ? "" : $" of process {process + 1}")})";
    }

    private (int Process, ulong Number) Split(int page)
    {
        var whole = source.Numbering.PageOf(page);
        return source.Unit == TraceUnit.Objects ? (0, whole) : ((int)(whole >> ProcessShift), whole & ((1UL << ProcessShift) - 1));
    }

    // Where Linux on x86-64 puts things (Documentation/arch/x86/x86_64/mm.rst; load_elf_binary: ELF_ET_DYN_BASE is two thirds of the address space).
    private static string RegionOf(ulong address) => address switch
    {
        >= 0xffff_ffff_ff60_0000 => "vsyscall",
        >= 0xffff_8000_0000_0000 => "kernel",
        >= 0x7ff0_0000_0000 and < 0x8000_0000_0000 => "stack",
        >= 0x7000_0000_0000 and < 0x7ff0_0000_0000 => "mappings and libraries",
        >= 0x5500_0000_0000 and < 0x5700_0000_0000 => "program and heap",
        < 0x1000_0000 => "program",
        _ => "elsewhere",
    };

    private static string Hex(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
