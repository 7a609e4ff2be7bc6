using System.Diagnostics.CodeAnalysis;
using Quire.Kernel.Files.Watches;

namespace Quire.Kernel.Files;

/// <summary>
/// A name in use: an inode under the name and directory through which it was reached. It gives open files and working directories their
/// path, and follows renames. While pinned it is the only entry of its name in its directory, which it pins in turn; walks make unpinned ones
/// and throw them away.
/// </summary>
public sealed class DirectoryEntry
{
    private Dictionary<string, DirectoryEntry>? _pinnedChildren;
    private int _pins;

    public DirectoryEntry(DirectoryEntry? parent, string name, Inode inode)
    {
        Parent = parent;
        Name = name;
        Inode = inode;
    }

    /// <summary>Null for the root of a file system and for files outside of any tree (pipes, sockets).</summary>
    public DirectoryEntry? Parent { get; private set; }

    public string Name { get; private set; }

    public Inode Inode { get; }

    /// <summary>The name is gone; the file lives on while it is open.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>A file that never had a name (O_TMPFILE).</summary>
    public static DirectoryEntry Nameless(DirectoryEntry directory, Inode inode) =>
        new(directory, $"#{inode.Attributes.Number}", inode) { IsRemoved = true };

    /// <summary>The entry for a child that a lookup found: the pinned one if there is one.</summary>
    public DirectoryEntry Child(string name, Inode inode) =>
        TryGetPinned(name, out var pinned) && pinned.Inode == inode ? pinned : new DirectoryEntry(this, name, inode);

    /// <summary>Pins this entry, or the one already pinned in its place. Use what it returns.</summary>
    public DirectoryEntry Pin()
    {
        if (_pins == 0 && Parent is not null)
        {
            Parent = Parent.Pin();
            if (!IsRemoved)
            {
                if (Parent.TryGetPinned(Name, out var present) && present.Inode == Inode)
                {
                    Parent.Unpin();
                    return present.Pin();
                }

                // Whatever was pinned under this name until now is another file: the host changed it.
                Parent.Detach(Name);
                (Parent._pinnedChildren ??= [])[Name] = this;
            }
        }

        _pins++;
        Inode.AddReference();
        return this;
    }

    public void Unpin()
    {
        // From name to name upwards: a tree may be deeper than the stack of a host thread.
        for (var entry = this; entry is not null;)
        {
            var parent = --entry._pins == 0 ? entry.Parent : null;
            if (parent is not null && parent.TryGetPinned(entry.Name, out var present) && present == entry)
            {
                parent._pinnedChildren!.Remove(entry.Name);
            }

            entry.Inode.DropReference();
            entry = parent;
        }
    }

    /// <summary>Something happened to the file under this name: first who watches its directory is told, then who watches the file.</summary>
    internal void Tell(FileEvents what)
    {
        Parent?.Inode.Watches?.Tell(what | Inode.EventKind, Name, 0);
        Inode.Tell(what);
    }

    /// <summary>The name was unlinked.</summary>
    internal void Detach(string name)
    {
        if (TryGetPinned(name, out var child))
        {
            _pinnedChildren!.Remove(name);
            child.IsRemoved = true;
        }
    }

    /// <summary>The name was renamed; whatever had the new name is gone.</summary>
    internal void MoveChild(string oldName, DirectoryEntry newParent, string newName)
    {
        newParent.Detach(newName);
        if (TryGetPinned(oldName, out var child))
        {
            _pinnedChildren!.Remove(oldName);
            child.Place(newParent, newName);
        }
    }

    /// <summary>Two names exchanged what they stand for.</summary>
    internal void ExchangeChild(string name, DirectoryEntry otherParent, string otherName)
    {
        TryGetPinned(name, out var child);
        otherParent.TryGetPinned(otherName, out var other);
        _pinnedChildren?.Remove(name);
        otherParent._pinnedChildren?.Remove(otherName);
        child?.Place(otherParent, otherName);
        other?.Place(this, name);
    }

    private void Place(DirectoryEntry newParent, string newName)
    {
        var oldParent = Parent!;
        Parent = newParent.Pin();
        Name = newName;
        (Parent._pinnedChildren ??= [])[newName] = this;
        oldParent.Unpin();
    }

    private bool TryGetPinned(string name, [NotNullWhen(true)] out DirectoryEntry? entry)
    {
        entry = null;
        return _pinnedChildren is not null && _pinnedChildren.TryGetValue(name, out entry);
    }
}
