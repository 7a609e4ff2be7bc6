using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu;

/// <summary>
/// The user-visible state of one x86-64 thread: what a context switch saves and a signal frame carries.
/// RFLAGS' arithmetic bits are kept lazily in three words (see <see cref="LazyFlags"/>); use <see cref="Flags"/> for the architectural value.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CpuRegisters
{
    /// <summary>RAX RCX RDX RBX RSP RBP RSI RDI R8..R15, in encoding order.</summary>
    public fixed ulong General[16];

    /// <summary>Always zero: the register that "no base" and "no index" name, so that address arithmetic has no branch.</summary>
    public ulong Zero;

    public ulong FsBase;
    public ulong GsBase;
    public ulong Rip;

    /// <summary>Part of an address that one instruction's first step leaves for its second; not architectural.</summary>
    public ulong AddressScratch;

    public LazyFlags Arithmetic;

    /// <summary>RFLAGS bits other than CF PF AF ZF SF OF: DF, TF, NT, AC, ID and the always-set bit 1 and IF.</summary>
    public ulong OtherFlags;

    public uint Mxcsr;
    public ushort X87Control;
    public ushort X87Status;

    /// <summary>One bit a physical x87 register: 1 = holds a value (the abridged tag of FXSAVE, SDM vol. 1, 10.5.1.1).</summary>
    public byte X87Tags;

    public ushort X87Opcode;
    public ulong X87InstructionPointer;
    public ulong X87DataPointer;

    public XmmArray Xmm;

    /// <summary>Significands of the eight physical x87 registers; MMX registers alias them.</summary>
    public fixed ulong X87Significand[8];

    /// <summary>Sign and exponent of the eight physical x87 registers.</summary>
    public fixed ushort X87SignExponent[8];

    public ulong this[GeneralRegister register]
    {
        readonly get => General[(int)register];
        set => General[(int)register] = value;
    }

    /// <summary>RFLAGS as PUSHF would store it.</summary>
    public ulong Flags
    {
        readonly get => Arithmetic.ToFlags() | OtherFlags;
        set
        {
            Arithmetic = LazyFlags.FromFlags(value);
            OtherFlags = (value & (RFlags.Direction | RFlags.Trap | RFlags.NestedTask | RFlags.AlignmentCheck | RFlags.Identification)) | RFlags.Fixed | RFlags.InterruptEnable;
        }
    }

    /// <summary>State of a new program: everything zero but MXCSR 1F80h and x87 control 37Fh (SysV AMD64 ABI, 3.4.1).</summary>
    public static CpuRegisters Initial()
    {
        var registers = default(CpuRegisters);
        registers.Flags = 0;
        registers.Mxcsr = 0x1F80;
        registers.X87Control = 0x37F;
        return registers;
    }
}

/// <summary>Encoding order of the general registers.</summary>
public enum GeneralRegister
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

[InlineArray(16)]
public struct XmmArray
{
    private Vector128<byte> _first;
}
