using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Mmx;

/// <summary>MMX, and the forms on MMX registers of SSE, SSE2 and SSSE3. They share mnemonics with the forms on XMM registers, whose operations they use.</summary>
internal static class MmxSelector
{
    public static void Register(Registry registry)
    {
        MmxMoves.Register(registry);
        MmxArithmetic.Register(registry);
        MmxRearrangement.Register(registry);
        MmxConversions.Register(registry);
    }
}
