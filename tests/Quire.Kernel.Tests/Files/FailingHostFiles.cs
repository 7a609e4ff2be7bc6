using Quire.Kernel.Files;
using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Tests.Files;

/// <summary>What befalls the host at the call that is chosen.</summary>
internal enum HostFailure
{
    /// <summary>The process is gone: that call and all later ones do nothing.</summary>
    Killed,

    /// <summary>The host itself is gone: as <see cref="Killed"/>, and of files that were not synced nothing is left but their names.</summary>
    PowerLost,

    /// <summary>From then on nothing can be made or written; what is there can be renamed and removed.</summary>
    DiskFull,
}

/// <summary>A run that was cut off by <see cref="FailingHostFiles"/>.</summary>
internal sealed class KilledException : Exception;

/// <summary>The host's files, of which the n-th changing call (making, writing, setting a length, syncing, renaming, linking, removing) goes wrong.</summary>
internal sealed class FailingHostFiles(IHostFiles host, HostFailure failure, int failingCall) : IHostFiles
{
    private readonly HashSet<string> _unsynced = [];

    public int Calls { get; private set; }

    public bool IsKilled { get; private set; }

    public Errno ResolvePath(string path, out string resolved) => host.ResolvePath(path, out resolved);

    public IHostFiles Confine(string directory) => host.Confine(directory);

    public Errno Stat(string path, out InodeAttributes attributes) => host.Stat(path, out attributes);

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics) => host.StatFileSystem(path, out statistics);

    public Errno ReadLink(string path, out string target) => host.ReadLink(path, out target);

    public Errno List(string path, List<ListedEntry> entries) => host.List(path, entries);

    public Errno Open(string path, HostAccess access, out IHostFile? file)
    {
        var error = host.Open(path, access, out file);
        if (error == Errno.None && access == HostAccess.ReadWrite)
        {
            file = new FailingFile(this, path, file!);
        }

        return error;
    }

    public Errno GetExtendedAttribute(string path, string name, out byte[] value) => host.GetExtendedAttribute(path, name, out value);

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names) => host.ListExtendedAttributes(path, out names);

    public Errno MakeNode(string path, uint mode, ulong device)
    {
        _unsynced.Add(path);
        return Grow(path) is var error and not Errno.None ? error : host.MakeNode(path, mode, device);
    }

    public Errno MakeDirectory(string path, uint permissions) => Grow(path) is var error and not Errno.None ? error : host.MakeDirectory(path, permissions);

    public Errno MakeSymbolicLink(string path, string target) => Grow(path) is var error and not Errno.None ? error : host.MakeSymbolicLink(path, target);

    public Errno Link(string existing, string path) => Grow(path) is var error and not Errno.None ? error : host.Link(existing, path);

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file) => host.CreateNameless(directory, permissions, out file);

    public Errno LinkOpen(IHostFile file, string path) => Grow(path) is var error and not Errno.None ? error : host.LinkOpen(file, path);

    public Errno Unlink(string path)
    {
        Count();
        return host.Unlink(path);
    }

    public Errno RemoveDirectory(string path)
    {
        Count();
        return host.RemoveDirectory(path);
    }

    public Errno Rename(string oldPath, string newPath, RenameModes modes)
    {
        Count();
        if (_unsynced.Remove(oldPath))
        {
            _unsynced.Add(newPath);
        }

        return host.Rename(oldPath, newPath, modes);
    }

    public Errno Change(string path, in AttributeChange change) => host.Change(path, change);

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode) => host.SetExtendedAttribute(path, name, value, mode);

    public Errno RemoveExtendedAttribute(string path, string name) => host.RemoveExtendedAttribute(path, name);

    // Blocks that live as long as a run are no part of what is kept.
    public Errno CreatePrivateFile(out IHostFile? file) => host.CreatePrivateFile(out file);

    public Errno Lock(string path, out IDisposable? held) => host.Lock(path, out held);

    public Errno Sync(string directory)
    {
        Count();
        return host.Sync(directory);
    }

    public Errno SyncFileSystem(string path)
    {
        Count();
        _unsynced.Clear();
        return Errno.None;
    }

    private void Count()
    {
        if (IsKilled || (++Calls >= failingCall && failure != HostFailure.DiskFull))
        {
            if (!IsKilled && failure == HostFailure.PowerLost)
            {
                LoseUnsynced();
            }

            IsKilled = true;
            throw new KilledException();
        }
    }

    // A name that is taken is said before a disk that is full.
    private Errno Grow(string path)
    {
        Count();
        return !IsFull ? Errno.None : host.Stat(path, out _) == Errno.None ? Errno.EEXIST : Errno.ENOSPC;
    }

    private bool IsFull => failure == HostFailure.DiskFull && Calls >= failingCall;

    private void LoseUnsynced()
    {
        foreach (var path in _unsynced)
        {
            if (host.Open(path, HostAccess.ReadWrite, out var file) == Errno.None)
            {
                file!.SetLength(0);
                file.Dispose();
            }
        }
    }

    private sealed class FailingFile(FailingHostFiles files, string path, IHostFile file) : IHostFile
    {
        public long Read(ulong offset, Span<byte> bytes) => file.Read(offset, bytes);

        public long Write(ulong offset, ReadOnlySpan<byte> bytes)
        {
            files._unsynced.Add(path);
            files.Count();

            // What is there can be written over.
            file.Stat(out var attributes);
            return files.IsFull && offset + (ulong)bytes.Length > attributes.Size ? Errno.ENOSPC.ToResult() : file.Write(offset, bytes);
        }

        public Errno Stat(out InodeAttributes attributes) => file.Stat(out attributes);

        public Errno SetLength(ulong length)
        {
            files.Count();
            files._unsynced.Add(path);
            return file.SetLength(length);
        }

        public Errno Sync()
        {
            files.Count();
            files._unsynced.Remove(path);
            return Errno.None;
        }

        public void Dispose() => file.Dispose();
    }
}
