using System.Buffers.Binary;
using Quire.Kernel.Files;
using Quire.Kernel.Loading;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Cores;

/// <summary>
/// Writes what a process was when a signal ended it, as an ELF file that debuggers read (core(5); fs/coredump.c, elf_core_dump of fs/binfmt_elf.c): one PT_NOTE, one
/// PT_LOAD a region, pages without content as holes. The guest's own rights, its working directory and its file systems' room decide whether there is one.
/// </summary>
internal static class CoreDump
{
    /// <summary>A core file that cannot hold a page is not begun (ELF_EXEC_PAGESIZE).</summary>
    private const ulong LeastLimit = Page.Size;
    private const uint OwnerMayReadAndWrite = 0x180;
    private const uint RightsThatMatter = 0x1BF;
    private const int SetIdDumpable = 2;

    private const ushort CoreType = 4;
    private const ushort X64 = 62;
    private const ushort CountIsElsewhere = 0xFFFF;
    private const uint LoadSegment = 1;
    private const uint NoteSegment = 4;
    private const int SectionHeaderSize = 64;

    /// <summary>False: there is none. One that was cut short counts.</summary>
    public static bool TryWrite(GuestThread thread, in SignalInfo info)
    {
        var process = thread.Process;
        if (process.Dumpable == 0 || process.Limits[Resource.Core].Soft < LeastLimit)
        {
            return false;
        }

        if (thread.Kernel.CorePattern.StartsWith('|'))
        {
            thread.Kernel.Remarks.CountRefusal("core_pattern with a pipe to a program");
            return false;
        }

        var name = CoreName.Of(thread, info.Signal);
        if (name.Length == 0 || Open(thread, name) is not { } file)
        {
            return false;
        }

        Write(thread, info, new CoreOutput(thread, file));
        file.Release();
        return true;
    }

    // An old one goes first, so that nobody who has it open or linked reads this one. Of a program with rights that its caller lacks only root learns.
    private static OpenFile? Open(GuestThread thread, string name)
    {
        var files = thread.Kernel.Files;
        var caller = FileCaller.Of(thread);
        if (thread.Process.Dumpable == SetIdDumpable)
        {
            if (!name.StartsWith('/'))
            {
                return null;
            }

            caller = caller with { Credentials = caller.Credentials with { FileUserId = 0 } };
        }
        else
        {
            files.Unlink(caller, caller.Context.WorkingDirectory, name);
        }

        const int flags = OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow | OpenFlags.ReadWrite;
        if (files.Open(caller, caller.Context.WorkingDirectory, name, flags, OwnerMayReadAndWrite, out var file) != Errno.None)
        {
            return null;
        }

        // Nobody else may read it, and its owner may: an umask that takes his rights away leaves an empty file.
        var attributes = file!.Inode.Attributes;
        if (file.Pages is not null && (attributes.Mode & RightsThatMatter) == OwnerMayReadAndWrite && attributes.UserId == caller.Credentials.FileUserId)
        {
            return file;
        }

        file.Release();
        return null;
    }

    private static void Write(GuestThread thread, in SignalInfo info, CoreOutput output)
    {
        var space = thread.Process.Space;
        var regions = space.Regions.ToList();
        var lengths = regions.ConvertAll(region => CoreRegions.BytesToDump(space, region, (CoreContents)thread.Process.CoreFilter));
        var notes = CoreNotes.Of(thread, info, regions);
        var notesAt = (ulong)(ElfImage.HeaderSize + ((regions.Count + 1) * ElfImage.ProgramHeaderSize));
        var contentAt = Page.RoundUp(notesAt + (ulong)notes.Length);
        var isLong = regions.Count + 1 >= CountIsElsewhere;
        var sectionsAt = isLong ? lengths.Aggregate(contentAt, (sum, length) => sum + length) : 0;
        if (!output.TryWrite(Header(regions.Count + 1, sectionsAt))
            || !output.TryWrite(SegmentHeader(NoteSegment, 0, notesAt, default, (ulong)notes.Length, 0, 4)))
        {
            return;
        }

        var at = contentAt;
        for (var index = 0; index < regions.Count; index++)
        {
            var region = regions[index];
            if (!output.TryWrite(SegmentHeader(LoadSegment, RightsOf(region), at, region.Range.Start, lengths[index], region.Range.Length, Page.Size)))
            {
                return;
            }

            at += lengths[index];
        }

        if (!output.TryWrite(notes))
        {
            return;
        }

        output.Skip(contentAt - output.Position);
        var isWhole = true;
        for (var index = 0; isWhole && index < regions.Count; index++)
        {
            isWhole = TryWritePages(space, regions[index].Range.Start, lengths[index], output);
        }

        if (isWhole && isLong)
        {
            isWhole = output.TryWrite(CountingSection(regions.Count + 1));
        }

        if (isWhole)
        {
            output.Finish();
        }
    }

    private static bool TryWritePages(AddressSpace space, VirtualAddress start, ulong length, CoreOutput output)
    {
        var page = new byte[Page.Size];
        var beginsAt = output.Position;
        foreach (var address in length == 0 ? [] : space.PagesToDump(start, length))
        {
            if (!space.TryReadToDump(address, page))
            {
                continue;
            }

            output.Skip(beginsAt + (address - start.Value) - output.Position);
            if (!output.TryWrite(page))
            {
                return false;
            }
        }

        output.Skip(beginsAt + length - output.Position);
        return true;
    }

    private static byte[] Header(int segments, ulong sectionsAt)
    {
        var header = new byte[ElfImage.HeaderSize];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(header, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(16), CoreType);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(18), X64);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), ElfImage.HeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), sectionsAt);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(52), ElfImage.HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(54), ElfImage.ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(56), (ushort)Math.Min(segments, CountIsElsewhere));
        if (sectionsAt != 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(58), SectionHeaderSize);
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(60), 1);
        }

        return header;
    }

    private static byte[] SegmentHeader(uint type, uint rights, ulong at, VirtualAddress address, ulong fileBytes, ulong memoryBytes, ulong alignment)
    {
        var header = new byte[ElfImage.ProgramHeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), rights);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), at);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), address.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), fileBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), memoryBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), alignment);
        return header;
    }

    // PN_XNUM: more program headers than sixteen bits count, so the first section's sh_info does.
    private static byte[] CountingSection(int segments)
    {
        var section = new byte[SectionHeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(section.AsSpan(32), 1);
        BinaryPrimitives.WriteInt32LittleEndian(section.AsSpan(44), segments);
        return section;
    }

    // PF_R 4, PF_W 2, PF_X 1.
    private static uint RightsOf(RegionView region) =>
        ((region.Flags & RegionFlags.Read) != 0 ? 4u : 0) | ((region.Flags & RegionFlags.Write) != 0 ? 2u : 0) | ((region.Flags & RegionFlags.Execute) != 0 ? 1u : 0);
}
