using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A directory: the host's entries below, and over them the names that guests made (their inode) or removed (null, a whiteout). A directory
/// that guests made has nothing below; one that was moved keeps what was below it.
/// </summary>
public sealed class LayeredDirectory : LayeredInode
{
    // A dentry of Linux has room for a name of 32 bytes; characters here take two.
    private const int EntryBytes = 192;
    private const int ShortName = 32;

    private readonly Dictionary<string, LayeredInode?> _changes = new(StringComparer.Ordinal);
    private readonly KernelCharge _charge;
    private long _removedNames;

    // As ext4 has it.
    private const uint MostLinks = 65_000;

    internal LayeredDirectory(LayeredFileSystem fileSystem, SlabSlot slot, in InodeAttributes attributes)
        : base(fileSystem, slot, attributes) => _charge = new KernelCharge(fileSystem.Memory.Slabs.Cache("dentry", EntryBytes));

    /// <summary>Names over the host's; null is a whiteout.</summary>
    internal IReadOnlyDictionary<string, LayeredInode?> Changes => _changes;

    public override InodeAttributes Attributes =>
        LowerPath is null ? base.Attributes with { Size = (ulong)(_changes.Count + 2) * 20 } : base.Attributes;

    public override long? RemovedNames => _removedNames;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = new DirectoryFile(request.Location, request.Flags);
        return Errno.None;
    }

    public override Errno Lookup(string name, out Inode? child)
    {
        var error = LookupOwn(name, out var found);
        child = found;
        return error;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        var first = entries.Count;
        if (LowerPath is { } path)
        {
            var lower = new List<ListedEntry>();
            var error = FileSystem.Host.List(path, lower);
            if (error != Errno.None)
            {
                return error;
            }

            entries.AddRange(_changes.Count == 0 ? lower : lower.Where(entry => !_changes.ContainsKey(entry.Name)));
        }

        foreach (var (name, inode) in _changes)
        {
            if (inode is not null)
            {
                entries.Add(new ListedEntry(name, inode.Attributes.Number, inode.Type));
            }
        }

        if (FileSystem.IsSteady)
        {
            entries.Sort(first, entries.Count - first, Comparer<ListedEntry>.Create((left, right) => string.CompareOrdinal(left.Name, right.Name)));
        }

        return Errno.None;
    }

    public override Errno Create(string name, in NewInode what, out Inode? created)
    {
        created = null;
        if (base.Attributes.Links == 0)
        {
            return Errno.ENOENT;
        }

        var error = Reserve(name);
        if (error != Errno.None)
        {
            return error;
        }

        error = FileSystem.MakeNew(what, Attributes.Device, out var inode);
        if (error != Errno.None)
        {
            GiveUp(name);
            return error;
        }

        created = inode;
        Place(name, inode!);
        inode!.SetLinks(what.Type == FileType.Directory ? 2u : 1u);
        ContentChanged();
        return Errno.None;
    }

    public override Errno CreateNameless(in NewInode what, out Inode? created)
    {
        var error = FileSystem.MakeNew(what, Attributes.Device, out var inode);
        created = inode;
        return error;
    }

    public override Errno Link(string name, Inode target)
    {
        var inode = (LayeredInode)target;
        if (base.Attributes.Links == 0)
        {
            return Errno.ENOENT;
        }

        if (inode.Links >= MostLinks)
        {
            return Errno.EMLINK;
        }

        var error = Reserve(name);
        if (error != Errno.None)
        {
            return error;
        }

        Place(name, inode);
        inode.SetLinks(inode.Links + 1);
        ContentChanged();
        return Errno.None;
    }

    public override Errno Unlink(string name, Inode child)
    {
        var error = Reserve(name);
        if (error != Errno.None)
        {
            return error;
        }

        TakeOut(name, (LayeredInode)child);
        ContentChanged();
        ((LayeredInode)child).DropLink(1);
        return Errno.None;
    }

    public override Errno RemoveDirectory(string name, Inode child)
    {
        var directory = (LayeredDirectory)child;
        var error = directory.CheckEmpty();
        error = error == Errno.None ? Reserve(name) : error;
        if (error != Errno.None)
        {
            return error;
        }

        TakeOut(name, directory);
        ContentChanged();
        directory.DropLink(uint.MaxValue);
        return Errno.None;
    }

    public override Errno Rename(in RenameRequest request)
    {
        var target = (LayeredDirectory)request.NewDirectory;
        var moved = (LayeredInode)request.Moved;
        var replaced = (LayeredInode?)request.Replaced;
        var failure = request.Replaced is LayeredDirectory old && (request.Modes & RenameModes.Exchange) == 0 ? old.CheckEmpty() : Errno.None;
        failure = failure == Errno.None ? Reserve(request.OldName) : failure;
        if (failure != Errno.None)
        {
            return failure;
        }

        failure = target.Reserve(request.NewName);
        if (failure != Errno.None)
        {
            GiveUp(request.OldName);
            return failure;
        }

        if ((request.Modes & RenameModes.Exchange) != 0)
        {
            Uncount(moved);
            target.Uncount(replaced!);
            Place(request.OldName, replaced!);
            target.Place(request.NewName, moved);
            replaced!.Change(default);
        }
        else
        {
            if (replaced is not null)
            {
                target.Uncount(replaced);
                replaced.DropLink(replaced.IsDirectory ? uint.MaxValue : 1);
            }

            TakeOut(request.OldName, moved);
            target.Place(request.NewName, moved);
        }

        moved.Change(default);
        ContentChanged();
        target.ContentChanged();
        return Errno.None;
    }

    /// <summary>Puts a name there without touching times or links: what an earlier run kept.</summary>
    internal void RestoreName(string name, LayeredInode? inode)
    {
        if (Reserve(name) != Errno.None)
        {
            throw new IOException("the layer's names do not fit into the machine's memory");
        }

        _changes[name] = inode;
    }

    /// <summary>Notes the host's file of this name among the changes, though it is the same. False if the name is changed or gone already.</summary>
    internal bool TryPlaceCopiedUp(string name)
    {
        if (_changes.ContainsKey(name) || LookupOwn(name, out var child) != Errno.None || Reserve(name) != Errno.None)
        {
            return false;
        }

        child!.TakeOverAttributes();
        _changes.Add(name, child);
        return true;
    }

    // A name that is not among the changes yet is paid for before anything is done; what was not noted after all is given up.
    private Errno Reserve(string name) => _changes.ContainsKey(name) || _charge.TryAdd(BytesOf(name)) ? Errno.None : Errno.ENOSPC;

    private void GiveUp(string name)
    {
        if (!_changes.ContainsKey(name))
        {
            _charge.Remove(BytesOf(name));
        }
    }

    private static int BytesOf(string name) => EntryBytes + (name.Length > ShortName ? 2 * name.Length : 0);

    private protected override void Free()
    {
        _changes.Clear();
        _charge.Clear();
        base.Free();
    }

    private void Place(string name, LayeredInode inode)
    {
        _changes[name] = inode;
        if (inode.IsDirectory && CountsSubdirectories)
        {
            SetLinks(base.Attributes.Links + 1);
        }
    }

    private void TakeOut(string name, LayeredInode inode)
    {
        Uncount(inode);
        if (LowerPath is { } path && FileSystem.Host.Stat(path + "/" + name, out _) == Errno.None)
        {
            _changes[name] = null;
        }
        else
        {
            _changes.Remove(name);
            _charge.Remove(BytesOf(name));
        }
    }

    // What had a name here has it no more. The name itself may get another at once, and stays paid for.
    private void Uncount(LayeredInode inode)
    {
        _removedNames++;
        if (inode.IsDirectory && CountsSubdirectories)
        {
            SetLinks(base.Attributes.Links - 1);
        }
    }

    // Some file systems of the host do not count subdirectories as links and always show 1.
    private bool CountsSubdirectories => base.Attributes.Links >= 2;

    private Errno LookupOwn(string name, out LayeredInode? child)
    {
        if (_changes.TryGetValue(name, out child))
        {
            return child is null ? Errno.ENOENT : Errno.None;
        }

        if (LowerPath is not { } path || base.Attributes.Links == 0)
        {
            return Errno.ENOENT;
        }

        var childPath = path + "/" + name;
        var error = FileSystem.Host.Stat(childPath, out var attributes);
        return error == Errno.None ? FileSystem.FromLower(childPath, attributes, out child) : error;
    }

    private Errno CheckEmpty()
    {
        var entries = new List<ListedEntry>();
        var error = List(entries);
        return error != Errno.None ? error : entries.Count > 0 ? Errno.ENOTEMPTY : Errno.None;
    }
}
