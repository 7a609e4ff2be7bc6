using System.Buffers.Binary;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>
/// The header and program headers of a 64-bit x86 ELF file (System V gABI, chapters 4 and 5), checked as far as Linux checks them before it maps
/// anything (fs/binfmt_elf.c).
/// </summary>
internal sealed class ElfImage
{
    public const int HeaderSize = 64;
    public const int ProgramHeaderSize = 56;

    private const uint Magic = 0x464C_457F;
    private const byte Class64 = 2;
    private const byte LittleEndian = 1;
    private const ushort MachineX64 = 62;

    // Linux reads at most 64 KiB of program headers.
    private const int MaximumProgramHeaders = 65_536 / ProgramHeaderSize;

    private ElfImage(ElfType type, ulong entry, ulong programHeaderOffset, ElfSegment[] segments)
    {
        Type = type;
        Entry = entry;
        ProgramHeaderOffset = programHeaderOffset;
        Segments = segments;
    }

    public ElfType Type { get; }

    public ulong Entry { get; }

    public ulong ProgramHeaderOffset { get; }

    public IReadOnlyList<ElfSegment> Segments { get; }

    public bool IsPositionIndependent => Type == ElfType.Dynamic;

    public IEnumerable<ElfSegment> Loadable => Segments.Where(segment => segment.Kind == ElfSegmentKind.Load);

    /// <summary>Where the program headers are in memory, before relocation: AT_PHDR. 0 if no segment holds them.</summary>
    public ulong ProgramHeaderAddress =>
        Loadable.Where(segment => ProgramHeaderOffset >= segment.Offset && ProgramHeaderOffset - segment.Offset < segment.FileSize)
            .Select(segment => segment.Address + (ProgramHeaderOffset - segment.Offset))
            .FirstOrDefault();

    /// <summary>ENOEXEC for all that is not a loadable x86-64 program; EIO if the file ends inside its program headers.</summary>
    public static Errno TryRead(PageCache pages, out ElfImage image)
    {
        image = null!;
        Span<byte> header = stackalloc byte[HeaderSize];
        if (pages.ReadBytes(0, header) < HeaderSize
            || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic
            || header[4] != Class64
            || header[5] != LittleEndian)
        {
            return Errno.ENOEXEC;
        }

        var type = (ElfType)BinaryPrimitives.ReadUInt16LittleEndian(header[16..]);
        var machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (type is not (ElfType.Executable or ElfType.Dynamic) || machine != MachineX64
            || entrySize != ProgramHeaderSize || count is 0 or > MaximumProgramHeaders)
        {
            return Errno.ENOEXEC;
        }

        var offset = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        var table = new byte[count * ProgramHeaderSize];
        if (offset > long.MaxValue || pages.ReadBytes(offset, table) < table.Length)
        {
            return Errno.EIO;
        }

        var segments = new ElfSegment[count];
        for (var index = 0; index < count; index++)
        {
            segments[index] = ElfSegment.Decode(table.AsSpan(index * ProgramHeaderSize));
        }

        image = new ElfImage(type, BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), offset, segments);
        return Errno.None;
    }
}

/// <summary>e_type.</summary>
internal enum ElfType : ushort
{
    Executable = 2,
    Dynamic = 3,
}

/// <summary>p_type.</summary>
internal enum ElfSegmentKind : uint
{
    Load = 1,
    Interpreter = 3,
    GnuStack = 0x6474_E551,
}

/// <summary>A program header.</summary>
internal readonly record struct ElfSegment(
    ElfSegmentKind Kind, ElfSegmentFlags Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, ulong Alignment)
{
    public Protection Protection =>
        ((Flags & ElfSegmentFlags.Read) != 0 ? Protection.Read : 0)
        | ((Flags & ElfSegmentFlags.Write) != 0 ? Protection.Write : 0)
        | ((Flags & ElfSegmentFlags.Execute) != 0 ? Protection.Execute : 0);

    public static ElfSegment Decode(ReadOnlySpan<byte> header) => new(
        (ElfSegmentKind)BinaryPrimitives.ReadUInt32LittleEndian(header),
        (ElfSegmentFlags)BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(header[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(header[40..]),
        BinaryPrimitives.ReadUInt64LittleEndian(header[48..]));
}

/// <summary>p_flags.</summary>
[Flags]
internal enum ElfSegmentFlags : uint
{
    None = 0,
    Execute = 1,
    Write = 2,
    Read = 4,
}
