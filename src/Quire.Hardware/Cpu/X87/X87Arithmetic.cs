using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>FADD, FMUL, FSUB, FSUBR, FDIV, FDIVR between registers, with pops, and with single, double and integer memory operands.</summary>
internal static unsafe class X87Arithmetic
{
    public static void Register(Registry registry)
    {
        Add<Sum>(registry, Mnemonic.Fadd, Mnemonic.Faddp, Mnemonic.Fiadd);
        Add<Product>(registry, Mnemonic.Fmul, Mnemonic.Fmulp, Mnemonic.Fimul);
        Add<Difference>(registry, Mnemonic.Fsub, Mnemonic.Fsubp, Mnemonic.Fisub);
        Add<ReverseDifference>(registry, Mnemonic.Fsubr, Mnemonic.Fsubrp, Mnemonic.Fisubr);
        Add<Quotient>(registry, Mnemonic.Fdiv, Mnemonic.Fdivp, Mnemonic.Fidiv);
        Add<ReverseQuotient>(registry, Mnemonic.Fdivr, Mnemonic.Fdivrp, Mnemonic.Fidivr);
    }

    private interface IBinary
    {
        static abstract Extended Of(Extended destination, Extended source, ref X87Rounding rounding);
    }

    private static void Add<TBinary>(Registry registry, Mnemonic plain, Mnemonic popping, Mnemonic integer)
        where TBinary : struct, IBinary
    {
        registry.Add(plain, Select<TBinary>);
        registry.Add(popping, Select<TBinary>);
        registry.Add(integer, (in Instruction i, BlockBuilder b) =>
        {
            if (i.MemorySize.GetSize() == 2)
            {
                X87Forms.EmitLoad<FromMemory<TBinary, Integer16>>(in i, b);
            }
            else
            {
                X87Forms.EmitLoad<FromMemory<TBinary, Integer32>>(in i, b);
            }

            return true;
        });
    }

    private static bool Select<TBinary>(in Instruction i, BlockBuilder b)
        where TBinary : struct, IBinary
    {
        if (i.Op0Kind == OpKind.Register)
        {
            ref var op = ref X87Forms.Emit<BetweenRegisters<TBinary>>(b);
            op.Destination = (byte)(i.Op0Register - Iced.Intel.Register.ST0);
            op.Source = (byte)(i.Op1Register - Iced.Intel.Register.ST0);
            op.Extra = (byte)(i.Mnemonic is Mnemonic.Faddp or Mnemonic.Fmulp or Mnemonic.Fsubp or Mnemonic.Fsubrp or Mnemonic.Fdivp or Mnemonic.Fdivrp ? 1 : 0);
        }
        else if (i.MemorySize.GetSize() == 4)
        {
            X87Forms.EmitLoad<FromMemory<TBinary, Single>>(in i, b);
        }
        else
        {
            X87Forms.EmitLoad<FromMemory<TBinary, Double>>(in i, b);
        }

        return true;
    }

    private readonly struct BetweenRegisters<TBinary> : IX87Operation
        where TBinary : struct, IBinary
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (!TryStore(s, op))
            {
                return;
            }

            if (op->Extra != 0)
            {
                X87Stack.Pop(s);
            }
        }

        private static bool TryStore(CpuState* s, Op* op)
        {
            if (X87Stack.IsEmpty(s, op->Destination) || X87Stack.IsEmpty(s, op->Source))
            {
                if (!X87Stack.Underflow(s))
                {
                    return false;
                }

                X87Stack.Set(s, op->Destination, Extended.Indefinite);
                return true;
            }

            var rounding = X87Rounding.From(s->Registers.X87Control);
            var result = TBinary.Of(X87Stack.Get(s, op->Destination), X87Stack.Get(s, op->Source), ref rounding);
            if (!X87Stack.Finish(s, ref rounding))
            {
                return false;
            }

            X87Stack.Set(s, op->Destination, result);
            return true;
        }
    }

    private readonly struct FromMemory<TBinary, TFormat> : IX87Load
        where TBinary : struct, IBinary
        where TFormat : struct, IMemoryFormat
    {
        public static int Size => TFormat.Size;

        public static void Execute(CpuState* s, Op* op, byte* operand)
        {
            if (X87Stack.IsEmpty(s, 0))
            {
                if (X87Stack.Underflow(s))
                {
                    X87Stack.Set(s, 0, Extended.Indefinite);
                }

                return;
            }

            var rounding = X87Rounding.From(s->Registers.X87Control);
            var left = X87Stack.Get(s, 0);
            var right = TFormat.Widen(operand, out var isDenormal);
            var result = TBinary.Of(left, right, ref rounding);
            if (isDenormal && !left.IsNaN && (rounding.Raised & (X87Exceptions.Invalid | X87Exceptions.ZeroDivide)) == 0)
            {
                rounding.Raise(X87Exceptions.Denormal);
            }

            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, result);
            }
        }
    }

    private readonly struct Sum : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Add(destination, source, ref rounding);
    }

    private readonly struct Product : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Multiply(destination, source, ref rounding);
    }

    private readonly struct Difference : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Subtract(destination, source, ref rounding);
    }

    private readonly struct ReverseDifference : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Subtract(source, destination, ref rounding);
    }

    private readonly struct Quotient : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Divide(destination, source, ref rounding);
    }

    private readonly struct ReverseQuotient : IBinary
    {
        public static Extended Of(Extended destination, Extended source, ref X87Rounding rounding) => ExtendedArithmetic.Divide(source, destination, ref rounding);
    }
}
