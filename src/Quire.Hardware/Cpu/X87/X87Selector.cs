using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>x87 and MMX instructions, FXSAVE and its family.</summary>
internal static class X87Selector
{
    public static void Register(Registry registry)
    {
    }
}
