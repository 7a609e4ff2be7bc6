using System.Buffers.Binary;

namespace Quire.Kernel.Tests.Loading;

/// <summary>A program header to be written.</summary>
internal sealed record ElfPart(uint Type, uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, ulong Alignment = 0x1000)
{
    public const uint Load = 1;
    public const uint Interpreter = 3;
    public const uint ReadExecute = 5;
    public const uint ReadWrite = 6;
}

/// <summary>Makes ELF files of x86-64, right or wrong in any field a test wants.</summary>
internal static class ElfFile
{
    public const ulong CodeAddress = 0x40_0000;
    private const int CodeOffset = 0x1000;

    /// <summary>A static program: code at <see cref="CodeAddress"/>, and zeroed memory where <see cref="Processes.Guest"/> expects it.</summary>
    public static byte[] Program(byte[] code)
    {
        var bytes = new byte[CodeOffset + code.Length];
        WriteHeader(bytes, type: 2, CodeAddress,
        [
            new ElfPart(ElfPart.Load, ElfPart.ReadExecute, CodeOffset, CodeAddress, (ulong)code.Length, (ulong)code.Length),
            new ElfPart(ElfPart.Load, ElfPart.ReadWrite, 0, Processes.Guest.Scratch, 0, Processes.Guest.ScratchBytes),
        ]);
        code.CopyTo(bytes, CodeOffset);
        return bytes;
    }

    public static void WriteHeader(Span<byte> bytes, ushort type, ulong entry, ReadOnlySpan<ElfPart> parts)
    {
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[16..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[18..], 62);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], entry);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[56..], (ushort)parts.Length);
        for (var index = 0; index < parts.Length; index++)
        {
            var header = bytes[(64 + (index * 56))..];
            var part = parts[index];
            BinaryPrimitives.WriteUInt32LittleEndian(header, part.Type);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], part.Flags);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], part.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(header[16..], part.Address);
            BinaryPrimitives.WriteUInt64LittleEndian(header[24..], part.Address);
            BinaryPrimitives.WriteUInt64LittleEndian(header[32..], part.FileSize);
            BinaryPrimitives.WriteUInt64LittleEndian(header[40..], part.MemorySize);
            BinaryPrimitives.WriteUInt64LittleEndian(header[48..], part.Alignment);
        }
    }
}
