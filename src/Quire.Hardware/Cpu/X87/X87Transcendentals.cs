using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>F2XM1, FYL2X, FYL2XP1, FPATAN, FSIN, FCOS, FSINCOS, FPTAN: special operands here, the numbers in <see cref="Transcendentals"/>.</summary>
internal static unsafe class X87Transcendentals
{
    /// <summary>Angles from here on are not reduced: C2 tells the program to do it (SDM vol. 1, 8.3.8).</summary>
    private const int LargestAngleExponent = Extended.Bias + 63;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.F2xm1, Select<OfTop>);
        registry.Add(Mnemonic.Fyl2x, Select<OfTwo<Logarithm>>);
        registry.Add(Mnemonic.Fyl2xp1, Select<OfTwo<LogarithmOfOnePlus>>);
        registry.Add(Mnemonic.Fpatan, Select<OfTwo<ArcTangent>>);
        registry.Add(Mnemonic.Fsin, Select<OfAngle<Sine>>);
        registry.Add(Mnemonic.Fcos, Select<OfAngle<Cosine>>);
        registry.Add(Mnemonic.Fsincos, Select<PairOfAngle<SineAndCosine>>);
        registry.Add(Mnemonic.Fptan, Select<PairOfAngle<TangentAndOne>>);
    }

    private static bool Select<TOperation>(in Instruction i, BlockBuilder b)
        where TOperation : struct, IX87Operation
    {
        X87Forms.Emit<TOperation>(b);
        return true;
    }

    /// <summary>F2XM1. Arguments beyond 1 have no defined result; they stay as they are.</summary>
    private readonly struct OfTop : IX87Operation
    {
        public static void Execute(CpuState* s, Op* op)
        {
            if (X87Functions.IsShort(s, 1))
            {
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            var result = PowerOfTwoLessOne(X87Stack.Get(s, 0), ref rounding);
            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, result);
            }
        }
    }

    private static Extended PowerOfTwoLessOne(Extended value, ref X87Rounding rounding)
    {
        if (ExtendedArithmetic.NeedsCare(value, ref rounding, out var result))
        {
            return result;
        }

        ExtendedArithmetic.NoteDenormal(value, ref rounding);
        if (value.IsZero)
        {
            return value;
        }

        if (value.Exponent >= Extended.Bias)
        {
            return OfOneAndBeyond(value, ref rounding);
        }

        return Transcendentals.PowerOfTwoLessOne(WideFloat.From(value)).Round(ref rounding);
    }

    private static Extended OfOneAndBeyond(Extended value, ref X87Rounding rounding)
    {
        if (value.IsInfinity)
        {
            return value.IsNegative ? Extended.One.Negated : value;
        }

        rounding.Raise(X87Exceptions.Precision);
        return value == Extended.One.Negated ? Extended.Pack(negative: true, Extended.Bias - 1, Extended.IntegerBit) : value;
    }

    private interface IOfTwo
    {
        /// <summary>The function of ST(1), here y, and ST(0), here x.</summary>
        static abstract Extended Of(Extended y, Extended x, ref X87Rounding rounding);
    }

    /// <summary>Replaces ST(1) and pops.</summary>
    private readonly struct OfTwo<TFunction> : IX87Operation
        where TFunction : struct, IOfTwo
    {
        public static void Execute(CpuState* s, Op* op)
        {
            var result = Extended.Indefinite;
            if (X87Stack.IsEmpty(s, 0) || X87Stack.IsEmpty(s, 1))
            {
                if (!X87Stack.Underflow(s))
                {
                    return;
                }
            }
            else
            {
                var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
                result = TFunction.Of(X87Stack.Get(s, 1), X87Stack.Get(s, 0), ref rounding);
                if (!X87Stack.Finish(s, ref rounding))
                {
                    return;
                }
            }

            X87Stack.Set(s, 1, result);
            X87Stack.Pop(s);
        }
    }

    /// <summary>y log2 x (SDM vol. 2, FYL2X, results table).</summary>
    private readonly struct Logarithm : IOfTwo
    {
        public static Extended Of(Extended y, Extended x, ref X87Rounding rounding)
        {
            if (ExtendedArithmetic.NeedsCare(y, x, ref rounding, out var result))
            {
                return result;
            }

            if (x.IsNegative && !x.IsZero)
            {
                return rounding.Invalid();
            }

            if (x.IsZero)
            {
                return OfZero(y, ref rounding);
            }

            var isOne = x == Extended.One;
            if ((x.IsInfinity && y.IsZero) || (isOne && y.IsInfinity))
            {
                return rounding.Invalid();
            }

            ExtendedArithmetic.NoteDenormals(y, x, ref rounding);
            var isBelowOne = x.Exponent < Extended.Bias;
            if (x.IsInfinity || y.IsInfinity)
            {
                return Extended.Infinity(y.IsNegative != isBelowOne);
            }

            if (isOne || y.IsZero)
            {
                return Extended.Zero(y.IsNegative != isBelowOne);
            }

            var product = WideFloat.From(y) * Transcendentals.Log2(WideFloat.From(x));
            if (!IsPowerOfTwo(x))
            {
                return product.Round(ref rounding);
            }

            // A whole number times y, which may be exact; PE is set all the same.
            rounding.Raise(X87Exceptions.Precision);
            return rounding.Round(product.IsNegative, product.Exponent + Extended.Bias, product.Significand);
        }

        private static bool IsPowerOfTwo(Extended value) => (value.Significand & (value.Significand - 1)) == 0;

        private static Extended OfZero(Extended y, ref X87Rounding rounding)
        {
            if (y.IsZero)
            {
                return rounding.Invalid();
            }

            if (!y.IsInfinity)
            {
                rounding.Raise(X87Exceptions.ZeroDivide);
            }

            return Extended.Infinity(!y.IsNegative);
        }
    }

    /// <summary>y log2(x + 1). Arguments whose 1 + x leaves the table's range have no defined result.</summary>
    private readonly struct LogarithmOfOnePlus : IOfTwo
    {
        public static Extended Of(Extended y, Extended x, ref X87Rounding rounding)
        {
            if (ExtendedArithmetic.NeedsCare(y, x, ref rounding, out var result))
            {
                return result;
            }

            if ((x.IsInfinity && (y.IsZero || x.IsNegative)) || (y.IsInfinity && x.IsZero))
            {
                return rounding.Invalid();
            }

            ExtendedArithmetic.NoteDenormals(y, x, ref rounding);
            if (x.IsInfinity || y.IsInfinity)
            {
                return Extended.Infinity(y.IsNegative != x.IsNegative);
            }

            if (x.IsZero || y.IsZero)
            {
                return Extended.Zero(y.IsNegative != x.IsNegative);
            }

            var wide = WideFloat.From(x);
            if (wide.IsNegative && wide.Exponent >= 0)
            {
                rounding.Raise(X87Exceptions.Precision);
                return x;
            }

            return (WideFloat.From(y) * Transcendentals.Log2OfOnePlus(wide)).Round(ref rounding);
        }
    }

    /// <summary>The angle of (x, y) between -pi and pi (SDM vol. 2, FPATAN, results table).</summary>
    private readonly struct ArcTangent : IOfTwo
    {
        public static Extended Of(Extended y, Extended x, ref X87Rounding rounding)
        {
            if (ExtendedArithmetic.NeedsCare(y, x, ref rounding, out var result))
            {
                return result;
            }

            ExtendedArithmetic.NoteDenormals(y, x, ref rounding);
            if (y.IsZero && !x.IsNegative)
            {
                return y;
            }

            WideFloat angle;
            if (y.IsInfinity || x.IsInfinity)
            {
                angle = !y.IsInfinity ? default : x.IsInfinity ? WideFloat.HalfPi.Scaled(-1) : WideFloat.HalfPi;
                if (!x.IsNegative && !y.IsInfinity)
                {
                    return Extended.Zero(y.IsNegative);
                }
            }
            else
            {
                angle = Transcendentals.ArcTangent(WideFloat.From(y.Absolute), WideFloat.From(x.Absolute));
            }

            if (x.IsNegative)
            {
                angle = WideFloat.HalfPi.Scaled(1) - angle;
            }

            return (angle with { IsNegative = y.IsNegative }).Round(ref rounding);
        }
    }

    private interface IOfAngle
    {
        static abstract WideFloat Of(WideFloat angle, ulong quarterTurns);

        static abstract Extended OfZero(Extended zero);
    }

    private readonly struct Sine : IOfAngle
    {
        public static WideFloat Of(WideFloat angle, ulong quarterTurns)
        {
            var (sine, cosine) = Transcendentals.SineAndCosine(angle);
            var value = (quarterTurns & 1) == 0 ? sine : cosine;
            return (quarterTurns & 2) == 0 ? value : value.Negated;
        }

        public static Extended OfZero(Extended zero) => zero;
    }

    private readonly struct Cosine : IOfAngle
    {
        public static WideFloat Of(WideFloat angle, ulong quarterTurns) => Sine.Of(angle, quarterTurns + 1);

        public static Extended OfZero(Extended zero) => Extended.One;
    }

    private static Extended Of<TFunction>(Extended angle, ref X87Rounding rounding)
        where TFunction : struct, IOfAngle
    {
        if (angle.IsZero)
        {
            return TFunction.OfZero(angle);
        }

        var reduced = Transcendentals.Reduce(angle.Absolute, out var quarterTurns);
        if (angle.IsNegative)
        {
            reduced = reduced.Negated;
            quarterTurns = 0 - quarterTurns;
        }

        return TFunction.Of(reduced, quarterTurns).Round(ref rounding);
    }

    // Angles that are no numbers, and those that are too large, which C2 tells.
    private static bool IsSpecial(Extended angle, ref X87Rounding rounding, out Extended result)
    {
        if (ExtendedArithmetic.NeedsCare(angle, ref rounding, out result))
        {
            return true;
        }

        if (angle.IsInfinity)
        {
            result = rounding.Invalid();
            return true;
        }

        ExtendedArithmetic.NoteDenormal(angle, ref rounding);
        return false;
    }

    private readonly struct OfAngle<TFunction> : IX87Operation
        where TFunction : struct, IOfAngle
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.SetConditions(s, 0, X87StatusWord.C2);
            if (X87Functions.IsShort(s, 1))
            {
                return;
            }

            var angle = X87Stack.Get(s, 0);
            if (IsTooLarge(s, angle))
            {
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            if (!IsSpecial(angle, ref rounding, out var result))
            {
                result = Of<TFunction>(angle, ref rounding);
            }

            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, result);
            }
        }
    }

    private static bool IsTooLarge(CpuState* s, Extended angle)
    {
        if (angle.Kind != ExtendedKind.Normal || angle.Exponent < LargestAngleExponent)
        {
            return false;
        }

        X87Stack.SetConditions(s, X87StatusWord.C2, X87StatusWord.C2 | X87StatusWord.C1);
        return true;
    }

    private interface IPair
    {
        /// <summary>What replaces the angle, and what is pushed on it.</summary>
        static abstract (Extended Kept, Extended Pushed) Of(Extended angle, ref X87Rounding rounding);

        static abstract Extended PushedWith(Extended special);
    }

    private readonly struct SineAndCosine : IPair
    {
        public static (Extended Kept, Extended Pushed) Of(Extended angle, ref X87Rounding rounding)
        {
            var sine = Of<Sine>(angle, ref rounding);
            return (sine, Of<Cosine>(angle, ref rounding));
        }

        public static Extended PushedWith(Extended special) => special;
    }

    private readonly struct TangentAndOne : IPair
    {
        public static (Extended Kept, Extended Pushed) Of(Extended angle, ref X87Rounding rounding) => (Of<Tangent>(angle, ref rounding), Extended.One);

        public static Extended PushedWith(Extended special) => special;
    }

    private readonly struct Tangent : IOfAngle
    {
        public static WideFloat Of(WideFloat angle, ulong quarterTurns)
        {
            var (sine, cosine) = Transcendentals.SineAndCosine(angle);
            return (quarterTurns & 1) == 0 ? sine / cosine : (cosine / sine).Negated;
        }

        public static Extended OfZero(Extended zero) => zero;
    }

    private readonly struct PairOfAngle<TPair> : IX87Operation
        where TPair : struct, IPair
    {
        public static void Execute(CpuState* s, Op* op)
        {
            X87Stack.SetConditions(s, 0, X87StatusWord.C2);
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

            var angle = X87Stack.Get(s, 0);
            if (IsTooLarge(s, angle))
            {
                return;
            }

            var rounding = X87Rounding.FullPrecision(s->Registers.X87Control);
            Extended pushed;
            if (IsSpecial(angle, ref rounding, out var kept))
            {
                pushed = TPair.PushedWith(kept);
            }
            else
            {
                (kept, pushed) = TPair.Of(angle, ref rounding);
            }

            if (X87Stack.Finish(s, ref rounding))
            {
                X87Stack.Set(s, 0, kept);
                X87Stack.Push(s, pushed);
            }
        }
    }
}
