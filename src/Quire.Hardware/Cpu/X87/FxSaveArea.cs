using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.X87;

/// <summary>
/// The 512-byte image that FXSAVE64 writes (Intel SDM vol. 1, 10.5.1): control words at 0, the x87 registers from the top of the stack
/// at 32, sixteen bytes each, the XMM registers at 160.
/// </summary>
public static unsafe class FxSaveArea
{
    public const int Size = 512;

    /// <summary>Bytes that the processor writes; the rest of the image is software's.</summary>
    public const int WrittenSize = 416;

    private const int X87Offset = 32;
    private const int XmmOffset = 160;

    /// <summary>Bits of MXCSR that exist.</summary>
    public const uint MxcsrMask = 0xFFFF;

    private const int MxcsrOffset = 24;

    public static void Write(in CpuRegisters registers, Span<byte> image)
    {
        image[..WrittenSize].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(image, registers.X87Control);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], registers.X87Status);
        image[4] = registers.X87Tags;
        BinaryPrimitives.WriteUInt16LittleEndian(image[6..], registers.X87Opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(image[8..], registers.X87InstructionPointer);
        BinaryPrimitives.WriteUInt64LittleEndian(image[16..], registers.X87DataPointer);
        BinaryPrimitives.WriteUInt32LittleEndian(image[MxcsrOffset..], registers.Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(image[28..], MxcsrMask);
        for (var index = 0; index < 8; index++)
        {
            var physical = Physical(registers.X87Status, index);
            var slot = image[(X87Offset + (index * 16))..];
            BinaryPrimitives.WriteUInt64LittleEndian(slot, registers.X87Significand[physical]);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[8..], registers.X87SignExponent[physical]);
        }

        for (var index = 0; index < 16; index++)
        {
            registers.Xmm[index].CopyTo(image[(XmmOffset + (index * 16))..]);
        }
    }

    public static uint MxcsrOf(ReadOnlySpan<byte> image) => BinaryPrimitives.ReadUInt32LittleEndian(image[MxcsrOffset..]);

    /// <summary>Reserved bits of MXCSR are dropped, as the kernel does with a frame that a handler has changed.</summary>
    public static void Read(ReadOnlySpan<byte> image, ref CpuRegisters registers)
    {
        registers.X87Control = X87ControlWord.Canonical(BinaryPrimitives.ReadUInt16LittleEndian(image));
        registers.X87Status = X87StatusWord.WithSummary(BinaryPrimitives.ReadUInt16LittleEndian(image[2..]), registers.X87Control);
        registers.X87Tags = image[4];
        registers.X87Opcode = BinaryPrimitives.ReadUInt16LittleEndian(image[6..]);
        registers.X87InstructionPointer = BinaryPrimitives.ReadUInt64LittleEndian(image[8..]);
        registers.X87DataPointer = BinaryPrimitives.ReadUInt64LittleEndian(image[16..]);
        registers.Mxcsr = MxcsrOf(image) & MxcsrMask;
        for (var index = 0; index < 8; index++)
        {
            var physical = Physical(registers.X87Status, index);
            var slot = image[(X87Offset + (index * 16))..];
            registers.X87Significand[physical] = BinaryPrimitives.ReadUInt64LittleEndian(slot);
            registers.X87SignExponent[physical] = BinaryPrimitives.ReadUInt16LittleEndian(slot[8..]);
        }

        for (var index = 0; index < 16; index++)
        {
            registers.Xmm[index] = Vector128.Create(image.Slice(XmmOffset + (index * 16), 16));
        }
    }

    /// <summary>The state that FNINIT and a fresh MXCSR give, registers zero.</summary>
    public static void Reset(ref CpuRegisters registers)
    {
        var fresh = CpuRegisters.Initial();
        registers.X87Control = fresh.X87Control;
        registers.X87Status = 0;
        registers.X87Tags = 0;
        registers.X87Opcode = 0;
        registers.X87InstructionPointer = 0;
        registers.X87DataPointer = 0;
        registers.Mxcsr = fresh.Mxcsr;
        registers.Xmm = fresh.Xmm;
        for (var index = 0; index < 8; index++)
        {
            registers.X87Significand[index] = 0;
            registers.X87SignExponent[index] = 0;
        }
    }

    // ST(i) is physical register TOP + i; TOP is bits 11-13 of the status word.
    private static int Physical(ushort status, int index) => ((status >> 11) + index) & 7;
}
