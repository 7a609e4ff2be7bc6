using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// The host's files, one system call a member, with the host's error numbers. Paths are absolute, their characters are bytes (Latin-1), and
/// the last component is never followed if it is a symbolic link. The only door to the host's file system.
/// </summary>
public interface IHostFiles
{
    /// <summary>The same place without links, dots and doubled slashes.</summary>
    Errno ResolvePath(string path, out string resolved);

    /// <summary>The same files, of which only those below the directory can be reached, by no symbolic link on the way.</summary>
    /// <param name="directory">Resolved.</param>
    IHostFiles Confine(string directory);

    Errno Stat(string path, out InodeAttributes attributes);

    Errno StatFileSystem(string path, out FileSystemStatistics statistics);

    Errno ReadLink(string path, out string target);

    /// <summary>Adds the entries without "." and "..", in the host's order.</summary>
    Errno List(string path, List<ListedEntry> entries);

    Errno Open(string path, HostAccess access, out IHostFile? file);

    Errno GetExtendedAttribute(string path, string name, out byte[] value);

    Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names);

    /// <summary>Makes a regular file, fifo, socket or device; EEXIST if the name is taken.</summary>
    Errno MakeNode(string path, uint mode, ulong device);

    Errno MakeDirectory(string path, uint permissions);

    Errno MakeSymbolicLink(string path, string target);

    Errno Link(string existing, string path);

    Errno Unlink(string path);

    Errno RemoveDirectory(string path);

    Errno Rename(string oldPath, string newPath, RenameModes modes);

    Errno Change(string path, in AttributeChange change);

    Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode);

    Errno RemoveExtendedAttribute(string path, string name);

    /// <summary>A regular file without a name in a directory's file system (O_TMPFILE), to be read and written.</summary>
    Errno CreateNameless(string directory, uint permissions, out IHostFile? file);

    /// <summary>Gives a file that has no name one.</summary>
    Errno LinkOpen(IHostFile file, string path);

    /// <summary>A file of the host that nobody else can reach and that is gone when it is closed, however the run ends.</summary>
    Errno CreatePrivateFile(out IHostFile? file);

    /// <summary>Makes the file if it is absent and locks it until the result is disposed of or this process ends; EAGAIN if another has it.</summary>
    Errno Lock(string path, out IDisposable? held);

    /// <summary>The directory's entries are on the disk afterwards.</summary>
    Errno Sync(string directory);

    /// <summary>All that was written to the file system that the file is on is on the disk afterwards.</summary>
    Errno SyncFileSystem(string path);
}

public enum HostAccess
{
    Read,
    ReadWrite,
}

/// <summary>An open regular file of the host.</summary>
public interface IHostFile : IDisposable
{
    /// <summary>Bytes read, 0 at the end, or a negative errno.</summary>
    long Read(ulong offset, Span<byte> bytes);

    /// <summary>Bytes written or a negative errno.</summary>
    long Write(ulong offset, ReadOnlySpan<byte> bytes);

    Errno Stat(out InodeAttributes attributes);

    Errno SetLength(ulong length);

    Errno Sync();
}
