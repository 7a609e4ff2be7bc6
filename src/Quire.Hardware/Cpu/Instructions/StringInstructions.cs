using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Quire.Primitives;
using static Quire.Hardware.Cpu.RegisterAccess;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Instructions;

/// <summary>
/// MOVS, STOS, LODS, SCAS, CMPS with their repeat prefixes. Registers advance with each element, so that a fault in the middle keeps
/// the progress made (SDM vol. 2, REP). Runs inside one page move as a whole but count one reference an element.
/// </summary>
internal static unsafe class StringInstructions
{
    private const byte Rax = (int)GeneralRegister.Rax * 8;
    private const byte Rcx = (int)GeneralRegister.Rcx * 8;
    private const byte Rsi = (int)GeneralRegister.Rsi * 8;
    private const byte Rdi = (int)GeneralRegister.Rdi * 8;

    public static void Register(Registry registry)
    {
        Add<MoveString>(registry, Mnemonic.Movsb, Mnemonic.Movsw, Mnemonic.Movsd, Mnemonic.Movsq);
        Add<StoreString>(registry, Mnemonic.Stosb, Mnemonic.Stosw, Mnemonic.Stosd, Mnemonic.Stosq);
        Add<LoadString>(registry, Mnemonic.Lodsb, Mnemonic.Lodsw, Mnemonic.Lodsd, Mnemonic.Lodsq);
        Add<ScanString>(registry, Mnemonic.Scasb, Mnemonic.Scasw, Mnemonic.Scasd, Mnemonic.Scasq);
        Add<CompareString>(registry, Mnemonic.Cmpsb, Mnemonic.Cmpsw, Mnemonic.Cmpsd, Mnemonic.Cmpsq);
    }

    /// <summary>One element of a string instruction.</summary>
    private interface IElement
    {
        /// <summary>The repeat prefix looks at ZF, too.</summary>
        static abstract bool Compares { get; }

        /// <summary>RSI advances.</summary>
        static abstract bool HasSource { get; }

        /// <summary>RDI advances.</summary>
        static abstract bool HasTarget { get; }

        /// <summary>The bits of RCX that count.</summary>
        static abstract ulong CountMask { get; }

        /// <summary>Does one element and advances the registers but RCX; false if it faulted.</summary>
        static abstract bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>;

        /// <summary>Does up to count elements at once if that is possible; gives how many.</summary>
        static abstract ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private static void Add<TElement>(Registry registry, Mnemonic bytes, Mnemonic words, Mnemonic doublewords, Mnemonic quadwords)
        where TElement : struct, IElement
    {
        registry.Add(bytes, (in Instruction i, BlockBuilder b) => Select<TElement>(in i, b, 1));
        registry.Add(words, (in Instruction i, BlockBuilder b) => Select<TElement>(in i, b, 2));
        registry.Add(doublewords, (in Instruction i, BlockBuilder b) => Select<TElement>(in i, b, 4));
        registry.Add(quadwords, (in Instruction i, BlockBuilder b) => Select<TElement>(in i, b, 8));
    }

    private static bool Select<TElement>(in Instruction i, BlockBuilder b, int width)
        where TElement : struct, IElement
    {
        // MOVSD and CMPSD are also names of SSE2 instructions.
        if (!i.IsStringInstruction)
        {
            return Sse.SseSelector.SelectShared(in i, b);
        }

        var source = i.OpCount > 1 ? i.Op1Kind : i.Op0Kind;
        return source is OpKind.MemorySegESI or OpKind.MemoryESEDI or OpKind.MemorySegEDI || i.Op0Kind == OpKind.MemoryESEDI
            ? Emit<Narrow<TElement>>(in i, b, width)
            : Emit<TElement>(in i, b, width);
    }

    private static bool Emit<TElement>(in Instruction i, BlockBuilder b, int width)
        where TElement : struct, IElement
    {
        var run = !i.HasRepPrefix && !i.HasRepnePrefix
            ? Single<TElement>.Of(width)
            : i.HasRepnePrefix ? Repeated<TElement, UntilEqual>.Of(width) : Repeated<TElement, WhileEqual>.Of(width);
        ref var op = ref b.Emit(run);
        op.Base = i.MemorySegment is Iced.Intel.Register.FS or Iced.Intel.Register.GS ? Operands.SegmentBase(i.MemorySegment) : Operands.ZeroRegister;
        return true;
    }

    private interface IStop
    {
        static abstract bool At(bool zero);
    }

    private readonly struct WhileEqual : IStop
    {
        public static bool At(bool zero) => !zero;
    }

    private readonly struct UntilEqual : IStop
    {
        public static bool At(bool zero) => zero;
    }

    private readonly struct Single<TElement> : IByWidth
        where TElement : struct, IElement
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (TElement.TryOne<T>(s, op))
            {
                Op.Next(s, op);
            }
        }
    }

    private readonly struct Repeated<TElement, TStop> : IByWidth
        where TElement : struct, IElement
        where TStop : struct, IStop
    {
        public static delegate*<CpuState*, Op*, void> Of(int bytes) =>
            bytes switch { 1 => &Run<byte>, 2 => &Run<ushort>, 4 => &Run<uint>, _ => &Run<ulong> };

        private static void Run<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (TryRepeat<T>(s, op))
            {
                Op.Next(s, op);
            }
        }

        // Between two rounds an instruction can be interrupted (SDM vol. 2, REP): it is when it has used the budget up. The round that completes
        // it is paid for as the instruction.
        private static bool TryRepeat<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var count = Get<ulong>(s, Rcx) & TElement.CountMask;
            var before = s->Registers.Arithmetic;
            var left = Math.Max(1, s->Budget - s->Executed - op->Number);
            while (count != 0)
            {
                if (left == 0)
                {
                    Processor.Stop(s, op, StopKind.BetweenRounds);
                    return false;
                }

                var done = TElement.Many<T>(s, op, Math.Min(count, (ulong)left));
                if (done == 0)
                {
                    if (!TElement.TryOne<T>(s, op))
                    {
                        // A fault puts the flags back to what they were before the first round (SDM vol. 2, REP).
                        if (TElement.Compares)
                        {
                            s->Registers.Arithmetic = before;
                        }

                        return false;
                    }

                    done = 1;
                }

                count -= done;
                left -= (long)done;
                s->Budget -= (long)done;
                Set(s, Rcx, count);
                if (count == 0 || (TElement.Compares && TStop.At(s->Registers.Arithmetic.ZeroFlag)))
                {
                    s->Budget++;
                    return true;
                }
            }

            return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Advance<T>(CpuState* s, byte register)
        where T : unmanaged
    {
        var step = (s->Registers.OtherFlags & RFlags.Direction) == 0 ? sizeof(T) : -sizeof(T);
        Set(s, register, Get<ulong>(s, register) + (ulong)(long)step);
    }

    private static ulong SourceAddress(CpuState* s, Op* op) => Get<ulong>(s, Rsi) + *(ulong*)((byte*)s + op->Base);

    /// <summary>Whole elements from the address to the end of its page, upwards; 0 when the direction is down.</summary>
    private static ulong ElementsInPage<T>(CpuState* s, ulong address)
        where T : unmanaged =>
        (s->Registers.OtherFlags & RFlags.Direction) != 0 ? 0 : (Page.Size - (address & Page.OffsetMask)) / (ulong)sizeof(T);

    /// <summary>The element at the addresses in ESI and EDI, counted by ECX: what the address-size prefix makes of it.</summary>
    private readonly struct Narrow<TElement> : IElement
        where TElement : struct, IElement
    {
        public static bool Compares => TElement.Compares;

        public static bool HasSource => TElement.HasSource;

        public static bool HasTarget => TElement.HasTarget;

        public static ulong CountMask => uint.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var source = Get<ulong>(s, Rsi);
            var target = Get<ulong>(s, Rdi);
            Set(s, Rsi, (uint)source);
            Set(s, Rdi, (uint)target);
            var isDone = TElement.TryOne<T>(s, op);
            Set(s, Rsi, isDone && HasSource ? Get<uint>(s, Rsi) : source);
            Set(s, Rdi, isDone && HasTarget ? Get<uint>(s, Rdi) : target);
            return isDone;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T> => 0;
    }

    private readonly struct MoveString : IElement
    {
        public static bool Compares => false;

        public static bool HasSource => true;

        public static bool HasTarget => true;

        public static ulong CountMask => ulong.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var from = GuestMemory.Read(s, op, SourceAddress(s, op), sizeof(T));
            if (from == null || !GuestMemory.Write(s, op, Get<ulong>(s, Rdi), *(T*)from))
            {
                return false;
            }

            Advance<T>(s, Rsi);
            Advance<T>(s, Rdi);
            return true;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var source = SourceAddress(s, op);
            var target = Get<ulong>(s, Rdi);
            count = Math.Min(count, Math.Min(ElementsInPage<T>(s, source), ElementsInPage<T>(s, target)));
            if (count < 2 || !GuestMemory.TryRun(s, source, target, count, out var from, out var to))
            {
                return 0;
            }

            var bytes = count * (ulong)sizeof(T);
            if (to > from && to < from + bytes)
            {
                // Overlapping upwards: each element is read after the one before it was written.
                for (var i = 0UL; i < count; i++)
                {
                    ((T*)to)[i] = ((T*)from)[i];
                }
            }
            else
            {
                Buffer.MemoryCopy(from, to, bytes, bytes);
            }

            Set(s, Rsi, Get<ulong>(s, Rsi) + bytes);
            Set(s, Rdi, target + bytes);
            return count;
        }
    }

    private readonly struct StoreString : IElement
    {
        public static bool Compares => false;

        public static bool HasSource => false;

        public static bool HasTarget => true;

        public static ulong CountMask => ulong.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            if (!GuestMemory.Write(s, op, Get<ulong>(s, Rdi), Get<T>(s, Rax)))
            {
                return false;
            }

            Advance<T>(s, Rdi);
            return true;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T>
        {
            var target = Get<ulong>(s, Rdi);
            count = Math.Min(count, ElementsInPage<T>(s, target));
            if (count < 2 || !GuestMemory.TryRun(s, target, count, out var to))
            {
                return 0;
            }

            new Span<T>(to, (int)count).Fill(Get<T>(s, Rax));
            Set(s, Rdi, target + (count * (ulong)sizeof(T)));
            return count;
        }
    }

    private readonly struct LoadString : IElement
    {
        public static bool Compares => false;

        public static bool HasSource => true;

        public static bool HasTarget => false;

        public static ulong CountMask => ulong.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var from = GuestMemory.Read(s, op, SourceAddress(s, op), sizeof(T));
            if (from == null)
            {
                return false;
            }

            Set(s, Rax, *(T*)from);
            Advance<T>(s, Rsi);
            return true;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T> => 0;
    }

    private readonly struct ScanString : IElement
    {
        public static bool Compares => true;

        public static bool HasSource => false;

        public static bool HasTarget => true;

        public static ulong CountMask => ulong.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            var from = GuestMemory.Read(s, op, Get<ulong>(s, Rdi), sizeof(T));
            if (from == null)
            {
                return false;
            }

            var left = Get<T>(s, Rax);
            var right = *(T*)from;
            FlagResults.OfSubtract(s, left, right, left - right);
            Advance<T>(s, Rdi);
            return true;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T> => 0;
    }

    private readonly struct CompareString : IElement
    {
        public static bool Compares => true;

        public static bool HasSource => true;

        public static bool HasTarget => true;

        public static ulong CountMask => ulong.MaxValue;

        public static bool TryOne<T>(CpuState* s, Op* op)
            where T : unmanaged, IBinaryInteger<T>
        {
            // Where both operands fault, the host's processor names that of RDI.
            var second = GuestMemory.Read(s, op, Get<ulong>(s, Rdi), sizeof(T));
            if (second == null)
            {
                return false;
            }

            var right = *(T*)second;
            var first = GuestMemory.Read(s, op, SourceAddress(s, op), sizeof(T));
            if (first == null)
            {
                return false;
            }

            var left = *(T*)first;
            FlagResults.OfSubtract(s, left, right, left - right);
            Advance<T>(s, Rsi);
            Advance<T>(s, Rdi);
            return true;
        }

        public static ulong Many<T>(CpuState* s, Op* op, ulong count)
            where T : unmanaged, IBinaryInteger<T> => 0;
    }
}
