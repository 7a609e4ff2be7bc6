using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>x87 and MMX instructions, FXSAVE and its family.</summary>
internal static unsafe class X87Selector
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Wait, (in Instruction i, BlockBuilder b) => Plain(b, &Wait));
        registry.Add(Mnemonic.Fnop, (in Instruction i, BlockBuilder b) => Plain(b, &Wait));
    }

    private static bool Plain(BlockBuilder b, delegate*<CpuState*, Op*, void> run)
    {
        b.Emit(run);
        return true;
    }

    // An unmasked exception that an earlier instruction left is raised here (SDM vol. 1, 8.7).
    private static void Wait(CpuState* s, Op* op)
    {
        if ((s->Registers.X87Status & 0x80) != 0)
        {
            Processor.Stop(s, op, StopKind.FloatingPointError);
            return;
        }

        Op.Next(s, op);
    }
}
