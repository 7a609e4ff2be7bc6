using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>SSE to SSE4.2: chooses handlers for instructions on XMM registers.</summary>
internal static class SseSelector
{
    public static void Register(Registry registry)
    {
    }

    /// <summary>MOVSD and CMPSD of SSE2, whose mnemonics string instructions share.</summary>
    public static bool SelectShared(in Instruction instruction, BlockBuilder builder) => false;
}
