using System.Globalization;
using System.Text;
using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Bound;

/// <summary>
/// A directory of the host without what would be dangerous there: a device node that guests make is an empty file of the host, and set-user-ID and
/// set-group-ID bits are not set on its files. What the guests see instead is kept in an extended attribute of the file, or for this run where the
/// host has none. (As QEMU's 9p server does with its mapped security model.)
/// </summary>
internal sealed class RecordedSpecialFiles(IHostFiles host) : IHostFiles
{
    private const string Prefix = "user.quire.";

    /// <summary>The mode in octal digits and the number of the device.</summary>
    private const string RecordName = Prefix + "special";
    private const int MostRemembered = 8192;

    // What the attribute said when the file had changed last.
    private readonly Dictionary<(ulong Device, ulong Number), (Timestamp Changed, Record Record)> _read = [];
    private readonly Dictionary<(ulong Device, ulong Number), Record> _unwritten = [];
    private readonly Dictionary<ulong, FileType> _devices = [];

    public Errno ResolvePath(string path, out string resolved) => host.ResolvePath(path, out resolved);

    public IHostFiles Confine(string directory) => new RecordedSpecialFiles(host.Confine(directory));

    public Errno Stat(string path, out InodeAttributes attributes)
    {
        var error = host.Stat(path, out attributes);
        if (error == Errno.None && attributes.Type is FileType.Regular or FileType.Directory)
        {
            var record = Find(path, attributes);
            attributes = record.Applied(attributes);
            if (record.IsDevice)
            {
                _devices[attributes.Number] = attributes.Type;
            }
            else if (_devices.Count > 0)
            {
                _devices.Remove(attributes.Number);
            }
        }

        return error;
    }

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics) => host.StatFileSystem(path, out statistics);

    public Errno ReadLink(string path, out string target) => host.ReadLink(path, out target);

    // Differs from Linux: a device that nobody has looked at in this run is listed as the file that stands for it; stat tells the truth.
    public Errno List(string path, List<ListedEntry> entries)
    {
        var first = entries.Count;
        var error = host.List(path, entries);
        for (var i = first; i < entries.Count && _devices.Count > 0; i++)
        {
            if (entries[i].Type == FileType.Regular && _devices.TryGetValue(entries[i].Number, out var type))
            {
                entries[i] = entries[i] with { Type = type };
            }
        }

        return error;
    }

    public Errno Open(string path, HostAccess access, out IHostFile? file) => host.Open(path, access, out file);

    public Errno GetExtendedAttribute(string path, string name, out byte[] value)
    {
        value = [];
        return name.StartsWith(Prefix) ? Errno.ENODATA : host.GetExtendedAttribute(path, name, out value);
    }

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names)
    {
        var error = host.ListExtendedAttributes(path, out names);
        names = [.. names.Where(name => !name.StartsWith(Prefix))];
        return error;
    }

    public Errno MakeNode(string path, uint mode, ulong device)
    {
        var wanted = Record.Of(mode, device);
        var error = host.MakeNode(path, wanted.IsDevice ? (uint)FileType.Regular | (mode & ModeBits.Permissions & ~Record.SetId) : mode & ~Record.SetId, 0);
        if (error == Errno.None && (wanted != Record.None || _unwritten.Count > 0) && host.Stat(path, out var made) == Errno.None)
        {
            // The number may have been another file's.
            _unwritten.Remove((made.Device, made.Number));
            Write(path, made, Record.None, wanted);
        }

        return error;
    }

    public Errno MakeDirectory(string path, uint permissions) => host.MakeDirectory(path, permissions & ~ModeBits.SetUserId);

    public Errno MakeSymbolicLink(string path, string target) => host.MakeSymbolicLink(path, target);

    public Errno Link(string existing, string path) => host.Link(existing, path);

    public Errno Unlink(string path) => host.Unlink(path);

    public Errno RemoveDirectory(string path) => host.RemoveDirectory(path);

    public Errno Rename(string oldPath, string newPath, RenameModes modes) => host.Rename(oldPath, newPath, modes);

    public Errno Change(string path, in AttributeChange change)
    {
        var isOfRights = change.Permissions is not null || change.UserId is not null || change.GroupId is not null;
        if (!isOfRights || host.Stat(path, out var attributes) != Errno.None || attributes.Type is not (FileType.Regular or FileType.Directory))
        {
            return host.Change(path, change);
        }

        // A new owner takes the bits away, as on the host. Recorded first: afterwards the file may be closed to writers.
        var dangerous = attributes.Type == FileType.Directory ? ModeBits.SetUserId : Record.SetId;
        var present = Find(path, attributes);
        var bits = change.Permissions is { } asked ? asked & dangerous : attributes.Type == FileType.Directory ? present.Mode & dangerous : 0;
        Write(path, attributes, present, present with { Mode = (present.Mode & ModeBits.TypeMask) | bits });
        return host.Change(path, change.Permissions is { } permissions ? change with { Permissions = permissions & ~dangerous } : change);
    }

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode) =>
        name.StartsWith(Prefix) ? Errno.EPERM : host.SetExtendedAttribute(path, name, value, mode);

    public Errno RemoveExtendedAttribute(string path, string name) => name.StartsWith(Prefix) ? Errno.ENODATA : host.RemoveExtendedAttribute(path, name);

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file) => host.CreateNameless(directory, permissions & ~Record.SetId, out file);

    public Errno LinkOpen(IHostFile file, string path) => host.LinkOpen(file, path);

    public Errno CreatePrivateFile(out IHostFile? file) => host.CreatePrivateFile(out file);

    public Errno Lock(string path, out IDisposable? held) => host.Lock(path, out held);

    public Errno Sync(string directory) => host.Sync(directory);

    public Errno SyncFileSystem(string path) => host.SyncFileSystem(path);

    private Record Find(string path, in InodeAttributes attributes)
    {
        var identity = (attributes.Device, attributes.Number);
        if (_unwritten.TryGetValue(identity, out var unwritten))
        {
            return unwritten;
        }

        if (_read.TryGetValue(identity, out var known) && known.Changed == attributes.ChangeTime)
        {
            return known.Record;
        }

        var record = host.GetExtendedAttribute(path, RecordName, out var value) == Errno.None ? Record.Parse(Encoding.Latin1.GetString(value)) : Record.None;
        if (_read.Count >= MostRemembered)
        {
            _read.Clear();
        }

        _read[identity] = (attributes.ChangeTime, record);
        return record;
    }

    private void Write(string path, in InodeAttributes attributes, Record present, Record wanted)
    {
        if (present == wanted)
        {
            return;
        }

        // The time of change may be too coarse to tell this change from the one before.
        var identity = (attributes.Device, attributes.Number);
        _read.Remove(identity);
        _unwritten.Remove(identity);
        var error = wanted == Record.None
            ? host.RemoveExtendedAttribute(path, RecordName)
            : host.SetExtendedAttribute(path, RecordName, Encoding.Latin1.GetBytes(wanted.ToString()), ExtendedAttributeMode.CreateOrReplace);
        if (error is not (Errno.None or Errno.ENODATA) && (wanted != Record.None || error != Errno.ENOTSUP))
        {
            _unwritten[identity] = wanted;
        }
    }

    /// <param name="Mode">The type, if it is a device's, and set-ID bits.</param>
    private readonly record struct Record(uint Mode, ulong Device)
    {
        public const uint SetId = ModeBits.SetUserId | ModeBits.SetGroupId;

        public static readonly Record None = default;

        public bool IsDevice => (FileType)(Mode & ModeBits.TypeMask) is FileType.CharacterDevice or FileType.BlockDevice;

        public static Record Of(uint mode, ulong device)
        {
            var isDevice = new Record(mode, device).IsDevice;
            return new Record((mode & SetId) | (isDevice ? mode & ModeBits.TypeMask : 0), isDevice ? device : 0);
        }

        /// <summary>What cannot be read says nothing.</summary>
        public static Record Parse(string text)
        {
            var words = text.Split(' ');
            try
            {
                return words.Length == 2 && ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var device) ? Of(Convert.ToUInt32(words[0], 8), device) : None;
            }
            catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException)
            {
                return None;
            }
        }

        public InodeAttributes Applied(in InodeAttributes attributes) => this == None ? attributes : attributes with
        {
            Mode = (IsDevice ? (Mode & ModeBits.TypeMask) | attributes.Permissions : attributes.Mode) | (Mode & SetId),
            RepresentedDevice = IsDevice ? Device : attributes.RepresentedDevice,
        };

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Convert.ToString(Mode, 8)} {Device}");
    }
}
