using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>MUL, IMUL, DIV, IDIV. After multiplication CF = OF = the upper half matters; SF ZF PF follow the low half (undefined by the manual).</summary>
internal static unsafe class MultiplyDivide
{
    private const byte Rax = (int)GeneralRegister.Rax * 8;
    private const byte Rdx = (int)GeneralRegister.Rdx * 8;
    private const byte Ah = 1;

    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Mul, (in Instruction i, BlockBuilder b) => SelectImplicit<Unsigned>(in i, b));
        registry.Add(Mnemonic.Imul, SelectSigned);
        registry.Add(Mnemonic.Div, (in Instruction i, BlockBuilder b) => SelectDivide<UnsignedDivision>(in i, b));
        registry.Add(Mnemonic.Idiv, (in Instruction i, BlockBuilder b) => SelectDivide<SignedDivision>(in i, b));
    }

    private static bool SelectSigned(in Instruction i, BlockBuilder b)
    {
        if (i.OpCount == 1)
        {
            return SelectImplicit<Signed>(in i, b);
        }

        var width = i.Op0Register.GetSize();
        var hasImmediate = i.OpCount == 3;
        if (i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(hasImmediate ? TruncatedImmediate.Of(width) : TruncatedRegister.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
            op.Immediate = hasImmediate ? (int)i.GetImmediate(2) : 0;
        }
        else
        {
            var memory = b.Memory(in i);
            ref var op = ref b.Emit(hasImmediate ? TruncatedMemoryImmediate.Of(width) : TruncatedMemory.Of(width), memory);
            op.Destination = Operands.Offset(i.Op0Register);
            op.Immediate = hasImmediate ? (int)i.GetImmediate(2) : 0;
        }

        return true;
    }

    private static bool SelectImplicit<TProduct>(in Instruction i, BlockBuilder b)
        where TProduct : struct, IProduct
    {
        var width = Widths.Of(in i);
        if (i.Op0Kind == OpKind.Register)
        {
            b.Emit(ProductOfRegister<TProduct>.Of(width)).Source = Operands.Offset(i.Op0Register);
        }
        else
        {
            b.Emit(ProductOfMemory<TProduct>.Of(width), b.Memory(in i));
        }

        return true;
    }

    private static bool SelectDivide<TDivision>(in Instruction i, BlockBuilder b)
        where TDivision : struct, IDivision
    {
        var width = Widths.Of(in i);
        if (i.Op0Kind == OpKind.Register)
        {
            b.Emit(DivideByRegister<TDivision>.Of(width)).Source = Operands.Offset(i.Op0Register);
        }
        else
        {
            b.Emit(DivideByMemory<TDivision>.Of(width), b.Memory(in i));
        }

        return true;
    }

    private static T SignedProduct<T>(CpuState* s, T left, T right)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result;
        bool overflows;
        if (sizeof(T) == 8)
        {
            var high = Math.BigMul((long)SignExtend(left), (long)SignExtend(right), out var low);
            result = T.CreateTruncating(low);
            overflows = high != low >> 63;
        }
        else
        {
            var product = (long)SignExtend(left) * (long)SignExtend(right);
            result = T.CreateTruncating(product);
            overflows = (long)SignExtend(result) != product;
        }

        FlagResults.Of(s, result, overflows, overflows);
        return result;
    }

    private readonly struct TruncatedRegister : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, SignedProduct(s, Get<T>(s, op->Destination), Get<T>(s, op->Source)));
            Op.Next(s, op);
        }
    }

    private readonly struct TruncatedImmediate : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, SignedProduct(s, Get<T>(s, op->Source), Immediate<T>(op)));
            Op.Next(s, op);
        }
    }

    private readonly struct TruncatedMemory : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            Set(s, op->Destination, SignedProduct(s, Get<T>(s, op->Destination), *(T*)pointer));
            Op.Next(s, op);
        }
    }

    private readonly struct TruncatedMemoryImmediate : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            Set(s, op->Destination, SignedProduct(s, *(T*)pointer, Immediate<T>(op)));
            Op.Next(s, op);
        }
    }

    private interface IProduct
    {
        /// <summary>Multiplies into AX, DX:AX, EDX:EAX or RDX:RAX.</summary>
        static abstract void Multiply<T>(CpuState* s, T factor)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct Unsigned : IProduct
    {
        public static void Multiply<T>(CpuState* s, T factor)
            where T : unmanaged, IBinaryInteger<T>
        {
            var left = Get<T>(s, Rax);
            ulong high;
            ulong low;
            if (sizeof(T) == 8)
            {
                high = Math.BigMul(ZeroExtend(left), ZeroExtend(factor), out low);
            }
            else
            {
                low = ZeroExtend(left) * ZeroExtend(factor);
                high = low >> (sizeof(T) * 8);
            }

            Store(s, T.CreateTruncating(low), T.CreateTruncating(high));
            FlagResults.Of(s, T.CreateTruncating(low), high != 0, high != 0);
        }
    }

    private readonly struct Signed : IProduct
    {
        public static void Multiply<T>(CpuState* s, T factor)
            where T : unmanaged, IBinaryInteger<T>
        {
            var left = Get<T>(s, Rax);
            long high;
            long low;
            if (sizeof(T) == 8)
            {
                high = Math.BigMul((long)SignExtend(left), (long)SignExtend(factor), out low);
            }
            else
            {
                low = (long)SignExtend(left) * (long)SignExtend(factor);
                high = low >> (sizeof(T) * 8);
            }

            var result = T.CreateTruncating(low);
            Store(s, result, T.CreateTruncating(high));
            var overflows = high != (long)SignExtend(result) >> 63;
            FlagResults.Of(s, result, overflows, overflows);
        }
    }

    private static void Store<T>(CpuState* s, T low, T high)
        where T : unmanaged, IBinaryInteger<T>
    {
        Set(s, Rax, low);
        Set(s, sizeof(T) == 1 ? Ah : Rdx, high);
    }

    private readonly struct ProductOfRegister<TProduct> : IByWidth
        where TProduct : struct, IProduct
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            TProduct.Multiply(s, Get<T>(s, op->Source));
            Op.Next(s, op);
        }
    }

    private readonly struct ProductOfMemory<TProduct> : IByWidth
        where TProduct : struct, IProduct
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            TProduct.Multiply(s, *(T*)pointer);
            Op.Next(s, op);
        }
    }

    private interface IDivision
    {
        /// <summary>False for a zero divisor or a quotient that does not fit: #DE, nothing changed. Flags are undefined and stay.</summary>
        static abstract bool TryDivide<T>(CpuState* s, T divisor)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct UnsignedDivision : IDivision
    {
        public static bool TryDivide<T>(CpuState* s, T divisor)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (T.IsZero(divisor))
            {
                return false;
            }

            var high = ZeroExtend(Get<T>(s, sizeof(T) == 1 ? Ah : Rdx));
            var low = ZeroExtend(Get<T>(s, Rax));
            var by = ZeroExtend(divisor);
            if (high >= by)
            {
                return false;
            }

            ulong quotient;
            ulong remainder;
            if (sizeof(T) == 8 && high != 0)
            {
                var dividend = new UInt128(high, low);
                quotient = (ulong)(dividend / by);
                remainder = low - (quotient * by);
            }
            else
            {
                var dividend = sizeof(T) == 8 ? low : (high << (sizeof(T) * 8)) | low;
                (quotient, remainder) = Math.DivRem(dividend, by);
            }

            Store(s, T.CreateTruncating(quotient), T.CreateTruncating(remainder));
            return true;
        }
    }

    private readonly struct SignedDivision : IDivision
    {
        public static bool TryDivide<T>(CpuState* s, T divisor)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (T.IsZero(divisor))
            {
                return false;
            }

            var high = Get<T>(s, sizeof(T) == 1 ? Ah : Rdx);
            var low = Get<T>(s, Rax);
            var by = (long)SignExtend(divisor);
            if (sizeof(T) == 8)
            {
                return TryDivideWide(s, (long)SignExtend(high), ZeroExtend(low), by);
            }

            var dividend = (long)((SignExtend(high) << (sizeof(T) * 8)) | ZeroExtend(low));
            if (by == -1 && dividend == long.MinValue)
            {
                return false;
            }

            var quotient = dividend / by;
            if ((long)SignExtend(T.CreateTruncating(quotient)) != quotient)
            {
                return false;
            }

            Store(s, T.CreateTruncating(quotient), T.CreateTruncating(dividend % by));
            return true;
        }

        private static bool TryDivideWide(CpuState* s, long high, ulong low, long by)
        {
            long quotient;
            long remainder;
            if (high == (long)low >> 63)
            {
                if (by == -1 && (long)low == long.MinValue)
                {
                    return false;
                }

                (quotient, remainder) = Math.DivRem((long)low, by);
            }
            else
            {
                var dividend = new Int128((ulong)high, low);
                if (by == -1 && dividend == Int128.MinValue)
                {
                    return false;
                }

                var wide = dividend / by;
                quotient = (long)wide;
                if (quotient != wide)
                {
                    return false;
                }

                remainder = (long)(dividend - (wide * by));
            }

            Store(s, (ulong)quotient, (ulong)remainder);
            return true;
        }
    }

    private readonly struct DivideByRegister<TDivision> : IByWidth
        where TDivision : struct, IDivision
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (!TDivision.TryDivide(s, Get<T>(s, op->Source)))
            {
                Processor.Stop(s, op, StopKind.DivideError);
                return;
            }

            Op.Next(s, op);
        }
    }

    private readonly struct DivideByMemory<TDivision> : IByWidth
        where TDivision : struct, IDivision
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), sizeof(T));
            if (pointer == null)
            {
                return;
            }

            if (!TDivision.TryDivide(s, *(T*)pointer))
            {
                Processor.Stop(s, op, StopKind.DivideError);
                return;
            }

            Op.Next(s, op);
        }
    }
}
