using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>x87 instructions, on the register stack of 80-bit numbers. Each family is one file and one line here.</summary>
internal static class X87Selector
{
    public static void Register(Registry registry)
    {
        X87LoadStore.Register(registry);
        X87Arithmetic.Register(registry);
        X87Comparison.Register(registry);
        X87Functions.Register(registry);
        X87Transcendentals.Register(registry);
        X87Control.Register(registry);
        FxSaveInstructions.Register(registry);
    }
}
