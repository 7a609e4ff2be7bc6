using Quire.Allocation;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A file of a layered tree. While guests only look, its attributes are the host's as last seen; the first change makes them its own. The
/// same object is the file before and after.
/// </summary>
public abstract class LayeredInode : Inode
{
    private static readonly Dictionary<string, byte[]?> NoAttributes = [];

    private InodeAttributes _attributes;

    // Other names that the host has for the file: in a steady run they are not counted, since anybody may make one.
    private uint _unseenLinks;
    private ExtendedAttributes? _extendedAttributes;

    private protected LayeredInode(LayeredFileSystem fileSystem, SlabSlot slot, in InodeAttributes attributes)
        : base(fileSystem)
    {
        FileSystem = fileSystem;
        Slot = slot;
        _attributes = attributes;
        IsOwn = true;
    }

    public override FileType Type => _attributes.Type;

    public override InodeAttributes Attributes => _unseenLinks == 0 ? _attributes : _attributes with { Links = Links > _unseenLinks ? Links - _unseenLinks : Math.Min(Links, 1) };

    /// <summary>Names of the file, with those that guests are not shown.</summary>
    internal uint Links => _attributes.Links;

    internal LayeredFileSystem FileSystem { get; }

    internal SlabSlot Slot { get; }

    /// <summary>Guests made or changed it: attributes no longer follow the host's.</summary>
    internal bool IsOwn { get; private set; }

    /// <summary>The host's path of the file below; null if there is none.</summary>
    internal string? LowerPath { get; private set; }

    internal (ulong Device, ulong Number)? LowerIdentity { get; private set; }

    internal LinkedListNode<LayeredInode>? RecentNode { get; set; }

    public override Errno Change(in AttributeChange change)
    {
        IsOwn = true;
        _attributes = _attributes.With(change, FileSystem.Now());
        return Errno.None;
    }

    public override Errno GetExtendedAttribute(string name, out byte[] value)
    {
        value = [];
        if (_extendedAttributes is not null && _extendedAttributes.Values.TryGetValue(name, out var own))
        {
            value = own ?? [];
            return own is null ? Errno.ENODATA : Errno.None;
        }

        return LowerPath is { } path ? FileSystem.Host.GetExtendedAttribute(path, name, out value) : Errno.ENODATA;
    }

    public override Errno SetExtendedAttribute(string name, byte[] value, ExtendedAttributeMode mode)
    {
        if (name.StartsWith("user.") && Type is not (FileType.Regular or FileType.Directory))
        {
            return Errno.EPERM;
        }

        var exists = GetExtendedAttribute(name, out _) == Errno.None;
        if (exists && mode == ExtendedAttributeMode.Create || !exists && mode == ExtendedAttributeMode.Replace)
        {
            return exists ? Errno.EEXIST : Errno.ENODATA;
        }

        var error = StoreExtendedAttribute(name, value);
        return error == Errno.None ? Change(default) : error;
    }

    public override Errno RemoveExtendedAttribute(string name)
    {
        var error = GetExtendedAttribute(name, out _);
        if (error != Errno.None)
        {
            return error;
        }

        error = StoreExtendedAttribute(name, null);
        return error == Errno.None ? Change(default) : error;
    }

    public override IReadOnlyCollection<string> ExtendedAttributeNames
    {
        get
        {
            var names = new SortedSet<string>(StringComparer.Ordinal);
            if (LowerPath is { } path && FileSystem.Host.ListExtendedAttributes(path, out var lower) == Errno.None)
            {
                names.UnionWith(lower);
            }

            foreach (var (name, value) in OwnExtendedAttributes)
            {
                if (value is null)
                {
                    names.Remove(name);
                }
                else
                {
                    names.Add(name);
                }
            }

            return names;
        }
    }

    /// <summary>What guests set or removed (null) here.</summary>
    internal IReadOnlyDictionary<string, byte[]?> OwnExtendedAttributes => _extendedAttributes?.Values ?? NoAttributes;

    internal void AttachLower(string path, in InodeAttributes lower)
    {
        LowerPath = path;
        LowerIdentity = (lower.Device, lower.Number);
        IsOwn = false;
        _unseenLinks = FileSystem.IsSteady && lower.Type != FileType.Directory && lower.Links > 0 ? lower.Links - 1 : 0;
    }

    /// <summary>The attributes stay as they are now, whatever the host does.</summary>
    internal void TakeOverAttributes() => IsOwn = true;

    /// <summary>The host shows the file again, maybe changed, maybe under another of its names.</summary>
    internal void Refresh(string path, in InodeAttributes lower)
    {
        if (!IsOwn)
        {
            var before = _attributes;
            _attributes = lower;
            LowerPath = path;
            OnLowerChanged(before, lower);
        }
    }

    internal void SetLinks(uint links)
    {
        IsOwn = true;
        _attributes.Links = links;
        _attributes.ChangeTime = FileSystem.Now();
    }

    /// <summary>Gives it what an earlier run kept. A number of 0 stands for none.</summary>
    internal void RestoreKept(in InodeAttributes kept, IReadOnlyDictionary<string, byte[]?> extendedAttributes)
    {
        IsOwn = true;
        _attributes = _attributes with
        {
            Number = kept.Number > 0 ? kept.Number : _attributes.Number,
            Mode = kept.Mode,
            UserId = kept.UserId,
            GroupId = kept.GroupId,
            Links = Math.Max(1, kept.Links),
            RepresentedDevice = kept.RepresentedDevice,
            AccessTime = kept.AccessTime,
            ModifyTime = kept.ModifyTime,
            ChangeTime = kept.ChangeTime,
            BirthTime = kept.BirthTime,
        };
        FileSystem.NoteUsedNumber(_attributes.Number);
        foreach (var (name, value) in extendedAttributes)
        {
            StoreExtendedAttribute(name, value);
        }
    }

    /// <summary>One name less; without names and users the file ends.</summary>
    internal void DropLink(uint links)
    {
        SetLinks(links > _attributes.Links ? 0 : _attributes.Links - links);
        EndIfUnused();
    }

    /// <summary>Some of the content is in RAM.</summary>
    internal virtual bool HasPages => false;

    /// <summary>Releases cached pages of a file that can be read again.</summary>
    internal virtual void DropPages()
    {
    }

    /// <summary>The content changed: modification and change time are now.</summary>
    protected internal void ContentChanged()
    {
        IsOwn = true;
        var now = FileSystem.Now();
        _attributes.ModifyTime = now;
        _attributes.ChangeTime = now;
    }

    protected void ClearPrivilegeBits()
    {
        var cleared = ModeBits.SetUserId | ((_attributes.Mode & ModeBits.GroupExecute) != 0 ? ModeBits.SetGroupId : 0);
        _attributes.Mode &= ~cleared;
    }

    protected void SetSize(ulong size) => _attributes.Size = size;

    protected virtual void OnLowerChanged(in InodeAttributes before, in InodeAttributes now)
    {
    }

    protected override void OnUnreferenced() => EndIfUnused();

    private void EndIfUnused()
    {
        if (_attributes.Links == 0 && !IsReferenced)
        {
            Free();
        }
    }

    private Errno StoreExtendedAttribute(string name, byte[]? value) => (_extendedAttributes ??= new ExtendedAttributes(FileSystem.Memory)).Set(name, value);

    private protected virtual void Free()
    {
        _extendedAttributes?.Clear();
        FileSystem.Forget(this);
    }
}
