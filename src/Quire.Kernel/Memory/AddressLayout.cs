using Quire.Primitives;

namespace Quire.Kernel.Memory;

public enum LayoutRandomization
{
    Off,
    On,
}

/// <summary>
/// Where the parts of an x86-64 address space start, as Linux lays them out (fs/binfmt_elf.c, arch/x86/mm/mmap.c): stack below the top of
/// user space, mappings downwards from below the largest stack, position-independent programs from two thirds up, heap after the program.
/// </summary>
public sealed class AddressLayout
{
    /// <summary>TASK_SIZE: 47 bits less the guard page that keeps SYSRET from faulting in the kernel.</summary>
    public const ulong UserEnd = 0x7FFF_FFFF_F000;

    /// <summary>vm.mmap_min_addr.</summary>
    public const ulong LowestMappable = 0x1_0000;

    /// <summary>Stack guard gap: 256 pages.</summary>
    public const ulong StackGuardGap = 256UL << Page.Shift;

    private const ulong SmallestStackRoom = 128UL << 20;
    private const ulong LargestStackRoom = UserEnd / 6 * 5;
    private const ulong StackRandomPages = 0x3F_FFFF;
    private const int MapRandomBits = 28;
    private const ulong BreakRandomBytes = 0x0200_0000;

    private readonly ulong _breakOffset;

    /// <param name="stackLimit">RLIMIT_STACK when the program starts.</param>
    /// <param name="random">Gives 64 random bits; not used when randomization is off.</param>
    public AddressLayout(LayoutRandomization randomization, ulong stackLimit, Func<ulong> random)
    {
        ulong Pages(ulong mask) => randomization == LayoutRandomization.On ? (random() & mask) << Page.Shift : 0;

        var mapMask = (1UL << MapRandomBits) - 1;
        StackTop = new VirtualAddress(UserEnd - Pages(StackRandomPages));
        var pad = StackGuardGap + (randomization == LayoutRandomization.On ? (StackRandomPages + 1) << Page.Shift : 0);
        var gap = stackLimit + pad < pad ? ulong.MaxValue : stackLimit + pad;
        gap = Math.Clamp(gap, SmallestStackRoom, LargestStackRoom);
        MapTop = new VirtualAddress(Page.RoundUp(UserEnd - gap - Pages(mapMask)));
        ProgramBase = new VirtualAddress(Page.RoundDown((UserEnd / 3 * 2) + Pages(mapMask)));
        _breakOffset = Pages((BreakRandomBytes >> Page.Shift) - 1);
    }

    /// <summary>First address above the stack.</summary>
    public VirtualAddress StackTop { get; }

    /// <summary>mmap_base: the mappings' end, from which they grow downwards.</summary>
    public VirtualAddress MapTop { get; }

    /// <summary>Load address of a position-independent program with an interpreter (ELF_ET_DYN_BASE).</summary>
    public VirtualAddress ProgramBase { get; }

    /// <summary>mmap's bottom-up fallback starts here: TASK_UNMAPPED_BASE.</summary>
    public static VirtualAddress FallbackBase => new(Page.RoundUp(UserEnd / 3));

    /// <summary>Where the heap starts, for a program whose data ends at the address.</summary>
    public VirtualAddress BreakAfter(VirtualAddress dataEnd) => new(Page.RoundUp(dataEnd.Value) + _breakOffset);
}
