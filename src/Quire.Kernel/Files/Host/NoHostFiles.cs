using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>A host without files, below file systems that need none.</summary>
public sealed class NoHostFiles : IHostFiles
{
    public static readonly NoHostFiles Instance = new();

    private NoHostFiles()
    {
    }

    public Errno ResolvePath(string path, out string resolved)
    {
        resolved = path;
        return Errno.ENOENT;
    }

    public IHostFiles Confine(string directory) => this;

    public Errno Stat(string path, out InodeAttributes attributes)
    {
        attributes = default;
        return Errno.ENOENT;
    }

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics)
    {
        statistics = default;
        return Errno.ENOENT;
    }

    public Errno ReadLink(string path, out string target)
    {
        target = "";
        return Errno.ENOENT;
    }

    public Errno List(string path, List<ListedEntry> entries) => Errno.ENOENT;

    public Errno Open(string path, HostAccess access, out IHostFile? file)
    {
        file = null;
        return Errno.ENOENT;
    }

    public Errno GetExtendedAttribute(string path, string name, out byte[] value)
    {
        value = [];
        return Errno.ENOENT;
    }

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names)
    {
        names = [];
        return Errno.ENOENT;
    }

    public Errno MakeNode(string path, uint mode, ulong device) => Errno.EROFS;

    public Errno MakeDirectory(string path, uint permissions) => Errno.EROFS;

    public Errno MakeSymbolicLink(string path, string target) => Errno.EROFS;

    public Errno Link(string existing, string path) => Errno.EROFS;

    public Errno Unlink(string path) => Errno.EROFS;

    public Errno RemoveDirectory(string path) => Errno.EROFS;

    public Errno Rename(string oldPath, string newPath, RenameModes modes) => Errno.EROFS;

    public Errno Change(string path, in AttributeChange change) => Errno.EROFS;

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode) => Errno.EROFS;

    public Errno RemoveExtendedAttribute(string path, string name) => Errno.EROFS;

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file)
    {
        file = null;
        return Errno.ENOENT;
    }

    public Errno LinkOpen(IHostFile file, string path) => Errno.ENOENT;

    public Errno CreatePrivateFile(out IHostFile? file)
    {
        file = null;
        return Errno.EROFS;
    }

    public Errno Lock(string path, out IDisposable? held)
    {
        held = null;
        return Errno.EROFS;
    }

    public Errno Sync(string directory) => Errno.ENOENT;

    public Errno SyncFileSystem(string path) => Errno.ENOENT;
}
