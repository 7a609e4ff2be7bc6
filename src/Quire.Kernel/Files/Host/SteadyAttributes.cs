using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// What a run that is to be the same again is shown of a host file's attributes: nothing that changes while names and contents stay. Reading moves access
/// times, links and restored backups move change times, names that come and go move a directory's modification time and size, copies have other
/// inode numbers, file systems count blocks in their own ways. A file's modification time is kept: make and Python's caches go by it.
/// </summary>
/// <param name="start">What all but regular files show as their times: the machine's clock at its start.</param>
public sealed class SteadyAttributes(Timestamp start)
{
    private const ulong SectorsInPage = 8;

    private readonly Dictionary<(ulong Device, ulong Number), ulong> _numbers = [];
    private ulong _lastNumber = 1;

    /// <summary>st_dev of every file of the host, wherever the host keeps it, that belongs to no mount with a device of its own.</summary>
    public static ulong Device { get; } = DeviceNumber.Of(0, 28);

    public Timestamp Start => start;

    /// <summary>Files are numbered as they are first seen, one number for all names of one file.</summary>
    public ulong NumberOf(ulong device, ulong number)
    {
        if (!_numbers.TryGetValue((device, number), out var shown))
        {
            _numbers.Add((device, number), shown = ++_lastNumber);
        }

        return shown;
    }

    /// <summary>A number is taken: files that are seen from now on get others.</summary>
    public void Reserve(ulong number) => _lastNumber = Math.Max(_lastNumber, number);

    /// <param name="device">st_dev to show.</param>
    public InodeAttributes Of(in InodeAttributes host, ulong device)
    {
        var isFile = host.Type is FileType.Regular or FileType.SymbolicLink;
        var size = isFile ? host.Size : host.Type == FileType.Directory ? (ulong)Page.Size : 0;
        var time = host.Type == FileType.Regular ? host.ModifyTime : start;
        return host with
        {
            Device = device,
            Number = NumberOf(host.Device, host.Number),

            // As file systems have it that do not count subdirectories.
            Links = host.Type == FileType.Directory ? 1 : host.Links,
            Size = size,
            Blocks = host.Type == FileType.SymbolicLink ? 0 : (size + Page.Size - 1) / Page.Size * SectorsInPage,
            BlockSize = Page.Size,
            AccessTime = time,
            ModifyTime = time,
            ChangeTime = time,
            BirthTime = time,
        };
    }
}
