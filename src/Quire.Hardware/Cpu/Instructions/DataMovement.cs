using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>MOV, MOVZX, MOVSX, MOVSXD, LEA, CMOVcc, SETcc, MOVNTI, BSWAP, conversions in RAX, XLAT, flag loads.</summary>
internal static unsafe class DataMovement
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Mov, SelectMove);
        registry.Add(Mnemonic.Movnti, SelectMove);
        registry.Add(Mnemonic.Lea, SelectLea);
        registry.Add(Mnemonic.Movzx, SelectMoveZeroExtended);
        registry.Add(Mnemonic.Movsx, SelectMoveSignExtended);
        registry.Add(Mnemonic.Movsxd, SelectMoveSignExtended);
        registry.Add(Mnemonic.Bswap, (in Instruction i, BlockBuilder b) => Register1(b, i.Op0Register, i.Op0Register.GetSize() == 8 ? &SwapBytes64 : &SwapBytes32));
        registry.Add(Mnemonic.Cbw, (in Instruction i, BlockBuilder b) => Plain(b, &Cbw));
        registry.Add(Mnemonic.Cwde, (in Instruction i, BlockBuilder b) => Plain(b, &Cwde));
        registry.Add(Mnemonic.Cdqe, (in Instruction i, BlockBuilder b) => Plain(b, &Cdqe));
        registry.Add(Mnemonic.Cwd, (in Instruction i, BlockBuilder b) => Plain(b, &Cwd));
        registry.Add(Mnemonic.Cdq, (in Instruction i, BlockBuilder b) => Plain(b, &Cdq));
        registry.Add(Mnemonic.Cqo, (in Instruction i, BlockBuilder b) => Plain(b, &Cqo));
        registry.Add(Mnemonic.Xlatb, SelectXlat);
        RegisterConditional(registry);
    }

    /// <summary>First step of an address of 32 bits (67h prefix).</summary>
    public static void AddressOf32(CpuState* s, Op* op)
    {
        s->Registers.AddressScratch = (uint)IndexedAddress.Of(s, op);
        Op.Next(s, op);
    }

    /// <summary>First step of an address of three parts with a segment base.</summary>
    public static void AddressOf64(CpuState* s, Op* op)
    {
        s->Registers.AddressScratch = IndexedAddress.Of(s, op);
        Op.Next(s, op);
    }

    private static bool Plain(BlockBuilder builder, delegate*<CpuState*, Op*, void> run)
    {
        builder.Emit(run);
        return true;
    }

    private static bool Register1(BlockBuilder builder, Register register, delegate*<CpuState*, Op*, void> run)
    {
        builder.Emit(run).Destination = Operands.Offset(register);
        return true;
    }

    private static bool SelectMove(in Instruction i, BlockBuilder b)
    {
        var width = Widths.Of(in i);
        if (i.Op1Kind == OpKind.Register && i.Op1Register.IsSegmentRegister())
        {
            return SelectMoveFromSegment(in i, b);
        }

        if (i.Op0Kind == OpKind.Register && !i.Op0Register.IsGPR())
        {
            return false;
        }

        if (i.Op0Kind == OpKind.Register)
        {
            var destination = Operands.Offset(i.Op0Register);
            if (i.Op1Kind == OpKind.Register)
            {
                if (!i.Op1Register.IsGPR())
                {
                    return false;
                }

                ref var op = ref b.Emit(RegisterFromRegister.Of(width));
                op.Destination = destination;
                op.Source = Operands.Offset(i.Op1Register);
            }
            else if (i.Op1Kind == OpKind.Memory)
            {
                var memory = b.Memory(in i);
                b.Emit(memory.IsIndexed ? RegisterFromMemory<IndexedAddress>.Of(width) : RegisterFromMemory<BaseAddress>.Of(width), memory).Destination = destination;
            }
            else
            {
                ref var op = ref b.Emit(RegisterFromImmediate.Of(width));
                op.Destination = destination;
                op.Displacement = (long)i.GetImmediate(1);
            }

            return true;
        }

        var target = b.Memory(in i);
        if (i.Op1Kind == OpKind.Register)
        {
            b.Emit(target.IsIndexed ? MemoryFromRegister<IndexedAddress>.Of(width) : MemoryFromRegister<BaseAddress>.Of(width), target).Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(target.IsIndexed ? MemoryFromImmediate<IndexedAddress>.Of(width) : MemoryFromImmediate<BaseAddress>.Of(width), target).Immediate = (int)i.GetImmediate(1);
        }

        return true;
    }

    // User programs see the flat selectors that Linux loads: CS 33h, SS 2Bh, the others 0.
    private static bool SelectMoveFromSegment(in Instruction i, BlockBuilder b)
    {
        var selector = i.Op1Register switch
        {
            Iced.Intel.Register.CS => 0x33,
            Iced.Intel.Register.SS => 0x2B,
            _ => 0,
        };
        if (i.Op0Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(RegisterFromImmediate.Of(i.Op0Register.GetSize()));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Displacement = selector;
        }
        else
        {
            var memory = b.Memory(in i);
            b.Emit(MemoryFromImmediate<IndexedAddress>.Of(2), memory).Immediate = selector;
        }

        return true;
    }

    private static bool SelectLea(in Instruction i, BlockBuilder b)
    {
        var is32 = i.MemoryBase.IsGPR32() || i.MemoryIndex.IsGPR32();
        var instruction = i;
        instruction.SegmentPrefix = Iced.Intel.Register.None;
        var memory = b.Memory(in instruction);
        var width = i.Op0Register.GetSize();
        delegate*<CpuState*, Op*, void> run;
        if (width == 8 && !is32)
        {
            run = !memory.IsIndexed ? &AddressToRegister<BaseAddress, ulong> : &AddressToRegister<IndexedAddress, ulong>;
        }
        else
        {
            run = width switch
            {
                8 => &AddressToRegister<IndexedAddress, ulong>,
                4 => memory.IsIndexed ? &AddressToRegister<IndexedAddress, uint> : &AddressToRegister<BaseAddress, uint>,
                _ => &AddressToRegister<IndexedAddress, ushort>,
            };
        }

        b.Emit(run, memory).Destination = Operands.Offset(i.Op0Register);
        return true;
    }

    private static void AddressToRegister<TAddress, T>(CpuState* s, Op* op)
        where TAddress : struct, IAddress
        where T : unmanaged, IBinaryInteger<T>
    {
        Set(s, op->Destination, T.CreateTruncating(TAddress.Of(s, op)));
        Op.Next(s, op);
    }

    private static bool SelectMoveZeroExtended(in Instruction i, BlockBuilder b)
    {
        // Zero extension to 32 bits clears the rest too, so one handler serves both 32 and 64 bits.
        var to16 = i.Op0Register.GetSize() == 2;
        var from8 = Widths.Of(in i, 1) == 1;
        if (to16 && !from8)
        {
            return SelectMove(in i, b);
        }

        if (i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(to16 ? &ExtendRegister<byte, ushort, ZeroExtension> : from8 ? &ExtendRegister<byte, ulong, ZeroExtension> : &ExtendRegister<ushort, ulong, ZeroExtension>);
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
            return true;
        }

        var memory = b.Memory(in i);
        delegate*<CpuState*, Op*, void> run;
        if (memory.IsIndexed)
        {
            run = to16 ? &Reading<ExtendedLoad<byte, ushort, ZeroExtension>, IndexedAddress>.Run : from8 ? &Reading<ExtendedLoad<byte, ulong, ZeroExtension>, IndexedAddress>.Run : &Reading<ExtendedLoad<ushort, ulong, ZeroExtension>, IndexedAddress>.Run;
        }
        else
        {
            run = to16 ? &Reading<ExtendedLoad<byte, ushort, ZeroExtension>, BaseAddress>.Run : from8 ? &Reading<ExtendedLoad<byte, ulong, ZeroExtension>, BaseAddress>.Run : &Reading<ExtendedLoad<ushort, ulong, ZeroExtension>, BaseAddress>.Run;
        }

        b.Emit(run, memory).Destination = Operands.Offset(i.Op0Register);
        return true;
    }

    private static bool SelectMoveSignExtended(in Instruction i, BlockBuilder b)
    {
        var to = i.Op0Register.GetSize();
        var from = Widths.Of(in i, 1);
        if (i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(SelectSign<InRegister>(from, to));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
            return true;
        }

        var memory = b.Memory(in i);
        b.Emit(memory.IsIndexed ? SelectSign<InMemory<IndexedAddress>>(from, to) : SelectSign<InMemory<BaseAddress>>(from, to), memory).Destination = Operands.Offset(i.Op0Register);
        return true;
    }

    private static delegate*<CpuState*, Op*, void> SelectSign<TPlace>(int from, int to)
        where TPlace : struct, IExtendPlace => (from, to) switch
        {
            (1, 2) => TPlace.Of<byte, ushort, SignExtension>(),
            (1, 4) => TPlace.Of<byte, uint, SignExtension>(),
            (1, 8) => TPlace.Of<byte, ulong, SignExtension>(),
            (2, 4) => TPlace.Of<ushort, uint, SignExtension>(),
            (2, 8) => TPlace.Of<ushort, ulong, SignExtension>(),
            (4, 8) => TPlace.Of<uint, ulong, SignExtension>(),
            (4, 4) => TPlace.Of<uint, uint, SignExtension>(),
            _ => TPlace.Of<ushort, ushort, SignExtension>(),
        };

    private interface IExtendPlace
    {
        static abstract delegate*<CpuState*, Op*, void> Of<TFrom, TTo, TExtension>()
            where TFrom : unmanaged, IBinaryInteger<TFrom>
            where TTo : unmanaged, IBinaryInteger<TTo>
            where TExtension : struct, IExtension;
    }

    private readonly struct InRegister : IExtendPlace
    {
        public static delegate*<CpuState*, Op*, void> Of<TFrom, TTo, TExtension>()
            where TFrom : unmanaged, IBinaryInteger<TFrom>
            where TTo : unmanaged, IBinaryInteger<TTo>
            where TExtension : struct, IExtension => &ExtendRegister<TFrom, TTo, TExtension>;
    }

    private readonly struct InMemory<TAddress> : IExtendPlace
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of<TFrom, TTo, TExtension>()
            where TFrom : unmanaged, IBinaryInteger<TFrom>
            where TTo : unmanaged, IBinaryInteger<TTo>
            where TExtension : struct, IExtension => &Reading<ExtendedLoad<TFrom, TTo, TExtension>, TAddress>.Run;
    }

    private interface IExtension
    {
        static abstract ulong Extend<T>(T value)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct ZeroExtension : IExtension
    {
        public static ulong Extend<T>(T value)
            where T : unmanaged, IBinaryInteger<T> => ZeroExtend(value);
    }

    private readonly struct SignExtension : IExtension
    {
        public static ulong Extend<T>(T value)
            where T : unmanaged, IBinaryInteger<T> => SignExtend(value);
    }

    private static void ExtendRegister<TFrom, TTo, TExtension>(CpuState* s, Op* op)
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
        where TExtension : struct, IExtension
    {
        Set(s, op->Destination, TTo.CreateTruncating(TExtension.Extend(Get<TFrom>(s, op->Source))));
        Op.Next(s, op);
    }

    private readonly struct ExtendedLoad<TFrom, TTo, TExtension> : IReader
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
        where TExtension : struct, IExtension
    {
        public static int Size => sizeof(TFrom);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer) => Set(s, op->Destination, TTo.CreateTruncating(TExtension.Extend(*(TFrom*)pointer)));
    }

    private readonly struct RegisterFromRegister : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, Get<T>(s, op->Source));
            Op.Next(s, op);
        }
    }

    private readonly struct RegisterFromImmediate : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, T.CreateTruncating(op->Displacement));
            Op.Next(s, op);
        }
    }

    private readonly struct RegisterFromMemory<TAddress> : IByWidth
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Reading<Load<byte>, TAddress>.Run,
            2 => &Reading<Load<ushort>, TAddress>.Run,
            4 => &Reading<Load<uint>, TAddress>.Run,
            _ => &Reading<Load<ulong>, TAddress>.Run,
        };
    }

    private readonly struct MemoryFromRegister<TAddress> : IByWidth
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Writing<SourceRegister<byte>, byte, TAddress>.Run,
            2 => &Writing<SourceRegister<ushort>, ushort, TAddress>.Run,
            4 => &Writing<SourceRegister<uint>, uint, TAddress>.Run,
            _ => &Writing<SourceRegister<ulong>, ulong, TAddress>.Run,
        };
    }

    private readonly struct MemoryFromImmediate<TAddress> : IByWidth
        where TAddress : struct, IAddress
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Writing<ImmediateValue<byte>, byte, TAddress>.Run,
            2 => &Writing<ImmediateValue<ushort>, ushort, TAddress>.Run,
            4 => &Writing<ImmediateValue<uint>, uint, TAddress>.Run,
            _ => &Writing<ImmediateValue<ulong>, ulong, TAddress>.Run,
        };
    }

    private readonly struct Load<T> : IReader
        where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer) => Set(s, op->Destination, *(T*)pointer);
    }

    private readonly struct SourceRegister<T> : IStored<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => Get<T>(s, op->Source);
    }

    private readonly struct ImmediateValue<T> : IStored<T>
        where T : unmanaged, IBinaryInteger<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(CpuState* s, Op* op) => Immediate<T>(op);
    }

    private static void SwapBytes64(CpuState* s, Op* op)
    {
        Set(s, op->Destination, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Get<ulong>(s, op->Destination)));
        Op.Next(s, op);
    }

    private static void SwapBytes32(CpuState* s, Op* op)
    {
        Set(s, op->Destination, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Get<uint>(s, op->Destination)));
        Op.Next(s, op);
    }

    private static void Cbw(CpuState* s, Op* op)
    {
        Set(s, 0, (ushort)(sbyte)Get<byte>(s, 0));
        Op.Next(s, op);
    }

    private static void Cwde(CpuState* s, Op* op)
    {
        Set(s, 0, (uint)(short)Get<ushort>(s, 0));
        Op.Next(s, op);
    }

    private static void Cdqe(CpuState* s, Op* op)
    {
        Set(s, 0, (ulong)(int)Get<uint>(s, 0));
        Op.Next(s, op);
    }

    private static void Cwd(CpuState* s, Op* op)
    {
        Set(s, 16, (ushort)((short)Get<ushort>(s, 0) >> 15));
        Op.Next(s, op);
    }

    private static void Cdq(CpuState* s, Op* op)
    {
        Set(s, 16, (uint)((int)Get<uint>(s, 0) >> 31));
        Op.Next(s, op);
    }

    private static void Cqo(CpuState* s, Op* op)
    {
        Set(s, 16, (ulong)((long)Get<ulong>(s, 0) >> 63));
        Op.Next(s, op);
    }

    private static bool SelectXlat(in Instruction i, BlockBuilder b)
    {
        b.Emit(&Xlat).Index = i.MemorySegment is Iced.Intel.Register.FS or Iced.Intel.Register.GS ? Operands.SegmentBase(i.MemorySegment) : Operands.ZeroRegister;
        return true;
    }

    private static void Xlat(CpuState* s, Op* op)
    {
        var address = s->Registers.General[(int)GeneralRegister.Rbx] + Get<byte>(s, 0) + *(ulong*)((byte*)s + op->Index);
        var pointer = GuestMemory.Read(s, op, address, 1);
        if (pointer == null)
        {
            return;
        }

        Set(s, 0, *pointer);
        Op.Next(s, op);
    }

    private static void RegisterConditional(Registry registry)
    {
        AddConditional<Overflow>(registry, Mnemonic.Cmovo, Mnemonic.Seto);
        AddConditional<NoOverflow>(registry, Mnemonic.Cmovno, Mnemonic.Setno);
        AddConditional<Below>(registry, Mnemonic.Cmovb, Mnemonic.Setb);
        AddConditional<AboveOrEqual>(registry, Mnemonic.Cmovae, Mnemonic.Setae);
        AddConditional<Equal>(registry, Mnemonic.Cmove, Mnemonic.Sete);
        AddConditional<NotEqual>(registry, Mnemonic.Cmovne, Mnemonic.Setne);
        AddConditional<BelowOrEqual>(registry, Mnemonic.Cmovbe, Mnemonic.Setbe);
        AddConditional<Above>(registry, Mnemonic.Cmova, Mnemonic.Seta);
        AddConditional<Negative>(registry, Mnemonic.Cmovs, Mnemonic.Sets);
        AddConditional<NotNegative>(registry, Mnemonic.Cmovns, Mnemonic.Setns);
        AddConditional<ParityEven>(registry, Mnemonic.Cmovp, Mnemonic.Setp);
        AddConditional<ParityOdd>(registry, Mnemonic.Cmovnp, Mnemonic.Setnp);
        AddConditional<Less>(registry, Mnemonic.Cmovl, Mnemonic.Setl);
        AddConditional<GreaterOrEqual>(registry, Mnemonic.Cmovge, Mnemonic.Setge);
        AddConditional<LessOrEqual>(registry, Mnemonic.Cmovle, Mnemonic.Setle);
        AddConditional<Greater>(registry, Mnemonic.Cmovg, Mnemonic.Setg);
    }

    private static void AddConditional<TCondition>(Registry registry, Mnemonic move, Mnemonic set)
        where TCondition : struct, ICondition
    {
        registry.Add(move, (in Instruction i, BlockBuilder b) =>
        {
            var width = i.Op0Register.GetSize();
            if (i.Op1Kind == OpKind.Register)
            {
                ref var op = ref b.Emit(ConditionalRegister<TCondition>.Of(width));
                op.Destination = Operands.Offset(i.Op0Register);
                op.Source = Operands.Offset(i.Op1Register);
            }
            else
            {
                b.Emit(ConditionalMemory<TCondition>.Of(width), b.Memory(in i)).Destination = Operands.Offset(i.Op0Register);
            }

            return true;
        });
        registry.Add(set, (in Instruction i, BlockBuilder b) =>
        {
            if (i.Op0Kind == OpKind.Register)
            {
                b.Emit(&SetRegister<TCondition>).Destination = Operands.Offset(i.Op0Register);
            }
            else
            {
                b.Emit(&Writing<ConditionByte<TCondition>, byte, IndexedAddress>.Run, b.Memory(in i));
            }

            return true;
        });
    }

    private readonly struct ConditionalRegister<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        // A 32-bit CMOV clears the upper half even when it does not move (SDM vol. 2, CMOVcc).
        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, TCondition.Of(in s->Registers.Arithmetic) ? Get<T>(s, op->Source) : Get<T>(s, op->Destination));
            Op.Next(s, op);
        }
    }

    private readonly struct ConditionalMemory<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) => bytes switch
        {
            1 => &Reading<ConditionalLoad<TCondition, byte>, IndexedAddress>.Run,
            2 => &Reading<ConditionalLoad<TCondition, ushort>, IndexedAddress>.Run,
            4 => &Reading<ConditionalLoad<TCondition, uint>, IndexedAddress>.Run,
            _ => &Reading<ConditionalLoad<TCondition, ulong>, IndexedAddress>.Run,
        };
    }

    private readonly struct ConditionalLoad<TCondition, T> : IReader
        where TCondition : struct, ICondition
        where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read(CpuState* s, Op* op, byte* pointer) =>
            Set(s, op->Destination, TCondition.Of(in s->Registers.Arithmetic) ? *(T*)pointer : Get<T>(s, op->Destination));
    }

    private readonly struct ConditionByte<TCondition> : IStored<byte>
        where TCondition : struct, ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static byte Value(CpuState* s, Op* op) => TCondition.Of(in s->Registers.Arithmetic) ? (byte)1 : (byte)0;
    }

    private static void SetRegister<TCondition>(CpuState* s, Op* op)
        where TCondition : struct, ICondition
    {
        Set(s, op->Destination, TCondition.Of(in s->Registers.Arithmetic) ? (byte)1 : (byte)0);
        Op.Next(s, op);
    }
}
