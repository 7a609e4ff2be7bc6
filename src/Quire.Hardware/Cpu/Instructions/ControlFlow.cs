using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Quire.Primitives;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>Compares that a conditional jump right behind them absorbs.</summary>
internal enum FusableCompare
{
    None,
    Compare,
    Test,
}

/// <summary>Where the second operand of a fusable compare is.</summary>
internal enum FusableForm
{
    Register,
    Immediate,
}

/// <summary>JMP, Jcc, CALL, RET, LOOPcc, JRCXZ, and what ends a block without any of them.</summary>
internal static unsafe class ControlFlow
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Jmp, SelectJump);
        registry.Add(Mnemonic.Call, SelectCall);
        registry.Add(Mnemonic.Ret, SelectReturn);
        registry.Add(Mnemonic.Jrcxz, (in Instruction i, BlockBuilder b) => SelectDirect(in i, b, &JumpIfCountZero<ulong>));
        registry.Add(Mnemonic.Jecxz, (in Instruction i, BlockBuilder b) => SelectDirect(in i, b, &JumpIfCountZero<uint>));
        registry.Add(Mnemonic.Loop, (in Instruction i, BlockBuilder b) => SelectLoop<Always>(in i, b));
        registry.Add(Mnemonic.Loope, (in Instruction i, BlockBuilder b) => SelectLoop<Equal>(in i, b));
        registry.Add(Mnemonic.Loopne, (in Instruction i, BlockBuilder b) => SelectLoop<NotEqual>(in i, b));
        AddConditional<Overflow>(registry, Mnemonic.Jo);
        AddConditional<NoOverflow>(registry, Mnemonic.Jno);
        AddConditional<Below>(registry, Mnemonic.Jb);
        AddConditional<AboveOrEqual>(registry, Mnemonic.Jae);
        AddConditional<Equal>(registry, Mnemonic.Je);
        AddConditional<NotEqual>(registry, Mnemonic.Jne);
        AddConditional<BelowOrEqual>(registry, Mnemonic.Jbe);
        AddConditional<Above>(registry, Mnemonic.Ja);
        AddConditional<Negative>(registry, Mnemonic.Js);
        AddConditional<NotNegative>(registry, Mnemonic.Jns);
        AddConditional<ParityEven>(registry, Mnemonic.Jp);
        AddConditional<ParityOdd>(registry, Mnemonic.Jnp);
        AddConditional<Less>(registry, Mnemonic.Jl);
        AddConditional<GreaterOrEqual>(registry, Mnemonic.Jge);
        AddConditional<LessOrEqual>(registry, Mnemonic.Jle);
        AddConditional<Greater>(registry, Mnemonic.Jg);
    }

    /// <summary>The block goes on at the address behind its last instruction.</summary>
    public static void FallThrough(CpuState* s, Op* op) => DoNotTake(s);

    /// <summary>#UD.</summary>
    public static void Undefined(CpuState* s, Op* op) => Processor.Stop(s, op, StopKind.InvalidOpcode);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DoNotTake(CpuState* s)
    {
        var block = s->Current;
        s->Next = block->NotTaken;
        if (block->NotTaken == null)
        {
            Follow(s, &block->NotTaken, block->Address + (uint)block->Length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Take(CpuState* s, Op* op)
    {
        var block = s->Current;
        s->Next = block->Taken;
        if (block->Taken == null)
        {
            Follow(s, &block->Taken, (ulong)op->Displacement);
        }
    }

    // Blocks of one page may be linked: they are mapped and dropped together.
    private static void Follow(CpuState* s, Block** link, ulong target)
    {
        Processor.JumpTo(s, target);
        if (s->Current->Page != (target & Page.Mask))
        {
            return;
        }

        if (s->Next != null)
        {
            *link = s->Next;
        }
        else
        {
            s->Link = link;
        }
    }

    private static bool SelectDirect(in Instruction i, BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        b.EmitBranch(run);
        return true;
    }

    private static bool SelectJump(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind == OpKind.NearBranch64)
        {
            return SelectDirect(in i, b, &Jump);
        }

        if (i.Op0Kind == OpKind.Register)
        {
            b.Emit(&JumpRegister).Source = Operands.Offset(i.Op0Register);
            return true;
        }

        if (i.Op0Kind != OpKind.Memory || i.IsJmpFarIndirect)
        {
            return false;
        }

        b.Emit(&JumpMemory, b.Memory(in i));
        return true;
    }

    private static bool SelectCall(in Instruction i, BlockBuilder b)
    {
        if (i.Op0Kind == OpKind.NearBranch64)
        {
            ref var call = ref b.EmitBranch(&Call<DirectTarget>.Run);
            call.Source = Operands.ZeroRegister;
            return true;
        }

        if (i.Op0Kind == OpKind.Register)
        {
            b.Emit(&Call<RegisterTarget>.Run).Source = Operands.Offset(i.Op0Register);
            return true;
        }

        if (i.Op0Kind != OpKind.Memory || i.IsCallFarIndirect)
        {
            return false;
        }

        b.Emit(&CallMemory, b.Memory(in i));
        return true;
    }

    private static bool SelectReturn(in Instruction i, BlockBuilder b)
    {
        b.Emit(&Return).Immediate = i.OpCount > 0 ? (int)i.GetImmediate(0) : 0;
        return true;
    }

    private static void Jump(CpuState* s, Op* op) => Take(s, op);

    private static void JumpRegister(CpuState* s, Op* op) => Processor.JumpTo(s, Get<ulong>(s, op->Source));

    private static void JumpMemory(CpuState* s, Op* op)
    {
        var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), 8);
        if (pointer != null)
        {
            Processor.JumpTo(s, *(ulong*)pointer);
        }
    }

    private static ulong ReturnAddress(CpuState* s) => s->Current->Address + (uint)s->Current->Length;

    /// <summary>Where a call goes once its return address is pushed.</summary>
    private interface ITarget
    {
        static abstract void Go(CpuState* s, Op* op);
    }

    private readonly struct DirectTarget : ITarget
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Go(CpuState* s, Op* op) => Take(s, op);
    }

    private readonly struct RegisterTarget : ITarget
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Go(CpuState* s, Op* op) => Processor.JumpTo(s, Get<ulong>(s, op->Source));
    }

    private static class Call<TTarget>
        where TTarget : struct, ITarget
    {
        public static void Run(CpuState* s, Op* op)
        {
            var top = s->Registers.General[(int)GeneralRegister.Rsp] - 8;
            var entry = GuestMemory.Entry(s, top);
            if (((top + 7) & ~0xFFFUL) == entry->WriteTag && op->Source != (int)GeneralRegister.Rsp * 8)
            {
                entry->Stamp = ++s->DataReferences;
                *(ulong*)(top + (ulong)entry->Delta) = ReturnAddress(s);
                s->Registers.General[(int)GeneralRegister.Rsp] = top;
                TTarget.Go(s, op);
                return;
            }

            RunSlowly(s, op);
        }

        // Also CALL RSP, whose target is the pointer before the push.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void RunSlowly(CpuState* s, Op* op)
        {
            var target = Get<ulong>(s, op->Source);
            if (!TryPush(s, op, ReturnAddress(s)))
            {
                return;
            }

            if (op->Source == (int)GeneralRegister.Rsp * 8)
            {
                Processor.JumpTo(s, target);
            }
            else
            {
                TTarget.Go(s, op);
            }
        }
    }

    private static bool TryPush(CpuState* s, Op* op, ulong value)
    {
        var top = s->Registers.General[(int)GeneralRegister.Rsp] - 8;
        if (!GuestMemory.Write(s, op, top, value))
        {
            Processor.NoteStackAccess(s);
            return false;
        }

        s->Registers.General[(int)GeneralRegister.Rsp] = top;
        return true;
    }

    private static void CallMemory(CpuState* s, Op* op)
    {
        var pointer = GuestMemory.Read(s, op, IndexedAddress.Of(s, op), 8);
        if (pointer == null)
        {
            return;
        }

        var target = *(ulong*)pointer;
        if (TryPush(s, op, ReturnAddress(s)))
        {
            Processor.JumpTo(s, target);
        }
    }

    private static void Return(CpuState* s, Op* op)
    {
        var stack = s->Registers.General[(int)GeneralRegister.Rsp];
        var entry = GuestMemory.Entry(s, stack);
        if (((stack + 7) & ~0xFFFUL) == entry->ReadTag)
        {
            entry->Stamp = ++s->DataReferences;
            s->Registers.General[(int)GeneralRegister.Rsp] = stack + 8 + (ushort)op->Immediate;
            Processor.JumpTo(s, *(ulong*)(stack + (ulong)entry->Delta));
            return;
        }

        ReturnSlowly(s, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReturnSlowly(CpuState* s, Op* op)
    {
        var stack = s->Registers.General[(int)GeneralRegister.Rsp];
        var pointer = Processor.ReadSlow(s, op, stack, 8);
        if (pointer != null)
        {
            s->Registers.General[(int)GeneralRegister.Rsp] = stack + 8 + (ushort)op->Immediate;
            Processor.JumpTo(s, *(ulong*)pointer);
        }
    }

    private static void JumpIfCountZero<T>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (T.IsZero(Get<T>(s, (int)GeneralRegister.Rcx * 8)))
        {
            Take(s, op);
        }
        else
        {
            DoNotTake(s);
        }
    }

    private readonly struct Always : ICondition
    {
        public static bool Of(in LazyFlags flags) => true;

        public static bool OfCompare<T>(T left, T right)
            where T : unmanaged, IBinaryInteger<T> => true;

        public static bool OfTest<T>(T value)
            where T : unmanaged, IBinaryInteger<T> => true;
    }

    private static bool SelectLoop<TCondition>(in Instruction i, BlockBuilder b)
        where TCondition : struct, ICondition
    {
        var counts32 = i.Code is Code.Loop_rel8_32_ECX or Code.Loop_rel8_64_ECX or Code.Loope_rel8_32_ECX or Code.Loope_rel8_64_ECX or Code.Loopne_rel8_32_ECX or Code.Loopne_rel8_64_ECX;
        return SelectDirect(in i, b, counts32 ? &Loop<uint, TCondition> : &Loop<ulong, TCondition>);
    }

    private static void Loop<T, TCondition>(CpuState* s, Op* op)
        where T : unmanaged, IBinaryInteger<T>
        where TCondition : struct, ICondition
    {
        const byte Counter = (int)GeneralRegister.Rcx * 8;
        var count = Get<T>(s, Counter) - T.One;
        Set(s, Counter, count);
        if (!T.IsZero(count) && TCondition.Of(in s->Registers.Arithmetic))
        {
            Take(s, op);
        }
        else
        {
            DoNotTake(s);
        }
    }

    private static void AddConditional<TCondition>(Registry registry, Mnemonic mnemonic)
        where TCondition : struct, ICondition =>
        registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
        {
            if (b.FusableOp < 0 || b.FusableOp != b.LastOp)
            {
                return SelectDirect(in i, b, &JumpIf<TCondition>);
            }

            var compare = b.RemoveLast();
            ref var op = ref b.EmitBranch(SelectFused<TCondition>(b.Fusable, b.FusableForm, b.FusableWidth));
            op.Destination = compare.Destination;
            op.Source = compare.Source;
            op.Immediate = compare.Immediate;
            return true;
        });

    private static void JumpIf<TCondition>(CpuState* s, Op* op)
        where TCondition : struct, ICondition
    {
        if (TCondition.Of(in s->Registers.Arithmetic))
        {
            Take(s, op);
        }
        else
        {
            DoNotTake(s);
        }
    }

    private static delegate*<CpuState*, Op*, void> SelectFused<TCondition>(FusableCompare compare, FusableForm form, int width)
        where TCondition : struct, ICondition => (compare, form) switch
        {
            (FusableCompare.Compare, FusableForm.Register) => CompareRegister<TCondition>.Of(width),
            (FusableCompare.Compare, FusableForm.Immediate) => CompareImmediate<TCondition>.Of(width),
            (FusableCompare.Test, FusableForm.Register) => TestRegister<TCondition>.Of(width),
            _ => TestImmediate<TCondition>.Of(width),
        };

    private readonly struct CompareRegister<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => CompareAndJump<T, TCondition>(s, op, Get<T>(s, op->Destination), Get<T>(s, op->Source));
    }

    private readonly struct CompareImmediate<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => CompareAndJump<T, TCondition>(s, op, Get<T>(s, op->Destination), Immediate<T>(op));
    }

    private readonly struct TestRegister<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => TestAndJump<T, TCondition>(s, op, Get<T>(s, op->Destination) & Get<T>(s, op->Source));
    }

    private readonly struct TestImmediate<TCondition> : IByWidth
        where TCondition : struct, ICondition
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T> => TestAndJump<T, TCondition>(s, op, Get<T>(s, op->Destination) & Immediate<T>(op));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CompareAndJump<T, TCondition>(CpuState* s, Op* op, T left, T right)
        where T : unmanaged, IBinaryInteger<T>
        where TCondition : struct, ICondition
    {
        FlagResults.OfSubtract(s, left, right, left - right);
        if (TCondition.OfCompare(left, right))
        {
            Take(s, op);
        }
        else
        {
            DoNotTake(s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TestAndJump<T, TCondition>(CpuState* s, Op* op, T value)
        where T : unmanaged, IBinaryInteger<T>
        where TCondition : struct, ICondition
    {
        FlagResults.OfLogic(s, value);
        if (TCondition.OfTest(value))
        {
            Take(s, op);
        }
        else
        {
            DoNotTake(s);
        }
    }
}
