using Iced.Intel;
using Quire.Hardware.Cpu.Sse.Floating;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>SSE to SSE4.2: chooses handlers for instructions on XMM registers. Each family of instructions is one file and one line here.</summary>
internal static class SseSelector
{
    public static void Register(Registry registry)
    {
        var raising = registry.Raising();
        Moves.Register(registry);
        Elements.Register(registry);
        IntegerArithmetic.Register(registry);
        IntegerMultiplication.Register(registry);
        VectorShifts.Register(registry);
        Shuffles.Register(registry);
        PackAndUnpack.Register(registry);
        StringComparison.Register(registry);
        FloatArithmetic.Register(raising);
        FloatComparison.Register(raising);
        ScalarConversions.Register(raising);
        PackedConversions.Register(raising);
        DotProducts.Register(raising);
        Approximations.Register(registry);
        ControlRegister.Register(registry);
    }

    /// <summary>MOVSD and CMPSD of SSE2, whose mnemonics string instructions share.</summary>
    public static bool SelectShared(in Instruction instruction, BlockBuilder builder) =>
        instruction.Mnemonic == Mnemonic.Movsd
            ? Moves.SelectScalar<ulong>(in instruction, builder)
            : FloatComparison.SelectCompareScalarDouble(in instruction, builder);
}
