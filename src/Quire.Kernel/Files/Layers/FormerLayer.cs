using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A kept layer of the first format: a tree of the changed files under their own names, with whiteouts as <see cref="FormerLayerNames"/> says
/// and what the host cannot keep (owners, types, inode numbers) in a sidecar. It is read, and kept in the present format from then on.
/// </summary>
internal sealed class FormerLayer
{
    private readonly LayeredFileSystem _fileSystem;
    private readonly IHostFiles _host;
    private readonly string _directory;
    private readonly Dictionary<(ulong, ulong), LayeredInode> _known = [];
    private Dictionary<string, FormerRecord> _records = [];

    public FormerLayer(LayeredFileSystem fileSystem, IHostFiles host, string directory)
    {
        _fileSystem = fileSystem;
        _host = host;
        _directory = directory;
    }

    /// <exception cref="IOException">Something cannot be read, or a change of states was cut off so that none of the two is whole.</exception>
    /// <exception cref="FormatException">The sidecar is damaged.</exception>
    public void Load(string sidecar)
    {
        // One of the two was whole before the other began to be taken apart. If neither is empty the change was cut off in its midst.
        if (HoldsSomething(FormerLayerNames.Next) && HoldsSomething(FormerLayerNames.Previous))
        {
            throw new IOException(
                $"{Show(_directory)}: an earlier version was cut off while it kept this layer: {FormerLayerNames.Previous} with what is beside it is the old state, {FormerLayerNames.Next} with it the new one; move one of them together");
        }

        _records = FormerSidecar.Parse(LayerText.ReadLines(_host, sidecar));
        if (_records.TryGetValue("/", out var root))
        {
            Restore(_fileSystem.Root, root, _fileSystem.Root.Attributes);
        }

        LoadDirectory(_fileSystem.Root, _directory, "");
    }

    private bool HoldsSomething(string name)
    {
        var entries = new List<ListedEntry>();
        return _host.List($"{_directory}/{name}", entries) == Errno.None && entries.Count > 0;
    }

    private void LoadDirectory(LayeredDirectory directory, string path, string guestPath)
    {
        var entries = new List<ListedEntry>();
        KeptLayer.Check(_host.List(path, entries), path);
        foreach (var entry in entries)
        {
            if (FormerLayerNames.IsWhiteout(entry.Name, out var name))
            {
                directory.RestoreName(name!, null);
            }
            else if (name is not null)
            {
                directory.RestoreName(name, LoadFile(directory, path + "/" + entry.Name, name, guestPath + "/" + name));
            }
        }
    }

    private LayeredInode LoadFile(LayeredDirectory parent, string path, string name, string guestPath)
    {
        KeptLayer.Check(_host.Stat(path, out var stored), path);
        if (_known.TryGetValue((stored.Device, stored.Number), out var same))
        {
            return same;
        }

        var record = _records.GetValueOrDefault(guestPath);
        var type = record is null ? stored.Type : record.Attributes.Type;
        LayeredInode inode;
        if (type == FileType.Directory)
        {
            inode = LoadedDirectory(parent, path, name, record);
            Restore(inode, record, stored);
            LoadDirectory((LayeredDirectory)inode, path, guestPath);
            return inode;
        }

        var target = "";
        if (type == FileType.SymbolicLink)
        {
            KeptLayer.Check(_host.ReadLink(path, out target), path);
        }

        inode = _fileSystem.Restored(parent, type, target);
        Restore(inode, record, stored);
        if (inode is LayeredFile file)
        {
            file.RestoreContent(path, stored.Size);
        }

        _known[(stored.Device, stored.Number)] = inode;
        return inode;
    }

    private LayeredDirectory LoadedDirectory(LayeredDirectory parent, string path, string name, FormerRecord? record)
    {
        var isOpaque = _host.Stat(path + "/" + FormerLayerNames.Opaque, out _) == Errno.None;
        var below = record?.Redirect ?? (parent.LowerPath is { } lower ? $"{lower[_fileSystem.LowerRoot!.Length..]}/{name}" : null);
        return (isOpaque || below is null ? null : _fileSystem.DirectoryBelow(below)) ?? (LayeredDirectory)_fileSystem.Restored(parent, FileType.Directory, "");
    }

    private static void Restore(LayeredInode inode, FormerRecord? record, in InodeAttributes stored)
    {
        // Inode numbers of the host's files are the host's.
        var attributes = record?.Attributes ?? stored with { Number = 0 };
        inode.RestoreKept(attributes, record?.ExtendedAttributes ?? new Dictionary<string, byte[]?>());
    }

    private static string Show(string path) => GuestText.ToHost(path);
}
