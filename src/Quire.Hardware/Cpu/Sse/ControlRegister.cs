using System.Runtime.CompilerServices;
using Iced.Intel;
using Quire.Hardware.Cpu.Sse.Floating;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>LDMXCSR and STMXCSR.</summary>
internal static unsafe class ControlRegister
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Ldmxcsr, SelectLoad);
        registry.Add(Mnemonic.Stmxcsr, SelectStore);
    }

    private static bool SelectLoad(in Instruction i, BlockBuilder b)
    {
        b.Emit(&MemorySource<Load, IndexedAddress>.Run, b.Memory(in i));
        return true;
    }

    private static bool SelectStore(in Instruction i, BlockBuilder b)
    {
        b.Emit(&Writing<Stored, uint, IndexedAddress>.Run, b.Memory(in i));
        return true;
    }

    private readonly struct Load : ISourceReader
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool TryRead(CpuState* s, Op* op, byte* source)
        {
            var value = *(uint*)source;
            if ((value & ~Mxcsr.Valid) != 0)
            {
                return false;
            }

            s->Registers.Mxcsr = value;
            return true;
        }

        public static bool ReadExactly(CpuState* s, Op* op, byte* source)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return false;
        }
    }

    private readonly struct Stored : IStored<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Value(CpuState* s, Op* op) => s->Registers.Mxcsr;
    }
}
