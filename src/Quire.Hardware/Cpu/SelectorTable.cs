using Iced.Intel;
using Quire.Hardware.Cpu.Instructions;

namespace Quire.Hardware.Cpu;

/// <summary>Emits the ops of one instruction; false if this form of it does not exist here (#UD).</summary>
internal delegate bool SelectInstruction(in Instruction instruction, BlockBuilder builder);

/// <summary>The one registry of instructions: mnemonic to selector. A family of instructions is one file and one line here.</summary>
internal static class SelectorTable
{
    private static readonly Registry Instructions = Fill(new Registry());

    public static SelectInstruction? Find(Mnemonic mnemonic) => Instructions.Selectors[(int)mnemonic];

    /// <summary>No instruction is decoded behind this one: it ends its block although it does not jump.</summary>
    public static bool EndsBlock(Mnemonic mnemonic) => Instructions.EndsBlock[(int)mnemonic];

    private static Registry Fill(Registry registry)
    {
        DataMovement.Register(registry);
        BinaryArithmetic.Register(registry);
        UnaryArithmetic.Register(registry);
        Shifts.Register(registry);
        MultiplyDivide.Register(registry);
        BitInstructions.Register(registry);
        Exchange.Register(registry);
        ControlFlow.Register(registry);
        StackInstructions.Register(registry);
        StringInstructions.Register(registry);
        SystemInstructions.Register(registry);
        Sse.SseSelector.Register(registry);
        X87.X87Selector.Register(registry);
        return registry;
    }

    internal sealed class Registry
    {
        private static readonly int Count = Enum.GetValues<Mnemonic>().Length;

        public SelectInstruction?[] Selectors { get; } = new SelectInstruction?[Count];

        public bool[] EndsBlock { get; } = new bool[Count];

        public void Add(Mnemonic mnemonic, SelectInstruction selector) => Selectors[(int)mnemonic] = selector;

        /// <summary>Adds operand forms to a mnemonic that another family has, too: they are tried where its selector declines.</summary>
        public void AddForms(Mnemonic mnemonic, SelectInstruction selector)
        {
            var earlier = Selectors[(int)mnemonic];
            Selectors[(int)mnemonic] = earlier is null ? selector : (in Instruction i, BlockBuilder b) => earlier(in i, b) || selector(in i, b);
        }

        public void AddBlockEnd(Mnemonic mnemonic, SelectInstruction selector)
        {
            Add(mnemonic, selector);
            EndsBlock[(int)mnemonic] = true;
        }
    }
}
