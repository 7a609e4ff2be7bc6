using System.Buffers.Binary;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Machine.HeapCalls;

/// <summary>
/// Finds the heap functions in a 64-bit ELF file (System V gABI, chapters 4 and 5): in its dynamic symbols, and if it has none, as a static
/// program, in those that the linker left for debuggers. The file is read past the machine's page cache, so that looking changes nothing in the machine.
/// </summary>
internal static class HeapSymbols
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const uint LoadSegment = 1;
    private const uint SymbolTable = 2;
    private const uint DynamicSymbolTable = 11;
    private const byte Function = 2;

    // More than any library has; a damaged header asks for no more than this.
    private const ulong MostTableBytes = 1 << 26;

    /// <summary>Address and meaning of each heap function that lies in a region of a mapped file.</summary>
    public static IEnumerable<(ulong Address, HeapFunction Function)> In(RegionView region)
    {
        if (region.Source is not { } file || Read(file, 0, HeaderSize) is not { } header || !header.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8))
        {
            yield break;
        }

        if (BiasOf(file, header, region) is not { } bias)
        {
            yield break;
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        var sections = Read(file, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40)), count * SectionHeaderSize) ?? [];
        foreach (var kind in (uint[])[DynamicSymbolTable, SymbolTable])
        {
            var found = false;
            for (var section = 0; section < sections.Length; section += SectionHeaderSize)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(sections.AsSpan(section + 4)) == kind)
                {
                    found = true;
                    foreach (var (value, function) in FunctionsOf(file, sections, section))
                    {
                        if (region.Range.Contains(new VirtualAddress(bias + value)))
                        {
                            yield return (bias + value, function);
                        }
                    }
                }
            }

            if (found)
            {
                yield break;
            }
        }
    }

    /// <summary>What to add to the file's addresses: from the segment that the region maps.</summary>
    private static ulong? BiasOf(IPageSource file, byte[] header, RegionView region)
    {
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        var segments = Read(file, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32)), count * ProgramHeaderSize) ?? [];
        for (var at = 0; at < segments.Length; at += ProgramHeaderSize)
        {
            var segment = segments.AsSpan(at);
            var (offset, address, size) = (ReadWord(segment, 8), ReadWord(segment, 16), ReadWord(segment, 32));
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == LoadSegment && region.Offset < offset + size && region.Offset >= (offset & Page.Mask))
            {
                return region.Range.Start.Value - region.Offset - (address - offset);
            }
        }

        return null;
    }

    private static List<(ulong Value, HeapFunction Function)> FunctionsOf(IPageSource file, byte[] sections, int section)
    {
        var functions = new List<(ulong, HeapFunction)>();
        var strings = (int)BinaryPrimitives.ReadUInt32LittleEndian(sections.AsSpan(section + 40)) * SectionHeaderSize;
        if (strings < 0 || strings >= sections.Length || ReadSection(file, sections, section) is not { } symbols || ReadSection(file, sections, strings) is not { } names)
        {
            return functions;
        }

        for (var at = 0; at + SymbolSize <= symbols.Length; at += SymbolSize)
        {
            var symbol = symbols.AsSpan(at);
            var name = BinaryPrimitives.ReadUInt32LittleEndian(symbol);
            var isDefined = BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]) != 0;
            if ((symbol[4] & 15) == Function && isDefined && name < names.Length)
            {
                var text = names.AsSpan((int)name);
                var end = text.IndexOf((byte)0);
                if (end > 0 && HeapFunctions.Named(text[..end]) is { } function)
                {
                    functions.Add((ReadWord(symbol, 8), function));
                }
            }
        }

        return functions;
    }

    private static byte[]? ReadSection(IPageSource file, byte[] sections, int section)
    {
        var header = sections.AsSpan(section);
        var length = ReadWord(header, 32);
        return length > MostTableBytes ? null : Read(file, ReadWord(header, 24), (int)length);
    }

    private static ulong ReadWord(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    // Null if the file cannot be read there. Beyond its end a page reads as zeros, which is no symbol.
    private static byte[]? Read(IPageSource file, ulong offset, int length)
    {
        if (offset > (ulong)long.MaxValue - MostTableBytes)
        {
            return null;
        }

        var bytes = new byte[length];
        var page = new byte[Page.Size];
        for (var done = 0; done < length;)
        {
            var at = offset + (ulong)done;
            if (file.ReadPage(at >> Page.Shift, page) != Errno.None)
            {
                return null;
            }

            var inPage = (int)(at & Page.OffsetMask);
            var piece = Math.Min(length - done, Page.Size - inPage);
            page.AsSpan(inPage, piece).CopyTo(bytes.AsSpan(done));
            done += piece;
        }

        return bytes;
    }
}
