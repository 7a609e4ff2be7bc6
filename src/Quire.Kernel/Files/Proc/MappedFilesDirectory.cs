using System.Globalization;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID/map_files: a link for each region that maps a file, named by where the region begins and ends (fs/proc/base.c).</summary>
internal sealed class MappedFilesDirectory(ProcFileSystem fileSystem, GuestProcess process) : GeneratedDirectory(fileSystem, 0x140)
{
    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        var parts = name.Split('-');
        if (process.IsZombie || parts.Length != 2 || !TryParse(parts[0], out var start) || !TryParse(parts[1], out var end)
            || process.Space.FindRegion(new VirtualAddress(start)) is not { File: { } file } region
            || region.Range.Start.Value != start || region.Range.End.Value != end)
        {
            return Errno.ENOENT;
        }

        var permissions = 0x40u | (file.IsReadable ? 0x100u : 0) | (file.IsWritable ? 0x80u : 0);
        child = new GeneratedLink(fileSystem, _ => file.Path, permissions) { Owner = Owner, Place = () => (file as OpenFile)?.Location };
        return Errno.None;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        if (process.IsZombie)
        {
            return Errno.None;
        }

        foreach (var region in process.Space.Regions)
        {
            if (region.File is not null)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{region.Range.Start.Value:x}-{region.Range.End.Value:x}");
                entries.Add(new ListedEntry(name, region.Range.Start.Value >> Page.Shift, FileType.SymbolicLink));
            }
        }

        return Errno.None;
    }

    private static bool TryParse(string text, out ulong value) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
