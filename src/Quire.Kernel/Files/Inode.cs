using Quire.Kernel.Files.Locks;
using Quire.Kernel.Files.Pipes;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>
/// A file of any type, apart from its names. Names are strings whose characters are bytes (Latin-1), so that no name is ever changed by a
/// decoding. Operations on names are called on the directory; permissions were checked by the caller (<see cref="FileSystem"/>).
/// </summary>
public abstract class Inode
{
    private int _references;

    protected Inode(SuperBlock superBlock) => SuperBlock = superBlock;

    public SuperBlock SuperBlock { get; }

    public abstract FileType Type { get; }

    public abstract InodeAttributes Attributes { get; }

    public bool IsDirectory => Type == FileType.Directory;

    /// <summary>The bytes of a regular file; null for everything else.</summary>
    public virtual PageCache? Pages => null;

    /// <summary>Advisory locks on the file: flock(2), fcntl(2).</summary>
    /// <param name="memory">Pays for them.</param>
    public FileLocks LocksIn(KernelMemory memory) => LocksHeld ??= new FileLocks(memory);

    /// <summary>Null while nobody ever locked the file.</summary>
    internal FileLocks? LocksHeld { get; private set; }

    /// <summary>Null while nobody ever watched the file (inotify(7)).</summary>
    internal WatchList? Watches { get; private set; }

    internal FileEvents EventKind => IsDirectory ? FileEvents.IsDirectory : FileEvents.None;

    /// <summary>The bytes in a fifo while somebody has it open.</summary>
    internal PipeBuffer? Fifo { get; set; }

    /// <summary>Pinned by open files, by names in use, and by watches.</summary>
    public bool IsReferenced => _references > 0;

    public virtual Errno Change(in AttributeChange change) => Errno.EPERM;

    /// <summary>Makes a regular file this long, with zeros where it grows.</summary>
    public virtual Errno SetLength(ulong length) => IsDirectory ? Errno.EISDIR : Errno.EINVAL;

    public virtual Errno Lookup(string name, out Inode? child)
    {
        child = null;
        return IsDirectory ? Errno.ENOENT : Errno.ENOTDIR;
    }

    /// <summary>Adds every entry but "." and "..", in the order that getdents gives them.</summary>
    public virtual Errno List(List<ListedEntry> entries) => Errno.ENOTDIR;

    /// <summary>How many names have gone from this directory through the kernel; null if names also go by themselves, as in /proc.</summary>
    public virtual long? RemovedNames => null;

    public virtual Errno Create(string name, in NewInode what, out Inode? created)
    {
        created = null;
        return Errno.EPERM;
    }

    /// <summary>link gives it a name though it has none: made by O_TMPFILE without O_EXCL (I_LINKABLE). A file whose last name went gets none any more.</summary>
    public bool MayGetFirstName { get; set; }

    /// <summary>A file without a name, for O_TMPFILE.</summary>
    public virtual Errno CreateNameless(in NewInode what, out Inode? created)
    {
        created = null;
        return Errno.ENOTSUP;
    }

    public virtual Errno Link(string name, Inode target) => Errno.EPERM;

    public virtual Errno Unlink(string name, Inode child) => Errno.EPERM;

    public virtual Errno RemoveDirectory(string name, Inode child) => Errno.EPERM;

    /// <summary>Moves an entry of this directory; both directories are of the same file system.</summary>
    public virtual Errno Rename(in RenameRequest request) => Errno.EPERM;

    /// <param name="reader">Who asks; /proc/self depends on it. Null for the kernel itself.</param>
    public virtual Errno ReadLink(GuestThread? reader, out string target)
    {
        target = "";
        return Errno.EINVAL;
    }

    /// <summary>True if following this link leads straight to a place, as /proc/PID/cwd does, whatever its text says.</summary>
    public virtual bool TryFollow(GuestThread? reader, out Errno error, out FileLocation location)
    {
        error = Errno.None;
        location = default;
        return false;
    }

    /// <summary>Makes the open file description. The location is not pinned yet; the description pins it.</summary>
    public abstract Errno Open(in OpenRequest request, out OpenFile? file);

    public virtual Errno Sync() => Pages?.Sync() ?? Errno.None;

    public virtual Errno GetExtendedAttribute(string name, out byte[] value)
    {
        value = [];
        return Errno.ENOTSUP;
    }

    public virtual Errno SetExtendedAttribute(string name, byte[] value, ExtendedAttributeMode mode) => Errno.ENOTSUP;

    public virtual Errno RemoveExtendedAttribute(string name) => Errno.ENOTSUP;

    public virtual IReadOnlyCollection<string> ExtendedAttributeNames => [];

    internal void AddReference() => _references++;

    internal void DropReference()
    {
        if (--_references == 0)
        {
            OnUnreferenced();
        }
        else
        {
            EndWatchesOfGoneFile();
        }
    }

    internal void AddWatch(Watch watch) => (Watches ??= new WatchList(this)).Add(watch);

    /// <summary>Something happened to the file itself, whatever its name.</summary>
    internal void Tell(FileEvents what) => Watches?.Tell(what | EventKind, "", 0);

    /// <summary>The file lost a name or a user: if nothing but watches is left of it, they end.</summary>
    internal void EndWatchesOfGoneFile()
    {
        if (_references == 1 && Watches is { IsEmpty: false } watches && !HasName)
        {
            watches.EndAll();
        }
    }

    /// <summary>False once the last name is unlinked.</summary>
    protected virtual bool HasName => Attributes.Links > 0;

    /// <summary>Nothing pins the inode any more: if it has no name left either, it ends here.</summary>
    protected virtual void OnUnreferenced()
    {
    }
}

/// <summary>One line of a directory.</summary>
public readonly record struct ListedEntry(string Name, ulong Number, FileType Type);

/// <summary>A file to be made.</summary>
public readonly record struct NewInode(FileType Type, uint Permissions, uint UserId, uint GroupId)
{
    public ulong RepresentedDevice { get; init; }

    /// <summary>Where a symbolic link leads.</summary>
    public string Target { get; init; } = "";
}

/// <summary>renameat2(2) flags, ABI values.</summary>
[Flags]
public enum RenameModes : uint
{
    None = 0,
    NoReplace = 1,
    Exchange = 2,
    Whiteout = 4,
}

/// <param name="Replaced">What the new name stands for now; null if nothing.</param>
public readonly record struct RenameRequest(string OldName, Inode Moved, Inode NewDirectory, string NewName, Inode? Replaced, RenameModes Modes);

/// <param name="Caller">Who opens; null for the kernel itself.</param>
public readonly record struct OpenRequest(GuestThread? Caller, FileLocation Location, int Flags);

/// <summary>setxattr(2) flags, ABI values.</summary>
public enum ExtendedAttributeMode
{
    CreateOrReplace = 0,
    Create = 1,
    Replace = 2,
}
