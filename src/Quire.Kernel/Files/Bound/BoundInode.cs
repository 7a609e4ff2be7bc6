using Quire.Kernel.Files.Host;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Bound;

/// <summary>A file of the host that guests change for real.</summary>
public abstract class BoundInode : Inode
{
    private InodeAttributes _seen;

    // What guests themselves set in this run, which a steady run shows though it shows nothing else of these times.
    private Timestamp? _accessTime;
    private Timestamp? _changeTime;
    private Timestamp? _modifyTime;

    private protected BoundInode(BoundFileSystem fileSystem, string path, in InodeAttributes attributes)
        : base(fileSystem)
    {
        FileSystem = fileSystem;
        HostPath = path;
        _seen = attributes;
    }

    public override FileType Type => _seen.Type;

    public override InodeAttributes Attributes
    {
        get
        {
            if (!IsUnlinked && FileSystem.Host.Stat(HostPath, out var attributes) == Errno.None && (attributes.Device, attributes.Number) == Identity)
            {
                Refresh(HostPath, attributes);
            }

            return FileSystem.Steady is { } steady ? ShowSteady(steady) : _seen;
        }
    }

    internal BoundFileSystem FileSystem { get; }

    /// <summary>The name under which it was found last.</summary>
    internal string HostPath { get; set; }

    internal (ulong Device, ulong Number) Identity => (_seen.Device, _seen.Number);

    /// <summary>The name is gone and no other is known.</summary>
    internal bool IsUnlinked { get; private set; }

    protected InodeAttributes Seen => _seen;

    /// <summary>Made without a name.</summary>
    private protected void BeginNameless() => IsUnlinked = true;

    protected override bool HasName => !IsUnlinked || !IsDirectory && _seen.Links > 0;

    public override Errno Change(in AttributeChange change)
    {
        _seen = _seen.With(change, FileSystem.Now());
        _changeTime = FileSystem.Now();
        _accessTime = change.AccessTime ?? _accessTime;
        _modifyTime = change.ModifyTime ?? _modifyTime;
        return IsUnlinked ? Errno.None : FileSystem.Host.Change(HostPath, change);
    }

    public override Errno GetExtendedAttribute(string name, out byte[] value)
    {
        value = [];
        return IsUnlinked ? Errno.ENODATA : FileSystem.Host.GetExtendedAttribute(HostPath, name, out value);
    }

    public override Errno SetExtendedAttribute(string name, byte[] value, ExtendedAttributeMode mode) =>
        IsUnlinked ? Errno.ENOENT : FileSystem.Host.SetExtendedAttribute(HostPath, name, value, mode);

    public override Errno RemoveExtendedAttribute(string name) => IsUnlinked ? Errno.ENOENT : FileSystem.Host.RemoveExtendedAttribute(HostPath, name);

    public override IReadOnlyCollection<string> ExtendedAttributeNames =>
        !IsUnlinked && FileSystem.Host.ListExtendedAttributes(HostPath, out var names) == Errno.None ? names : [];

    internal void Refresh(string path, in InodeAttributes attributes)
    {
        var before = _seen;
        _seen = attributes;
        HostPath = path;
        IsUnlinked = false;
        OnRefreshed(before, attributes);
    }

    /// <summary>Guests made or removed a name in this directory, or wrote to this file.</summary>
    internal void NoteContentChange() => _modifyTime = _changeTime = FileSystem.Now();

    internal void NameRemoved(string path)
    {
        _seen.Links = _seen.Links > 0 ? _seen.Links - 1 : 0;
        if (path == HostPath)
        {
            IsUnlinked = true;
        }
    }

    /// <summary>Lets go of everything that can be found again.</summary>
    internal virtual void Drop()
    {
    }

    protected virtual void OnRefreshed(in InodeAttributes before, in InodeAttributes now)
    {
    }

    private InodeAttributes ShowSteady(SteadyAttributes steady)
    {
        var shown = steady.Of(_seen, SteadyAttributes.Device);
        return shown with
        {
            AccessTime = _accessTime ?? shown.AccessTime,
            ChangeTime = _changeTime ?? shown.ChangeTime,
            ModifyTime = _modifyTime ?? shown.ModifyTime,
        };
    }

    protected override void OnUnreferenced()
    {
        Drop();
        if (IsUnlinked)
        {
            FileSystem.Forget(this);
        }
    }
}

/// <summary>A symbolic link, fifo, socket or device node of a bound directory.</summary>
public sealed class BoundNode : BoundInode
{
    internal BoundNode(BoundFileSystem fileSystem, string path, in InodeAttributes attributes)
        : base(fileSystem, path, attributes)
    {
    }

    public override Errno ReadLink(GuestThread? reader, out string target)
    {
        target = "";
        return Type == FileType.SymbolicLink ? FileSystem.Host.ReadLink(HostPath, out target) : Errno.EINVAL;
    }

    public override Errno Open(in OpenRequest request, out OpenFile? file) => SpecialFiles.Open(request, out file);
}
