using System.Text;
using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A writable layer kept in a host directory (--layer): a tree of the changed files under their own names, with whiteouts as
/// <see cref="LayerNames"/> says and what the host cannot keep (owners, types, inode numbers) in a sidecar. A new state is built beside the old
/// one and takes its place when it is complete.
/// </summary>
internal sealed class KeptLayer
{
    private const int ChunkBytes = 1 << 16;

    private readonly LayeredFileSystem _fileSystem;
    private readonly IHostFiles _host;
    private readonly string _directory;

    public KeptLayer(LayeredFileSystem fileSystem, IHostFiles host, string directory)
    {
        _fileSystem = fileSystem;
        _host = host;
        _directory = directory;
    }

    /// <summary>Brings what an earlier run kept into the empty layer.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public void Load()
    {
        var records = LayerSidecar.Parse(ReadText(_directory + "/" + LayerNames.Sidecar));
        if (records.TryGetValue("/", out var root))
        {
            Restore(_fileSystem.Root, root, _fileSystem.Root.Attributes);
        }

        LoadDirectory(_fileSystem.Root, _directory, "", records, []);
    }

    /// <summary>Writes the layer's state.</summary>
    /// <exception cref="IOException">The host refuses something; the state kept before is still there.</exception>
    public void Save()
    {
        _fileSystem.PlaceCopiedUp();
        var next = _directory + "/" + LayerNames.Next;
        RemoveTree(next);
        Check(_host.MakeDirectory(next, 0x1C0), next);
        var sidecar = new StringBuilder();
        var saved = new Dictionary<LayeredInode, string>();
        SaveDirectory(_fileSystem.Root, next, "", sidecar, saved);
        WriteText(next + "/" + LayerNames.Sidecar, sidecar.ToString());
        Swap(next);
        foreach (var (inode, path) in saved)
        {
            (inode as LayeredFile)?.WasKept(_directory + path);
        }
    }

    private void LoadDirectory(LayeredDirectory directory, string path, string guestPath, Dictionary<string, LayerRecord> records, Dictionary<(ulong, ulong), LayeredInode> known)
    {
        foreach (var entry in List(path))
        {
            if (LayerNames.IsWhiteout(entry.Name, out var name))
            {
                directory.RestoreName(name!, null);
            }
            else if (name is not null)
            {
                var guestName = guestPath + "/" + name;
                directory.RestoreName(name, LoadFile(directory, path + "/" + entry.Name, name, guestName, records, known));
            }
        }
    }

    private LayeredInode LoadFile(
        LayeredDirectory parent, string path, string name, string guestPath, Dictionary<string, LayerRecord> records, Dictionary<(ulong, ulong), LayeredInode> known)
    {
        Check(_host.Stat(path, out var stored), path);
        if (known.TryGetValue((stored.Device, stored.Number), out var same))
        {
            return same;
        }

        records.TryGetValue(guestPath, out var record);
        var type = record is null ? stored.Type : record.Attributes.Type;
        LayeredInode inode;
        if (type == FileType.Directory)
        {
            inode = LoadedDirectory(parent, path, name, record);
            Restore(inode, record, stored);
            LoadDirectory((LayeredDirectory)inode, path, guestPath, records, known);
            return inode;
        }

        var target = "";
        if (type == FileType.SymbolicLink)
        {
            Check(_host.ReadLink(path, out target), path);
        }

        inode = New(parent, type, target);
        Restore(inode, record, stored);
        if (inode is LayeredFile file)
        {
            file.RestoreContent(path, stored.Size);
        }

        known[(stored.Device, stored.Number)] = inode;
        return inode;
    }

    private LayeredDirectory LoadedDirectory(LayeredDirectory parent, string path, string name, LayerRecord? record)
    {
        var isOpaque = _host.Stat(path + "/" + LayerNames.Opaque, out _) == Errno.None;
        var below = record?.Redirect is { } redirect ? _fileSystem.LowerRoot + redirect : parent.LowerPath is { } lower ? $"{lower}/{name}" : null;
        if (!isOpaque && below is not null && _host.Stat(below, out var attributes) == Errno.None && attributes.Type == FileType.Directory
            && _fileSystem.FromLower(below, attributes, out var found) == Errno.None)
        {
            return (LayeredDirectory)found!;
        }

        return (LayeredDirectory)New(parent, FileType.Directory, "");
    }

    private LayeredInode New(LayeredDirectory parent, FileType type, string target)
    {
        var error = _fileSystem.MakeNew(new NewInode(type, 0, 0, 0) { Target = target }, parent.Attributes.Device, out var inode);
        return error == Errno.None ? inode! : throw new IOException($"{Show(_directory)}: the layer does not fit into the machine's memory");
    }

    private static void Restore(LayeredInode inode, LayerRecord? record, in InodeAttributes stored)
    {
        var kept = record?.Attributes ?? stored;
        inode.Restore(inode.Attributes with
        {
            Number = record is { Attributes.Number: > 0 } ? kept.Number : inode.Attributes.Number,
            Mode = kept.Mode,
            UserId = kept.UserId,
            GroupId = kept.GroupId,
            Links = Math.Max(1, kept.Links),
            RepresentedDevice = kept.RepresentedDevice,
            AccessTime = kept.AccessTime,
            ModifyTime = kept.ModifyTime,
            ChangeTime = kept.ChangeTime,
            BirthTime = kept.BirthTime,
        });
        inode.FileSystem.NoteUsedNumber(inode.Attributes.Number);
        foreach (var (name, value) in record?.ExtendedAttributes ?? new Dictionary<string, byte[]?>())
        {
            inode.RestoreExtendedAttribute(name, value);
        }
    }

    private void SaveDirectory(LayeredDirectory directory, string path, string guestPath, StringBuilder sidecar, Dictionary<LayeredInode, string> saved)
    {
        if (directory.IsOwn)
        {
            AppendRecord(sidecar, directory, guestPath.Length == 0 ? "/" : guestPath);
        }

        if (directory.LowerPath is null)
        {
            Touch(path + "/" + LayerNames.Opaque);
        }

        foreach (var (name, inode) in directory.Changes)
        {
            if (inode is null)
            {
                Touch(path + "/" + LayerNames.ForWhiteout(name));
                continue;
            }

            var stored = path + "/" + LayerNames.ForFile(name);
            var guestName = guestPath + "/" + name;
            if (inode is LayeredDirectory child)
            {
                Check(_host.MakeDirectory(stored, 0x1C0 | (child.Attributes.Mode & 0x3F)), stored);
                SaveDirectory(child, stored, guestName, sidecar, saved);
            }
            else if (saved.TryGetValue(inode, out var first))
            {
                var existing = _directory + "/" + LayerNames.Next + first;
                Check(_host.Link(existing, stored), stored);
                AppendRecord(sidecar, inode, guestName);
            }
            else
            {
                SaveFile(inode, stored);
                saved.Add(inode, stored[(_directory.Length + LayerNames.Next.Length + 1)..]);
                AppendRecord(sidecar, inode, guestName);
            }
        }
    }

    private void SaveFile(LayeredInode inode, string path)
    {
        switch (inode)
        {
            case LayeredLink link:
                Check(link.ReadLink(null, out var target), path);
                Check(_host.MakeSymbolicLink(path, target), path);
                break;
            case LayeredFile { KeptPath: { } kept, HasOwnContent: false }:
                Check(_host.Link(kept, path), path);
                break;
            case LayeredFile file:
                Touch(path);
                CopyContent(file, path);
                Check(_host.Change(path, new AttributeChange { Permissions = (file.Attributes.Mode & 0x1FF) | 0x180, ModifyTime = file.Attributes.ModifyTime }), path);
                break;
            default:
                // Fifos, sockets and devices: the sidecar says which.
                Touch(path);
                break;
        }
    }

    private void CopyContent(LayeredFile file, string path)
    {
        Check(_host.Open(path, HostAccess.ReadWrite, out var target), path);
        using (target)
        {
            var chunk = new byte[ChunkBytes];
            var length = file.Content.Length;
            Check(target!.SetLength(length), path);
            for (var offset = 0UL; offset < length;)
            {
                var wanted = (int)Math.Min((ulong)chunk.Length, length - offset);
                var read = file.Content.ReadBytes(offset, chunk.AsSpan(0, wanted));
                if (read <= 0)
                {
                    throw new IOException($"{Show(path)}: its content cannot be read: {(Errno)(-read)}");
                }

                var bytes = chunk.AsSpan(0, (int)read);

                // Zeros are there already: the file stays sparse.
                if (bytes.ContainsAnyExcept((byte)0) && target.Write(offset, bytes) is var written && written < bytes.Length)
                {
                    throw new IOException($"{Show(path)}: cannot be written: {(written < 0 ? (Errno)(-written) : Errno.ENOSPC)}");
                }

                offset += (ulong)read;
            }
        }
    }

    private void AppendRecord(StringBuilder sidecar, LayeredInode inode, string guestPath)
    {
        string? redirect = null;
        if (inode is LayeredDirectory { LowerPath: { } below } && below != _fileSystem.LowerRoot + (guestPath == "/" ? "" : guestPath))
        {
            redirect = below[_fileSystem.LowerRoot!.Length..];
        }

        sidecar.Append(LayerSidecar.Format(guestPath, new LayerRecord
        {
            Attributes = inode.Attributes,
            Redirect = redirect,
            ExtendedAttributes = inode.OwnExtendedAttributes,
        }));
    }

    private void Swap(string next)
    {
        var previous = _directory + "/" + LayerNames.Previous;
        RemoveTree(previous);
        Check(_host.MakeDirectory(previous, 0x1C0), previous);
        foreach (var entry in List(_directory))
        {
            if (entry.Name is not (LayerNames.Next or LayerNames.Previous))
            {
                Check(_host.Rename($"{_directory}/{entry.Name}", $"{previous}/{entry.Name}", RenameModes.None), entry.Name);
            }
        }

        foreach (var entry in List(next))
        {
            Check(_host.Rename($"{next}/{entry.Name}", $"{_directory}/{entry.Name}", RenameModes.None), entry.Name);
        }

        Check(_host.RemoveDirectory(next), next);
        RemoveTree(previous);
    }

    private void RemoveTree(string path)
    {
        if (_host.Stat(path, out var attributes) != Errno.None)
        {
            return;
        }

        if (attributes.Type != FileType.Directory)
        {
            Check(_host.Unlink(path), path);
            return;
        }

        foreach (var entry in List(path))
        {
            RemoveTree(path + "/" + entry.Name);
        }

        Check(_host.RemoveDirectory(path), path);
    }

    private List<ListedEntry> List(string path)
    {
        var entries = new List<ListedEntry>();
        Check(_host.List(path, entries), path);
        return entries;
    }

    private void Touch(string path) => Check(_host.MakeNode(path, (uint)FileType.Regular | 0x180, 0), path);

    private string ReadText(string path)
    {
        if (_host.Open(path, HostAccess.Read, out var file) != Errno.None)
        {
            return "";
        }

        using (file)
        {
            Check(file!.Stat(out var attributes), path);
            var bytes = new byte[attributes.Size];
            var length = file.Read(0, bytes);
            return length < 0 ? throw new IOException($"{Show(path)}: {(Errno)(-length)}") : Encoding.Latin1.GetString(bytes, 0, (int)length);
        }
    }

    private void WriteText(string path, string text)
    {
        Touch(path);
        Check(_host.Open(path, HostAccess.ReadWrite, out var file), path);
        using (file)
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var written = file!.Write(0, bytes);
            if (written < bytes.Length)
            {
                throw new IOException($"{Show(path)}: cannot be written: {(written < 0 ? (Errno)(-written) : Errno.ENOSPC)}");
            }
        }
    }

    private static void Check(Errno error, string path)
    {
        if (error != Errno.None)
        {
            throw new IOException($"layer: {Show(path)}: {error}");
        }
    }

    private static string Show(string path) => GuestText.ToHost(path);
}
