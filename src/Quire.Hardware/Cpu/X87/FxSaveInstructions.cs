using Iced.Intel;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.X87;

/// <summary>FXSAVE and FXRSTOR, with and without REX.W. Code and data segment selectors of the short form are written as zero, as processors of today do.</summary>
internal static unsafe class FxSaveInstructions
{
    private const ulong AlignmentMask = 15;

    public static void Register(Registry registry)
    {
        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Fxsave, Mnemonic.Fxsave64])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
            {
                b.Emit(&Save, b.Memory(in i));
                return true;
            });
        }

        foreach (var mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Fxrstor, Mnemonic.Fxrstor64])
        {
            registry.Add(mnemonic, (in Instruction i, BlockBuilder b) =>
            {
                b.Emit(&Restore, b.Memory(in i));
                return true;
            });
        }
    }

    private static void Save(CpuState* s, Op* op)
    {
        if (TrySave(s, op))
        {
            Op.Next(s, op);
        }
    }

    private static void Restore(CpuState* s, Op* op)
    {
        if (TryRestore(s, op))
        {
            Op.Next(s, op);
        }
    }

    private static bool TrySave(CpuState* s, Op* op)
    {
        var address = IndexedAddress.Of(s, op);
        if ((address & AlignmentMask) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return false;
        }

        if (!ImageMemory.CanWrite(s, op, address, FxSaveArea.Size))
        {
            return false;
        }

        var image = stackalloc byte[FxSaveArea.WrittenSize];
        FxSaveArea.Write(in s->Registers, new Span<byte>(image, FxSaveArea.WrittenSize));
        ImageMemory.Write(s, op, address, image, FxSaveArea.WrittenSize);
        return true;
    }

    private static bool TryRestore(CpuState* s, Op* op)
    {
        var address = IndexedAddress.Of(s, op);
        if ((address & AlignmentMask) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return false;
        }

        var image = stackalloc byte[FxSaveArea.Size];
        if (!ImageMemory.TryRead(s, op, address, image, FxSaveArea.Size))
        {
            return false;
        }

        var bytes = new ReadOnlySpan<byte>(image, FxSaveArea.Size);
        if ((FxSaveArea.MxcsrOf(bytes) & ~FxSaveArea.MxcsrMask) != 0)
        {
            Processor.Stop(s, op, StopKind.ProtectionFault);
            return false;
        }

        FxSaveArea.Read(bytes, ref s->Registers);
        return true;
    }
}
