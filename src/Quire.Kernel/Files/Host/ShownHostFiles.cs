using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// The host's files without names that are hidden, with the machine's own name in /etc/hosts, and, in a run that is to be the same again, with steady attributes and directories in the order of
/// their names. What is found may be opened, read and changed as it is.
/// </summary>
/// <param name="steady">Null: attributes and order are the host's.</param>
/// <param name="device">st_dev of what is shown with steady attributes.</param>
/// <param name="hosts">Null: /etc/hosts is the host's.</param>
internal sealed class ShownHostFiles(IHostFiles host, SteadyAttributes? steady, ulong device, HiddenNames hidden, HostsLine? hosts) : IHostFiles
{
    public Errno ResolvePath(string path, out string resolved) => host.ResolvePath(path, out resolved);

    public IHostFiles Confine(string directory) => new ShownHostFiles(host.Confine(directory), steady, device, hidden, hosts);

    public Errno Stat(string path, out InodeAttributes found)
    {
        found = default;
        if (hidden.Contains(path))
        {
            return Errno.ENOENT;
        }

        var error = host.Stat(path, out var own);
        own.Size += error == Errno.None && path == hosts?.Path ? (ulong)hosts.For(host).Length : 0;
        found = error == Errno.None && steady is not null ? steady.Of(own, device) : own;
        return error;
    }

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics) => host.StatFileSystem(path, out statistics);

    public Errno ReadLink(string path, out string target) => host.ReadLink(path, out target);

    public Errno List(string path, List<ListedEntry> entries)
    {
        var own = new List<ListedEntry>();
        var error = host.List(path, own);
        own.RemoveAll(entry => hidden.Contains(path + "/" + entry.Name));
        if (steady is null)
        {
            entries.AddRange(own);
            return error;
        }

        own.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        foreach (var entry in own)
        {
            // What a directory lists as an entry's number is not everywhere the file's: the file is asked, and names that went meanwhile are left out.
            if (host.Stat(path + "/" + entry.Name, out var found) == Errno.None)
            {
                entries.Add(new ListedEntry(entry.Name, steady.NumberOf(found.Device, found.Number), found.Type));
            }
        }

        return error;
    }

    public Errno Open(string path, HostAccess access, out IHostFile? file)
    {
        var error = host.Open(path, access, out file);
        if (error == Errno.None && path == hosts?.Path)
        {
            file = hosts.Extend(file!);
        }

        return error;
    }

    public Errno GetExtendedAttribute(string path, string name, out byte[] value) => host.GetExtendedAttribute(path, name, out value);

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names) => host.ListExtendedAttributes(path, out names);

    public Errno MakeNode(string path, uint mode, ulong representedDevice) => host.MakeNode(path, mode, representedDevice);

    public Errno MakeDirectory(string path, uint permissions) => host.MakeDirectory(path, permissions);

    public Errno MakeSymbolicLink(string path, string target) => host.MakeSymbolicLink(path, target);

    public Errno Link(string existing, string path) => host.Link(existing, path);

    public Errno Unlink(string path) => host.Unlink(path);

    public Errno RemoveDirectory(string path) => host.RemoveDirectory(path);

    public Errno Rename(string oldPath, string newPath, RenameModes modes) => host.Rename(oldPath, newPath, modes);

    public Errno Change(string path, in AttributeChange change) => host.Change(path, change);

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode) => host.SetExtendedAttribute(path, name, value, mode);

    public Errno RemoveExtendedAttribute(string path, string name) => host.RemoveExtendedAttribute(path, name);

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file) => host.CreateNameless(directory, permissions, out file);

    public Errno LinkOpen(IHostFile file, string path) => host.LinkOpen(file, path);

    public Errno Lock(string path, out IDisposable? held) => host.Lock(path, out held);

    public Errno Sync(string directory) => host.Sync(directory);

    public Errno SyncFileSystem(string path) => host.SyncFileSystem(path);

    public Errno CreatePrivateFile(out IHostFile? file) => host.CreatePrivateFile(out file);
}
