using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>Functions of the top of the stack: FABS, FCHS, FSQRT, FRNDINT, FSCALE, FXTRACT, FPREM, FPREM1.</summary>
internal static unsafe class X87Functions
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Fabs, Select<OfTop<Absolute>>);
        registry.Add(Mnemonic.Fchs, Select<OfTop<Negated>>);
        registry.Add(Mnemonic.Fsqrt, Select<OfTop<SquareRoot>>);
        registry.Add(Mnemonic.Frndint, Select<OfTop<Integral>>);
        registry.Add(Mnemonic.Fscale, Select<Scale>);
        registry.Add(Mnemonic.Fxtract, Select<Extract>);
        registry.Add(Mnemonic.Fprem, (in Instruction i, BlockBuilder b) => SelectRemainder(b, QuotientRounding.TowardZero));
        registry.Add(Mnemonic.Fprem1, (in Instruction i, BlockBuilder b) => SelectRemainder(b, QuotientRounding.Nearest));
    }

    private static bool Select<TOperation>(in Instruction i, BlockBuilder b)
        where TOperation : struct, IX87Operation
    {
        X87Forms.Emit<TOperation>(b);
        return true;
    }

    private static bool SelectRemainder(BlockBuilder b, QuotientRounding toward)
    {
        X87Forms.Emit<Remainder>(b).Immediate = (int)toward;
        return true;
    }

    /// <summary>An empty register among the first ones: the top becomes the indefinite if that is masked.</summary>
    internal static bool IsShort(CpuState* s, int registers)
    {
        if (!X87Stack.IsEmpty(s, 0) && (registers < 2 || !X87Stack.IsEmpty(s, 1)))
        {
            return false;
        }

        if (X87Stack.Underflow(s))
        {
            X87Stack.Set(s, 0, Extended.Indefinite);
        }

        return true;
    }

    private interface IFunction
    {
        static abstract Extended Of(Extended value, ref X87Rounding rounding);
    }

    private readonly struct OfTop<TFunction> : IX87Operation
        where TFunction : struct, IFunction
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (IsShort(s, 1))
            {
                return;
            }

            var rounding = X87Rounding.From(s->Registers.X87Control);
            var result = TFunction.Of(X87Stack.Get(s, 0), ref rounding);
            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, result);
            }
        }
    }

    private readonly struct Absolute : IFunction
    {
        public static Extended Of(Extended value, ref X87Rounding rounding) => value.Absolute;
    }

    private readonly struct Negated : IFunction
    {
        public static Extended Of(Extended value, ref X87Rounding rounding) => value.Negated;
    }

    private readonly struct SquareRoot : IFunction
    {
        public static Extended Of(Extended value, ref X87Rounding rounding) => ExtendedArithmetic.SquareRoot(value, ref rounding);
    }

    private readonly struct Integral : IFunction
    {
        public static Extended Of(Extended value, ref X87Rounding rounding) => ExtendedConversions.ToIntegral(value, ref rounding);
    }

    private readonly struct Scale : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (IsShort(s, 2))
            {
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var result = ExtendedRemainder.Scale(X87Stack.Get(s, 0), X87Stack.Get(s, 1), ref rounding);
            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, result);
            }
        }
    }

    private readonly struct Extract : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (X87Stack.IsEmpty(s, 0) || !X87Stack.IsEmpty(s, 7))
            {
                var continues = X87Stack.IsEmpty(s, 0) ? X87Stack.Underflow(s) : X87Stack.Overflow(s);
                if (continues)
                {
                    X87Stack.Set(s, 0, Extended.Indefinite);
                    X87Stack.Push(s, Extended.Indefinite);
                }

                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var exponent = ExtendedRemainder.Extract(X87Stack.Get(s, 0), ref rounding, out var significand);
            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, exponent);
                X87Stack.Push(s, significand);
            }
        }
    }

    /// <summary>C2: the reduction is not complete. Else C0, C3 and C1 are the quotient's bits 2, 1 and 0 (SDM vol. 2, FPREM).</summary>
    private readonly struct Remainder : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.SetConditions(s, 0, X87StatusWord.C2);
            if (IsShort(s, 2))
            {
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var result = ExtendedRemainder.Remainder(X87Stack.Get(s, 0), X87Stack.Get(s, 1), (QuotientRounding)op->Immediate, ref rounding, out var quotient, out var reduction);
            if (!X87Stack.Finish(s, ref rounding))
            {
                return;
            }

            X87Stack.Set(s, 0, result);
            if (reduction != Reduction.Impossible)
            {
                var conditions = reduction == Reduction.Partial ? X87StatusWord.C2 : ConditionsOf(quotient);
                X87Stack.SetConditions(s, conditions, X87StatusWord.C3 | X87StatusWord.C2 | X87StatusWord.C1 | X87StatusWord.C0);
            }
        }

        private static int ConditionsOf(ulong quotient) =>
            ((quotient & 4) != 0 ? X87StatusWord.C0 : 0) | ((quotient & 2) != 0 ? X87StatusWord.C3 : 0) | ((quotient & 1) != 0 ? X87StatusWord.C1 : 0);
    }
}
