using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>BT, BTS, BTR, BTC, BSF, BSR, POPCNT, CRC32.</summary>
internal static unsafe class BitInstructions
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Bt, (in Instruction i, BlockBuilder b) => SelectTest<Keep>(in i, b));
        registry.Add(Mnemonic.Bts, (in Instruction i, BlockBuilder b) => SelectTest<SetBit>(in i, b));
        registry.Add(Mnemonic.Btr, (in Instruction i, BlockBuilder b) => SelectTest<ResetBit>(in i, b));
        registry.Add(Mnemonic.Btc, (in Instruction i, BlockBuilder b) => SelectTest<ComplementBit>(in i, b));
        registry.Add(Mnemonic.Bsf, (in Instruction i, BlockBuilder b) => SelectScan<ScanForward>(in i, b));
        registry.Add(Mnemonic.Bsr, (in Instruction i, BlockBuilder b) => SelectScan<ScanReverse>(in i, b));
        registry.Add(Mnemonic.Popcnt, (in Instruction i, BlockBuilder b) => SelectScan<PopulationCount>(in i, b));
        registry.Add(Mnemonic.Crc32, SelectCrc);
    }

    private interface IBitAction
    {
        static abstract bool Writes { get; }

        static abstract T Apply<T>(T value, T bit)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct Keep : IBitAction
    {
        public static bool Writes => false;

        public static T Apply<T>(T value, T bit)
            where T : unmanaged, IBinaryInteger<T> => value;
    }

    private readonly struct SetBit : IBitAction
    {
        public static bool Writes => true;

        public static T Apply<T>(T value, T bit)
            where T : unmanaged, IBinaryInteger<T> => value | bit;
    }

    private readonly struct ResetBit : IBitAction
    {
        public static bool Writes => true;

        public static T Apply<T>(T value, T bit)
            where T : unmanaged, IBinaryInteger<T> => value & ~bit;
    }

    private readonly struct ComplementBit : IBitAction
    {
        public static bool Writes => true;

        public static T Apply<T>(T value, T bit)
            where T : unmanaged, IBinaryInteger<T> => value ^ bit;
    }

    private static bool SelectTest<TAction>(in Instruction i, BlockBuilder b)
        where TAction : struct, IBitAction
    {
        var width = Widths.Of(in i);
        var byRegister = i.Op1Kind == OpKind.Register;
        if (i.Op0Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(byRegister ? RegisterByRegister<TAction>.Of(width) : RegisterByImmediate<TAction>.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            SetSource(ref op, in i, byRegister);
        }
        else
        {
            var memory = b.Memory(in i);
            var is32 = i.MemoryBase.IsGPR32() || i.MemoryIndex.IsGPR32();
            ref var op = ref b.Emit(!byRegister ? MemoryByImmediate<TAction>.Of(width)
                : is32 ? MemoryByRegister32<TAction>.Of(width) : MemoryByRegister<TAction>.Of(width), memory);
            SetSource(ref op, in i, byRegister);
        }

        return true;
    }

    private static void SetSource(ref Op op, in Instruction i, bool byRegister)
    {
        if (byRegister)
        {
            op.Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            op.Immediate = (int)i.GetImmediate(1);
        }
    }

    // CF is the old bit; the other flags stay (the manual leaves all but ZF undefined).
    private static T Apply<T, TAction>(CpuState* s, T value, int bit)
        where T : unmanaged, IBinaryInteger<T>
        where TAction : struct, IBitAction
    {
        var mask = T.One << (bit & ((sizeof(T) * 8) - 1));
        FlagResults.SetCarry(s, !T.IsZero(value & mask));
        return TAction.Apply(value, mask);
    }

    private readonly struct RegisterByRegister<TAction> : IByWidth
        where TAction : struct, IBitAction
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = Apply<T, TAction>(s, Get<T>(s, op->Destination), Get<byte>(s, op->Source));
            if (TAction.Writes)
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct RegisterByImmediate<TAction> : IByWidth
        where TAction : struct, IBitAction
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var result = Apply<T, TAction>(s, Get<T>(s, op->Destination), op->Immediate);
            if (TAction.Writes)
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct MemoryByImmediate<TAction> : IByWidth
        where TAction : struct, IBitAction
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => InMemory<T, TAction>(s, op, IndexedAddress.Of(s, op), op->Immediate);
    }

    // A register bit offset reaches beyond the operand: the addressed unit moves with it (SDM vol. 2, BT).
    private readonly struct MemoryByRegister<TAction> : IByWidth
        where TAction : struct, IBitAction
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var offset = SignExtend(Get<T>(s, op->Source));
            InMemory<T, TAction>(s, op, IndexedAddress.Of(s, op) + UnitOffset<T>(offset), (int)offset);
        }
    }

    // The same for an address of 32 bits, which wraps with the unit's distance in it.
    private readonly struct MemoryByRegister32<TAction> : IByWidth
        where TAction : struct, IBitAction
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var offset = SignExtend(Get<T>(s, op->Source));
            var address = (uint)(s->Registers.AddressScratch + UnitOffset<T>(offset));
            InMemory<T, TAction>(s, op, address + Get<ulong>(s, op->Index), (int)offset);
        }
    }

    private static ulong UnitOffset<T>(ulong bitOffset)
        where T : unmanaged => (ulong)(((long)bitOffset >> BitOperations.Log2((uint)sizeof(T) * 8)) * sizeof(T));

    private static void InMemory<T, TAction>(CpuState* s, Op* op, ulong address, int bit)
        where T : unmanaged, IBinaryInteger<T>
        where TAction : struct, IBitAction
    {
        var pointer = TAction.Writes ? GuestMemory.ReadWrite(s, op, address, sizeof(T)) : GuestMemory.Read(s, op, address, sizeof(T));
        if (pointer == null)
        {
            return;
        }

        var result = Apply<T, TAction>(s, *(T*)pointer, bit);
        if (TAction.Writes)
        {
            *(T*)pointer = result;
            GuestMemory.Finish(s, pointer);
        }

        Op.Next(s, op);
    }

    private interface IScan
    {
        /// <summary>The new value of the destination, flags set.</summary>
        static abstract T Apply<T>(CpuState* s, T source, T old)
            where T : unmanaged, IBinaryInteger<T>;
    }

    // A zero source sets ZF and leaves the destination as it was (so AMD's manual; Intel's processors do the same).
    private readonly struct ScanForward : IScan
    {
        public static T Apply<T>(CpuState* s, T source, T old)
            where T : unmanaged, IBinaryInteger<T>
        {
            FlagResults.OfLogic(s, source);
            return T.IsZero(source) ? old : T.TrailingZeroCount(source);
        }
    }

    private readonly struct ScanReverse : IScan
    {
        public static T Apply<T>(CpuState* s, T source, T old)
            where T : unmanaged, IBinaryInteger<T>
        {
            FlagResults.OfLogic(s, source);
            return T.IsZero(source) ? old : T.CreateTruncating(BitOperations.Log2(ZeroExtend(source)));
        }
    }

    // ZF is set for a zero source, all other flags are cleared.
    private readonly struct PopulationCount : IScan
    {
        public static T Apply<T>(CpuState* s, T source, T old)
            where T : unmanaged, IBinaryInteger<T>
        {
            s->Registers.Arithmetic = LazyFlags.FromFlags(T.IsZero(source) ? RFlags.Zero : 0);
            return T.PopCount(source);
        }
    }

    private static bool SelectScan<TScan>(in Instruction i, BlockBuilder b)
        where TScan : struct, IScan
    {
        var width = Widths.Of(in i);
        if (i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(ScanRegister<TScan>.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(ScanMemory<TScan>.Of(width), b.Memory(in i)).Destination = Operands.Offset(i.Op0Register);
        }

        return true;
    }

    private readonly struct ScanRegister<TScan> : IByWidth
        where TScan : struct, IScan
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        // With a zero source and 32-bit operands the whole 64-bit destination stays.
        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var source = Get<T>(s, op->Source);
            var result = TScan.Apply(s, source, Get<T>(s, op->Destination));
            if (!T.IsZero(source) || typeof(TScan) == typeof(PopulationCount))
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private readonly struct ScanMemory<TScan> : IByWidth
        where TScan : struct, IScan
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

            var source = *(T*)pointer;
            var result = TScan.Apply(s, source, Get<T>(s, op->Destination));
            if (!T.IsZero(source) || typeof(TScan) == typeof(PopulationCount))
            {
                Set(s, op->Destination, result);
            }

            Op.Next(s, op);
        }
    }

    private static bool SelectCrc(in Instruction i, BlockBuilder b)
    {
        var width = Widths.Of(in i, 1);
        if (i.Op1Kind == OpKind.Register)
        {
            ref var op = ref b.Emit(CrcRegister.Of(width));
            op.Destination = Operands.Offset(i.Op0Register);
            op.Source = Operands.Offset(i.Op1Register);
        }
        else
        {
            b.Emit(CrcMemory.Of(width), b.Memory(in i)).Destination = Operands.Offset(i.Op0Register);
        }

        return true;
    }

    // CRC-32C, polynomial 11EDC6F41h; the upper half of a 64-bit destination is cleared.
    private static uint Crc<T>(uint crc, T data)
        where T : unmanaged, IBinaryInteger<T> => sizeof(T) switch
        {
            1 => BitOperations.Crc32C(crc, (byte)ZeroExtend(data)),
            2 => BitOperations.Crc32C(crc, (ushort)ZeroExtend(data)),
            4 => BitOperations.Crc32C(crc, (uint)ZeroExtend(data)),
            _ => BitOperations.Crc32C(crc, ZeroExtend(data)),
        };

    private readonly struct CrcRegister : IByWidth
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            Set(s, op->Destination, Crc(Get<uint>(s, op->Destination), Get<T>(s, op->Source)));
            Op.Next(s, op);
        }
    }

    private readonly struct CrcMemory : IByWidth
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

            Set(s, op->Destination, Crc(Get<uint>(s, op->Destination), *(T*)pointer));
            Op.Next(s, op);
        }
    }
}
