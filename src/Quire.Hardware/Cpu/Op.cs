using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quire.Hardware.Cpu;

/// <summary>
/// One step of a predecoded block, 32 bytes: a handler and its operands. Most instructions are one op. A handler ends by calling
/// <see cref="Next"/> in tail position, which the JIT compiles to a jump; the last op of a block returns instead, so that even
/// unoptimised code nests no deeper than a block.
/// Register fields are byte offsets into <see cref="CpuRegisters"/>: general registers and their byte parts directly,
/// XMM and x87 operands as the number times 16, from the start of the XMM array.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public unsafe struct Op
{
    public delegate*<CpuState*, Op*, void> Run;

    /// <summary>Displacement, absolute address (RIP-relative operands), 64-bit immediate or branch target.</summary>
    public long Displacement;

    /// <summary>Sign-extended immediate.</summary>
    public int Immediate;

    public byte Destination;
    public byte Source;

    /// <summary>Base register of the memory operand (the zero register if none).</summary>
    public byte Base;

    /// <summary>Index register of the memory operand (the zero register if none).</summary>
    public byte Index;

    /// <summary>The index is shifted left by this.</summary>
    public byte Scale;

    /// <summary>Length of the instruction in bytes.</summary>
    public byte Length;

    /// <summary>Start of the instruction, from the start of the block.</summary>
    public ushort Offset;

    /// <summary>Instructions of the block before this one.</summary>
    public byte Number;

    /// <summary>A second small immediate or selector, as the handler defines.</summary>
    public byte Extra;

    /// <summary><see cref="Displacement"/> is an address as far from the instruction wherever that lies: an operand relative to RIP, the target of a branch.</summary>
    public bool MovesWithCode;

    /// <summary>The memory operand lies in the stack segment, so that a non-canonical address is #SS and not #GP.</summary>
    public bool UsesStackSegment;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Next(CpuState* s, Op* op)
    {
        op++;
        op->Run(s, op);
    }
}

/// <summary>
/// A run of instructions on one page that is entered only at its start. Its ops follow it in memory. Valid for one virtual address
/// mapped to one frame, so that addresses relative to RIP are constants in it.
/// </summary>
internal unsafe struct Block
{
    public ulong Address;

    /// <summary>Virtual page address.</summary>
    public ulong Page;

    /// <summary>Blocks of the same page that the last op leads to, once known.</summary>
    public Block* Taken;
    public Block* NotTaken;

    public Block* NextInBucket;
    public Block* NextInFrame;

    /// <summary>Blocks whose one instruction ends on the same frame.</summary>
    public Block* NextInSecondFrame;
    public uint Frame;

    /// <summary>Frame of the second page if the one instruction of this block lies on two; uint.MaxValue otherwise.</summary>
    public uint SecondFrame;

    public int Instructions;

    /// <summary>Bytes of code.</summary>
    public int Length;

    public int OpCount;
    public bool IsValid;

    /// <summary>For another virtual address the ops are these, but for <see cref="Op.MovesWithCode"/>.</summary>
    public bool IsMovable;

    public readonly bool Straddles => SecondFrame != uint.MaxValue;

    public static Op* Ops(Block* block) => (Op*)(block + 1);
}
