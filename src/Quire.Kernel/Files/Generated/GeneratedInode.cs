using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Generated;

/// <summary>A file of /proc or /sys: it holds nothing itself, and is made up when somebody looks.</summary>
public abstract class GeneratedInode : Inode
{
    private readonly uint _permissions;
    private readonly ulong _number;
    private AttributeChange _changes;

    protected GeneratedInode(GeneratedSuperBlock superBlock, uint permissions)
        : base(superBlock)
    {
        _permissions = permissions;
        _number = superBlock.TakeNumber();
    }

    /// <summary>Whose file it is: a process's, or the machine's (null).</summary>
    public Credentials? Owner { get; init; }

    /// <summary>Owner and permissions can be changed, as long as the file is there (kernfs_iop_setattr of Linux).</summary>
    public bool KeepsChanges { get; init; }

    public override InodeAttributes Attributes
    {
        get
        {
            var now = ((GeneratedSuperBlock)SuperBlock).Now();
            return new InodeAttributes
            {
                Device = SuperBlock.Device,
                Number = _number,
                Mode = (uint)Type | _permissions,
                Links = Type == FileType.Directory ? 2u : 1u,
                UserId = (uint)(Owner?.EffectiveUserId ?? 0),
                GroupId = (uint)(Owner?.EffectiveGroupId ?? 0),
                BlockSize = 1024,
                AccessTime = now,
                ModifyTime = now,
                ChangeTime = now,
            }.With(_changes, now);
        }
    }

    public override Errno Change(in AttributeChange change)
    {
        if (!KeepsChanges)
        {
            return Errno.EPERM;
        }

        _changes = new AttributeChange
        {
            Permissions = change.Permissions ?? _changes.Permissions,
            UserId = change.UserId ?? _changes.UserId,
            GroupId = change.GroupId ?? _changes.GroupId,
        };
        return Errno.None;
    }
}

/// <summary>The file system of generated files.</summary>
public abstract class GeneratedSuperBlock : SuperBlock
{
    private ulong _lastNumber;

    protected GeneratedSuperBlock(Func<Timestamp> now) => Now = now;

    public Func<Timestamp> Now { get; }

    public override string MountOptions => "rw,nosuid,nodev,noexec,relatime";

    internal ulong TakeNumber() => ++_lastNumber;
}

/// <summary>A directory whose entries are made when they are looked up.</summary>
public abstract class GeneratedDirectory : GeneratedInode
{
    protected GeneratedDirectory(GeneratedSuperBlock superBlock, uint permissions = 0x16D)
        : base(superBlock, permissions)
    {
    }

    public override FileType Type => FileType.Directory;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = new DirectoryFile(request.Location, request.Flags);
        return Errno.None;
    }
}

/// <summary>A directory with a fixed list of entries.</summary>
public sealed class FixedDirectory : GeneratedDirectory
{
    private readonly Dictionary<string, Inode> _entries = new(StringComparer.Ordinal);

    public FixedDirectory(GeneratedSuperBlock superBlock, uint permissions = 0x16D)
        : base(superBlock, permissions)
    {
    }

    public FixedDirectory Add(string name, Inode inode)
    {
        _entries.Add(name, inode);
        return this;
    }

    public override Errno Lookup(string name, out Inode? child) => _entries.TryGetValue(name, out child) ? Errno.None : Errno.ENOENT;

    public override Errno List(List<ListedEntry> entries)
    {
        entries.AddRange(_entries.Select(entry => new ListedEntry(entry.Key, entry.Value.Attributes.Number, entry.Value.Type)));
        return Errno.None;
    }
}

/// <summary>A file whose text is rendered when it is read from its start.</summary>
public sealed class GeneratedFile : GeneratedInode
{
    public GeneratedFile(GeneratedSuperBlock superBlock, Func<byte[]?> render, uint permissions = 0x124)
        : base(superBlock, permissions) => Render = render;

    public GeneratedFile(GeneratedSuperBlock superBlock, Func<string?> render, uint permissions = 0x124)
        : this(superBlock, () => render() is { } text ? Encoding.Latin1.GetBytes(text) : null, permissions)
    {
    }

    /// <summary>Null: what it tells of is gone (ESRCH).</summary>
    public Func<byte[]?> Render { get; }

    /// <summary>What writing to it does; null: nothing can be written.</summary>
    public Func<string, Errno>? Store { get; init; }

    /// <summary>As <see cref="Store"/>, where it matters who writes, and who opened the file.</summary>
    internal Func<GuestThread, FileOpener, string, Errno>? StoreBy { get; init; }

    /// <summary>Why it cannot be read now; null: it always can.</summary>
    internal Func<Errno>? CheckRead { get; init; }

    /// <summary>Told when what the file shows changes; null: nobody is.</summary>
    internal ChangeNotice? Notice { get; init; }

    /// <summary>What reading gives when there is nothing to render.</summary>
    public Errno WhenGone { get; init; } = Errno.ESRCH;

    /// <summary>What writing more than a page at once gives; None: the rest is not taken.</summary>
    public Errno WhenTooLong { get; init; }

    public bool IsWritable => Store is not null || StoreBy is not null;

    public override FileType Type => FileType.Regular;

    public override Errno SetLength(ulong length) => IsWritable ? Errno.None : Errno.EPERM;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        if ((request.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly && !IsWritable)
        {
            return Errno.EACCES;
        }

        file = new GeneratedOpenFile(request.Location, request.Flags, this, FileOpener.Of(request.Caller));
        return Errno.None;
    }
}

/// <summary>Who opened a file, as he was then: what a descriptor that was handed on may do.</summary>
/// <param name="GroupRoot">The root of the control groups that he sees.</param>
internal readonly record struct FileOpener(Credentials Credentials, ControlGroup GroupRoot)
{
    /// <param name="thread">Null: the kernel itself.</param>
    public static FileOpener Of(GuestThread? thread) =>
        thread is null ? default : new FileOpener(thread.Process.Credentials, thread.Process.ControlGroupRoot);
}

/// <summary>A symbolic link of /proc; may lead straight to a file, whatever its text.</summary>
public sealed class GeneratedLink : GeneratedInode
{
    private readonly Func<GuestThread?, string?> _target;

    public GeneratedLink(GeneratedSuperBlock superBlock, Func<GuestThread?, string?> target, uint permissions = 0x1FF)
        : base(superBlock, permissions) => _target = target;

    /// <summary>Where following it leads, if that is not what its text says; null result: gone.</summary>
    public Func<FileLocation?>? Place { get; init; }

    public override FileType Type => FileType.SymbolicLink;

    public override Errno ReadLink(GuestThread? reader, out string target)
    {
        var text = _target(reader);
        target = text ?? "";
        return text is null ? Errno.ENOENT : Errno.None;
    }

    public override bool TryFollow(GuestThread? reader, out Errno error, out FileLocation location)
    {
        error = Errno.None;
        location = default;
        if (Place is null)
        {
            return false;
        }

        if (Place() is { } place)
        {
            location = place;
        }
        else
        {
            error = Errno.ENOENT;
        }

        return true;
    }

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        return Errno.ELOOP;
    }
}
