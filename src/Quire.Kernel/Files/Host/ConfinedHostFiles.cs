using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Quire.Primitives;
using static Quire.Kernel.Files.Host.LinuxCalls;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// The host's files below one directory. Each path is walked from that directory's descriptor, a component a call, and no component may be a
/// symbolic link: what guests put in the place of a directory, and what other programs of the host do meanwhile, leads nowhere else
/// (as RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS of openat2(2), which not every host lets its programs call).
/// </summary>
internal sealed class ConfinedHostFiles : IHostFiles
{
    private const int PathOnly = 0x200000;
    private const int CloseOnExec = 0x80000;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private readonly IHostFiles _host;
    private readonly string _directory;
    private readonly SafeFileHandle _descriptor;

    /// <param name="host">What does the work.</param>
    /// <param name="directory">Absolute, without links and without a slash at its end.</param>
    public ConfinedHostFiles(IHostFiles host, string directory)
    {
        _host = host;
        _directory = directory;
        _descriptor = new SafeFileHandle(LinuxCalls.Open(PathBytes(directory), PathOnly | NoFollowDirectory, 0), ownsHandle: true);
    }

    // O_DIRECTORY and O_NOFOLLOW have other values on Arm.
    private static int NoFollowDirectory => CloseOnExec | (IsArm ? 0x8000 | 0x4000 : 0x20000 | 0x10000);

    public Errno ResolvePath(string path, out string resolved) => _host.ResolvePath(path, out resolved);

    public IHostFiles Confine(string directory) => new ConfinedHostFiles(_host, directory);

    public Errno Stat(string path, out InodeAttributes attributes)
    {
        using var place = Reach(path);
        attributes = default;
        return place.Error == Errno.None ? _host.Stat(place.Path, out attributes) : place.Error;
    }

    public Errno StatFileSystem(string path, out FileSystemStatistics statistics)
    {
        using var place = Reach(path);
        statistics = default;
        return place.Error == Errno.None ? _host.StatFileSystem(place.Path, out statistics) : place.Error;
    }

    public Errno ReadLink(string path, out string target)
    {
        using var place = Reach(path);
        target = "";
        return place.Error == Errno.None ? _host.ReadLink(place.Path, out target) : place.Error;
    }

    public Errno List(string path, List<ListedEntry> entries)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.List(place.Path, entries) : place.Error;
    }

    public Errno Open(string path, HostAccess access, out IHostFile? file)
    {
        using var place = Reach(path);
        file = null;
        return place.Error == Errno.None ? _host.Open(place.Path, access, out file) : place.Error;
    }

    public Errno GetExtendedAttribute(string path, string name, out byte[] value)
    {
        using var place = Reach(path);
        value = [];
        return place.Error == Errno.None ? _host.GetExtendedAttribute(place.Path, name, out value) : place.Error;
    }

    public Errno ListExtendedAttributes(string path, out IReadOnlyCollection<string> names)
    {
        using var place = Reach(path);
        names = [];
        return place.Error == Errno.None ? _host.ListExtendedAttributes(place.Path, out names) : place.Error;
    }

    public Errno MakeNode(string path, uint mode, ulong device)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.MakeNode(place.Path, mode, device) : place.Error;
    }

    public Errno MakeDirectory(string path, uint permissions)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.MakeDirectory(place.Path, permissions) : place.Error;
    }

    public Errno MakeSymbolicLink(string path, string target)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.MakeSymbolicLink(place.Path, target) : place.Error;
    }

    public Errno Link(string existing, string path)
    {
        using var from = Reach(existing);
        using var to = Reach(path);
        return from.Error != Errno.None ? from.Error : to.Error != Errno.None ? to.Error : _host.Link(from.Path, to.Path);
    }

    public Errno Unlink(string path)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.Unlink(place.Path) : place.Error;
    }

    public Errno RemoveDirectory(string path)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.RemoveDirectory(place.Path) : place.Error;
    }

    public Errno Rename(string oldPath, string newPath, RenameModes modes)
    {
        using var from = Reach(oldPath);
        using var to = Reach(newPath);
        return from.Error != Errno.None ? from.Error : to.Error != Errno.None ? to.Error : _host.Rename(from.Path, to.Path, modes);
    }

    public Errno Change(string path, in AttributeChange change)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.Change(place.Path, change) : place.Error;
    }

    public Errno SetExtendedAttribute(string path, string name, byte[] value, ExtendedAttributeMode mode)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.SetExtendedAttribute(place.Path, name, value, mode) : place.Error;
    }

    public Errno RemoveExtendedAttribute(string path, string name)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.RemoveExtendedAttribute(place.Path, name) : place.Error;
    }

    public Errno CreateNameless(string directory, uint permissions, out IHostFile? file)
    {
        using var place = Reach(directory);
        file = null;
        return place.Error == Errno.None ? _host.CreateNameless(place.Path, permissions, out file) : place.Error;
    }

    public Errno LinkOpen(IHostFile file, string path)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.LinkOpen(file, place.Path) : place.Error;
    }

    public Errno CreatePrivateFile(out IHostFile? file) => _host.CreatePrivateFile(out file);

    public Errno Lock(string path, out IDisposable? held)
    {
        using var place = Reach(path);
        held = null;
        return place.Error == Errno.None ? _host.Lock(place.Path, out held) : place.Error;
    }

    public Errno Sync(string directory)
    {
        using var place = Reach(directory);
        return place.Error == Errno.None ? _host.Sync(place.Path) : place.Error;
    }

    public Errno SyncFileSystem(string path)
    {
        using var place = Reach(path);
        return place.Error == Errno.None ? _host.SyncFileSystem(place.Path) : place.Error;
    }

    private Place Reach(string path)
    {
        var current = (int)_descriptor.DangerousGetHandle();
        if (path.Length == _directory.Length)
        {
            return new Place(Errno.None, $"/proc/self/fd/{current}/.", -1);
        }

        if (!path.StartsWith(_directory + "/"))
        {
            return new Place(Errno.EXDEV, path, -1);
        }

        var opened = -1;
        var components = path[(_directory.Length + 1)..].Split('/');
        foreach (var component in components.AsSpan(0, components.Length - 1))
        {
            var next = OpenAt(current, Bytes(component), PathOnly | NoFollowDirectory, 0);
            var error = Check(next);
            if (opened >= 0)
            {
                Close(opened);
            }

            if (error != Errno.None)
            {
                return new Place(error, path, -1);
            }

            current = opened = next;
        }

        return new Place(Errno.None, $"/proc/self/fd/{current}/{components[^1]}", opened);
    }

    // The directory's descriptor as a path: a link of /proc that names the object, not its name.
    private readonly ref struct Place(Errno error, string path, int descriptor)
    {
        public Errno Error { get; } = error;

        public string Path { get; } = path;

        public void Dispose()
        {
            if (descriptor >= 0)
            {
                Close(descriptor);
            }
        }
    }
}
