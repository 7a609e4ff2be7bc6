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

    /// <summary>The instruction can raise a floating-point exception, although it has no memory operand.</summary>
    public static bool Raises(Mnemonic mnemonic) => Instructions.Raises[(int)mnemonic];

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
        FarReturns.Register(registry);
        StringInstructions.Register(registry);
        SystemInstructions.Register(registry);
        Sse.SseSelector.Register(registry);
        X87.X87Selector.Register(registry.Raising());
        Mmx.MmxSelector.Register(registry);
        return registry;
    }

    internal sealed class Registry
    {
        private static readonly int Count = Enum.GetValues<Mnemonic>().Length;

        private readonly bool _marksRaising;

        public Registry()
        {
            Selectors = new SelectInstruction?[Count];
            EndsBlock = new bool[Count];
            Raises = new bool[Count];
        }

        private Registry(Registry shared)
        {
            Selectors = shared.Selectors;
            EndsBlock = shared.EndsBlock;
            Raises = shared.Raises;
            _marksRaising = true;
        }

        public SelectInstruction?[] Selectors { get; }

        public bool[] EndsBlock { get; }

        public bool[] Raises { get; }

        /// <summary>The same registry, for families whose instructions can raise floating-point exceptions.</summary>
        public Registry Raising() => new(this);

        public void Add(Mnemonic mnemonic, SelectInstruction selector)
        {
            Selectors[(int)mnemonic] = selector;
            Raises[(int)mnemonic] |= _marksRaising;
        }

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
