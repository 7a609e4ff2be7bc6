using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>FLD, FST, FSTP, FILD, FIST, FISTP, FISTTP, FBLD, FBSTP, FXCH, FCMOVcc and the constants.</summary>
internal static unsafe class X87LoadStore
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Fld, SelectLoad);
        registry.Add(Mnemonic.Fild, (in Instruction i, BlockBuilder b) => i.MemorySize.GetSize() switch
        {
            2 => Emit<Load<Integer16>>(in i, b),
            4 => Emit<Load<Integer32>>(in i, b),
            _ => Emit<Load<Integer64>>(in i, b),
        });
        registry.Add(Mnemonic.Fbld, (in Instruction i, BlockBuilder b) => Emit<Load<PackedDecimal>>(in i, b));
        registry.Add(Mnemonic.Fst, SelectStore<KeepTop>);
        registry.Add(Mnemonic.Fstp, SelectStore<PopTop>);
        registry.Add(Mnemonic.Fist, SelectStoreInteger<AsControlled, KeepTop>);
        registry.Add(Mnemonic.Fistp, SelectStoreInteger<AsControlled, PopTop>);
        registry.Add(Mnemonic.Fisttp, SelectStoreInteger<Truncated, PopTop>);
        registry.Add(Mnemonic.Fbstp, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.EmitStore<StoreDecimal>(in i, b);
            return true;
        });
        registry.Add(Mnemonic.Fxch, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.Emit<Exchange>(b).Source = (byte)(i.Op1Register - Iced.Intel.Register.ST0);
            return true;
        });
        RegisterConstants(registry);
        RegisterConditional(registry);
    }

    private interface IAfterStore
    {
        static abstract bool Pops { get; }
    }

    private readonly struct KeepTop : IAfterStore
    {
        public static bool Pops => false;
    }

    private readonly struct PopTop : IAfterStore
    {
        public static bool Pops => true;
    }

    private interface IIntegerRounding
    {
        static abstract X87Rounding From(ushort control);
    }

    private readonly struct AsControlled : IIntegerRounding
    {
        public static X87Rounding From(ushort control) => X87Rounding.FullPrecision(control);
    }

    private readonly struct Truncated : IIntegerRounding
    {
        public static X87Rounding From(ushort control) => X87Rounding.Truncating(control);
    }

    private static bool Emit<TLoad>(in Instruction i, BlockBuilder b)
        where TLoad : struct, IX87Load
    {
        X87Forms.EmitLoad<TLoad>(in i, b);
        return true;
    }

    private static bool SelectLoad(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind == OpKind.Register)
        {
            X87Forms.Emit<LoadRegister>(b).Source = (byte)(i.Op0Register - Iced.Intel.Register.ST0);
            return true;
        }

        return i.MemorySize.GetSize() switch
        {
            4 => Emit<Load<Single>>(in i, b),
            8 => Emit<Load<Double>>(in i, b),
            _ => Emit<Load<Extended80>>(in i, b),
        };
    }

    private static bool SelectStore<TAfter>(in Instruction i, BlockBuilder b)
        where TAfter : struct, IAfterStore
    {
        if (i.Op0Kind == OpKind.Register)
        {
            X87Forms.Emit<StoreRegister<TAfter>>(b).Destination = (byte)(i.Op0Register - Iced.Intel.Register.ST0);
            return true;
        }

        switch (i.MemorySize.GetSize())
        {
            case 4:
                X87Forms.EmitStore<StoreSingle<TAfter>>(in i, b);
                return true;
            case 8:
                X87Forms.EmitStore<StoreDouble<TAfter>>(in i, b);
                return true;
            default:
                X87Forms.EmitStore<StoreExtended>(in i, b);
                return true;
        }
    }

    private static bool SelectStoreInteger<TRounding, TAfter>(in Instruction i, BlockBuilder b)
        where TRounding : struct, IIntegerRounding
        where TAfter : struct, IAfterStore
    {
        switch (i.MemorySize.GetSize())
        {
            case 2:
                X87Forms.EmitStore<StoreInteger<short, TRounding, TAfter>>(in i, b);
                return true;
            case 4:
                X87Forms.EmitStore<StoreInteger<int, TRounding, TAfter>>(in i, b);
                return true;
            default:
                X87Forms.EmitStore<StoreInteger<long, TRounding, TAfter>>(in i, b);
                return true;
        }
    }

    /// <summary>Pushes a value that was read without a fault.</summary>
    internal static void Push(CpuState* s, Extended value)
    {
        if (X87Stack.IsEmpty(s, 7))
        {
            X87Stack.SetConditions(s, 0, X87StatusWord.C1);
            X87Stack.Push(s, value);
        }
        else if (X87Stack.Overflow(s))
        {
            X87Stack.Push(s, Extended.Indefinite);
        }
    }

    private readonly struct Load<TFormat> : IX87Load
        where TFormat : struct, IMemoryFormat
    {
        public static int Size => TFormat.Size;

        public static void Execute(CpuState* s, Op* op, byte* operand)
        {
            if (!X87Stack.IsEmpty(s, 7))
            {
                Push(s, Extended.Indefinite);
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var value = TFormat.Widen(operand, out var isDenormal);
            if (isDenormal)
            {
                rounding.Raise(X87Exceptions.Denormal);
            }

            if (typeof(TFormat) != typeof(Extended80) && value.Kind == ExtendedKind.SignalingNaN)
            {
                rounding.Raise(X87Exceptions.Invalid);
                value = value.Quieted;
            }

            // Differs from the manual, as processors of AMD do: an unmasked denormal is loaded all the same, before the exception is taken.
            if (X87Stack.Finish(s, ref rounding) || !rounding.IsUnmasked(rounding.Raised & X87Exceptions.Invalid))
            {
                X87Stack.Push(s, value);
            }
        }
    }

    private readonly struct LoadRegister : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (X87Stack.IsEmpty(s, op->Source))
            {
                if (X87Stack.Underflow(s))
                {
                    X87Stack.Push(s, Extended.Indefinite);
                }

                return;
            }

            Push(s, X87Stack.Get(s, op->Source));
        }
    }

    private readonly struct StoreRegister<TAfter> : IX87Operation
        where TAfter : struct, IAfterStore
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (!TryTop(s, out var value))
            {
                return;
            }

            X87Stack.Set(s, op->Destination, value);
            Leave<TAfter>(s);
        }
    }

    // An empty top is the indefinite if its fault is masked; false if it is not.
    private static bool TryTop(CpuState* s, out Extended value)
    {
        value = Extended.Indefinite;
        if (X87Stack.IsEmpty(s, 0))
        {
            return X87Stack.Underflow(s);
        }

        X87Stack.SetConditions(s, 0, X87StatusWord.C1);
        value = X87Stack.Get(s, 0);
        return true;
    }

    private static void Leave<TAfter>(CpuState* s)
        where TAfter : struct, IAfterStore
    {
        if (TAfter.Pops)
        {
            X87Stack.Pop(s);
        }
    }

    private readonly struct StoreSingle<TAfter> : IX87Store
        where TAfter : struct, IAfterStore
    {
        public static int Size => 4;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            if (!TryTop(s, out var value))
            {
                return false;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var stores = ExtendedConversions.TryToSingle(value, ref rounding, out var bits);
            return FinishStore<TAfter>(s, ref rounding, stores) && Put(operand, bits);
        }
    }

    private readonly struct StoreDouble<TAfter> : IX87Store
        where TAfter : struct, IAfterStore
    {
        public static int Size => 8;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            if (!TryTop(s, out var value))
            {
                return false;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var stores = ExtendedConversions.TryToDouble(value, ref rounding, out var bits);
            return FinishStore<TAfter>(s, ref rounding, stores) && Put(operand, bits);
        }
    }

    private readonly struct StoreExtended : IX87Store
    {
        public static int Size => 10;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            if (!TryTop(s, out var value))
            {
                return false;
            }

            X87Stack.Pop(s);
            *(ulong*)operand = value.Significand;
            return Put(operand + 8, value.SignExponent);
        }
    }

    private readonly struct StoreInteger<T, TRounding, TAfter> : IX87Store
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
        where TRounding : struct, IIntegerRounding
        where TAfter : struct, IAfterStore
    {
        public static int Size => sizeof(T);

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            if (X87Stack.IsEmpty(s, 0))
            {
                return EndUnderflow<TAfter>(s) && Put(operand, T.CreateTruncating(-1L << ((sizeof(T) * 8) - 1)));
            }

            var rounding = TRounding.From(s->Registers.X87Control);
            var integer = ExtendedConversions.ToInteger(X87Stack.Get(s, 0), sizeof(T) * 8, ref rounding);
            return FinishStore<TAfter>(s, ref rounding, stores: true) && Put(operand, T.CreateTruncating(integer));
        }
    }

    private readonly struct StoreDecimal : IX87Store
    {
        public static int Size => 10;

        public static bool Execute(CpuState* s, Op* op, byte* operand)
        {
            if (!TryTop(s, out var value))
            {
                return false;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var (low, high) = ExtendedConversions.ToDecimal(value, ref rounding);
            if (!FinishStore<PopTop>(s, ref rounding, stores: true))
            {
                return false;
            }

            *(ulong*)operand = low;
            return Put(operand + 8, high);
        }
    }

    private static bool Put<T>(byte* operand, T value)
        where T : unmanaged
    {
        *(T*)operand = value;
        return true;
    }

    private static bool EndUnderflow<TAfter>(CpuState* s)
        where TAfter : struct, IAfterStore
    {
        if (!X87Stack.Underflow(s))
        {
            return false;
        }

        Leave<TAfter>(s);
        return true;
    }

    // Keeps SF and C1 of an underflow that TryTop has recorded: the indefinite itself raises nothing.
    private static bool FinishStore<TAfter>(CpuState* s, ref X87Rounding rounding, bool stores)
        where TAfter : struct, IAfterStore
    {
        if (!X87Stack.Finish(s, ref rounding) || !stores)
        {
            return false;
        }

        Leave<TAfter>(s);
        return true;
    }

    // Empty registers become the indefinite first.
    private readonly struct Exchange : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (X87Stack.IsEmpty(s, 0) || X87Stack.IsEmpty(s, op->Source))
            {
                if (!X87Stack.Underflow(s))
                {
                    return;
                }

                FillIfEmpty(s, 0);
                FillIfEmpty(s, op->Source);
            }
            else
            {
                X87Stack.SetConditions(s, 0, X87StatusWord.C1);
            }

            var top = X87Stack.Get(s, 0);
            X87Stack.Set(s, 0, X87Stack.Get(s, op->Source));
            X87Stack.Set(s, op->Source, top);
        }

        private static void FillIfEmpty(CpuState* s, int index)
        {
            if (X87Stack.IsEmpty(s, index))
            {
                X87Stack.Set(s, index, Extended.Indefinite);
            }
        }
    }

    private static void RegisterConstants(Registry registry)
    {
        registry.Add(Mnemonic.Fld1, (in Instruction i, BlockBuilder b) => EmitConstant<One>(b));
        registry.Add(Mnemonic.Fldz, (in Instruction i, BlockBuilder b) => EmitConstant<Zero>(b));
        registry.Add(Mnemonic.Fldpi, (in Instruction i, BlockBuilder b) => EmitConstant<Pi>(b));
        registry.Add(Mnemonic.Fldl2e, (in Instruction i, BlockBuilder b) => EmitConstant<Log2OfE>(b));
        registry.Add(Mnemonic.Fldl2t, (in Instruction i, BlockBuilder b) => EmitConstant<Log2OfTen>(b));
        registry.Add(Mnemonic.Fldlg2, (in Instruction i, BlockBuilder b) => EmitConstant<Log10OfTwo>(b));
        registry.Add(Mnemonic.Fldln2, (in Instruction i, BlockBuilder b) => EmitConstant<LogOfTwo>(b));
    }

    private static bool EmitConstant<TConstant>(BlockBuilder b)
        where TConstant : struct, IX87Constant
    {
        X87Forms.Emit<LoadConstant<TConstant>>(b);
        return true;
    }

    private readonly struct LoadConstant<TConstant> : IX87Operation
        where TConstant : struct, IX87Constant
    {
        public static void Execute(CpuState* s, Op* op) => Push(s, TConstant.Rounded((X87RoundingMode)((s->Registers.X87Control >> 10) & 3)));
    }

    private static void RegisterConditional(Registry registry)
    {
        AddConditional<Below>(registry, Mnemonic.Fcmovb);
        AddConditional<Equal>(registry, Mnemonic.Fcmove);
        AddConditional<BelowOrEqual>(registry, Mnemonic.Fcmovbe);
        AddConditional<ParityEven>(registry, Mnemonic.Fcmovu);
        AddConditional<AboveOrEqual>(registry, Mnemonic.Fcmovnb);
        AddConditional<NotEqual>(registry, Mnemonic.Fcmovne);
        AddConditional<Above>(registry, Mnemonic.Fcmovnbe);
        AddConditional<ParityOdd>(registry, Mnemonic.Fcmovnu);
    }

    private static void AddConditional<TCondition>(Registry registry, Mnemonic mnemonic)
        where TCondition : struct, ICondition =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            X87Forms.Emit<MoveIf<TCondition>>(b).Source = (byte)(i.Op1Register - Iced.Intel.Register.ST0);
            return true;
        });

    private readonly struct MoveIf<TCondition> : IX87Operation
        where TCondition : struct, ICondition
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (X87Stack.IsEmpty(s, 0) || X87Stack.IsEmpty(s, op->Source))
            {
                if (X87Stack.Underflow(s))
                {
                    X87Stack.Set(s, 0, Extended.Indefinite);
                }

                return;
            }

            if (TCondition.Of(in s->Registers.Arithmetic))
            {
                X87Stack.Set(s, 0, X87Stack.Get(s, op->Source));
            }
        }
    }
}
