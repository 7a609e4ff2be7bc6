using Iced.Intel;
using Quire.Hardware.Cpu.Instructions;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>FCOM, FUCOM and FICOM with their pops, FCOMI and FUCOMI, FTST, FXAM.</summary>
internal static unsafe class X87Comparison
{
    private const int Conditions = X87StatusWord.C3 | X87StatusWord.C2 | X87StatusWord.C0;

    public static void Register(Registry registry)
    {
        AddPlain(registry, Mnemonic.Fcom, QuietNaNs.Invalid, pops: 0);
        AddPlain(registry, Mnemonic.Fcomp, QuietNaNs.Invalid, pops: 1);
        AddPlain(registry, Mnemonic.Fcompp, QuietNaNs.Invalid, pops: 2);
        AddPlain(registry, Mnemonic.Fucom, QuietNaNs.Unordered, pops: 0);
        AddPlain(registry, Mnemonic.Fucomp, QuietNaNs.Unordered, pops: 1);
        AddPlain(registry, Mnemonic.Fucompp, QuietNaNs.Unordered, pops: 2);
        AddToFlags(registry, Mnemonic.Fcomi, QuietNaNs.Invalid, pops: 0);
        AddToFlags(registry, Mnemonic.Fcomip, QuietNaNs.Invalid, pops: 1);
        AddToFlags(registry, Mnemonic.Fucomi, QuietNaNs.Unordered, pops: 0);
        AddToFlags(registry, Mnemonic.Fucomip, QuietNaNs.Unordered, pops: 1);
        AddInteger(registry, Mnemonic.Ficom, pops: 0);
        AddInteger(registry, Mnemonic.Ficomp, pops: 1);
        registry.Add(Mnemonic.Ftst, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.Emit<Test>(b);
            return true;
        });
        registry.Add(Mnemonic.Fxam, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.Emit<Examine>(b);
            return true;
        });
    }

    private static void AddPlain(Registry registry, Mnemonic mnemonic, QuietNaNs quiet, byte pops) =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            if (i.Op0Kind == OpKind.Memory)
            {
                Prepare(ref i.MemorySize.GetSize() == 4 ? ref X87Forms.EmitLoad<WithMemory<Single>>(in i, b) : ref X87Forms.EmitLoad<WithMemory<Double>>(in i, b), quiet, pops);
                return true;
            }

            ref var op = ref X87Forms.Emit<WithRegister>(b);
            op.Source = (byte)(i.OpCount > 1 ? i.Op1Register - Iced.Intel.Register.ST0 : 1);
            Prepare(ref op, quiet, pops);
            return true;
        });

    private static void AddToFlags(Registry registry, Mnemonic mnemonic, QuietNaNs quiet, byte pops) =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            ref var op = ref X87Forms.Emit<ToFlags>(b);
            op.Source = (byte)(i.Op1Register - Iced.Intel.Register.ST0);
            Prepare(ref op, quiet, pops);
            return true;
        });

    private static void AddInteger(Registry registry, Mnemonic mnemonic, byte pops) =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            Prepare(
                ref i.MemorySize.GetSize() == 2 ? ref X87Forms.EmitLoad<WithMemory<Integer16>>(in i, b) : ref X87Forms.EmitLoad<WithMemory<Integer32>>(in i, b),
                QuietNaNs.Invalid,
                pops);
            return true;
        });

    private static void Prepare(ref Op op, QuietNaNs quiet, byte pops)
    {
        op.Immediate = (int)quiet;
        op.Extra = pops;
    }

    private readonly struct WithRegister : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            var completes = TryCompare(s, op, out var order);
            X87Stack.SetConditions(s, (int)order, Conditions);
            Pop(s, op, completes);
        }
    }

    private readonly struct WithMemory<TFormat> : IX87Load
        where TFormat : struct, IMemoryFormat
    {
        public static int Size => TFormat.Size;

        public static void Execute(CpuState* s, Op* op, byte* operand)
        {
            var order = ExtendedOrder.Unordered;
            bool completes;
            if (X87Stack.IsEmpty(s, 0))
            {
                completes = X87Stack.Underflow(s);
            }
            else
            {
                var right = TFormat.Widen(operand, out var isDenormal);
                var rounding = X87Rounding.From(s->Registers.X87Control);
                order = ExtendedComparison.Compare(X87Stack.Get(s, 0), right, (QuietNaNs)op->Immediate, ref rounding);
                if (isDenormal && order != ExtendedOrder.Unordered)
                {
                    rounding.Raise(X87Exceptions.Denormal);
                }

                completes = X87Stack.Finish(s, ref rounding);
            }

            X87Stack.SetConditions(s, (int)order, Conditions);
            Pop(s, op, completes);
        }
    }

    /// <summary>ZF, PF and CF take the places of C3, C2 and C0; the other arithmetic flags are cleared (SDM vol. 2, FCOMI).</summary>
    private readonly struct ToFlags : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            var completes = TryCompare(s, op, out var order);
            s->Registers.Arithmetic = LazyFlags.FromFlags(order switch
            {
                ExtendedOrder.Greater => 0,
                ExtendedOrder.Less => RFlags.Carry,
                ExtendedOrder.Equal => RFlags.Zero,
                _ => RFlags.Zero | RFlags.Parity | RFlags.Carry,
            });
            Pop(s, op, completes);
        }
    }

    private readonly struct Test : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            var order = ExtendedOrder.Unordered;
            if (X87Stack.IsEmpty(s, 0))
            {
                X87Stack.Underflow(s);
            }
            else
            {
                var rounding = X87Rounding.From(s->Registers.X87Control);
                order = ExtendedComparison.Compare(X87Stack.Get(s, 0), Extended.Zero(negative: false), QuietNaNs.Invalid, ref rounding);
                X87Stack.Finish(s, ref rounding);
            }

            X87Stack.SetConditions(s, (int)order, Conditions);
        }
    }

    private readonly struct Examine : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op) =>
            X87Stack.SetConditions(s, ExtendedComparison.Examine(X87Stack.Get(s, 0), X87Stack.IsEmpty(s, 0)), Conditions | X87StatusWord.C1);
    }

    // False after an unmasked exception, which keeps the operands on the stack.
    private static bool TryCompare(CpuState* s, Op* op, out ExtendedOrder order)
    {
        order = ExtendedOrder.Unordered;
        if (X87Stack.IsEmpty(s, 0) || X87Stack.IsEmpty(s, op->Source))
        {
            return X87Stack.Underflow(s);
        }

        var rounding = X87Rounding.From(s->Registers.X87Control);
        order = ExtendedComparison.Compare(X87Stack.Get(s, 0), X87Stack.Get(s, op->Source), (QuietNaNs)op->Immediate, ref rounding);
        return X87Stack.Finish(s, ref rounding);
    }

    private static void Pop(CpuState* s, Op* op, bool completes)
    {
        for (var i = 0; completes && i < op->Extra; i++)
        {
            X87Stack.Pop(s);
        }
    }
}
