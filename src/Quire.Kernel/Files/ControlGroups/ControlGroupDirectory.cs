using Quire.Kernel.Files.Generated;
using Quire.Kernel.Files.Pressure;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>The directory of one control group: its files, of the controllers that act on it, and the groups below.</summary>
internal sealed class ControlGroupDirectory : GeneratedDirectory
{
    private readonly ControlGroupFileSystem _fileSystem;
    private readonly ControlGroup _group;
    private readonly Dictionary<string, (Controllers Controller, GeneratedInode File)> _files = new(StringComparer.Ordinal);

    public ControlGroupDirectory(ControlGroupFileSystem fileSystem, ControlGroup group)
        : base(fileSystem, 0x1ED)
    {
        _fileSystem = fileSystem;
        _group = group;
        KeepsChanges = true;
        CoreFiles.AddTo(this, fileSystem.Kernel, group);
        CpuFiles.AddTo(this, fileSystem.Kernel, group);
        PidsFiles.AddTo(this, group);
        MemoryFiles.AddTo(this, fileSystem.Kernel, group);
    }

    public ControlGroup Group => _group;

    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        if (_group.IsRemoved)
        {
            return Errno.ENOENT;
        }

        if (_files.TryGetValue(name, out var known) && IsThere(known.Controller) && !IsHidden(known.File))
        {
            child = known.File;
        }
        else if (_group.Children.FirstOrDefault(group => group.Name == name) is { } below)
        {
            child = _fileSystem.DirectoryOf(below);
        }

        return child is null ? Errno.ENOENT : Errno.None;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        if (_group.IsRemoved)
        {
            return Errno.ENOENT;
        }

        foreach (var (name, (controller, file)) in _files)
        {
            if (IsThere(controller) && !IsHidden(file))
            {
                entries.Add(new ListedEntry(name, file.Attributes.Number, file.Type));
            }
        }

        entries.AddRange(_group.Children.Select(below => new ListedEntry(below.Name, _fileSystem.DirectoryOf(below).Attributes.Number, FileType.Directory)));
        return Errno.None;
    }

    public override Errno Create(string name, in NewInode what, out Inode? created)
    {
        created = null;
        if (what.Type != FileType.Directory)
        {
            return what.Type == FileType.Regular ? Errno.EACCES : Errno.EPERM;
        }

        var error = _fileSystem.Kernel.ControlGroups.Create(_group, name, out var group);
        created = group is null ? null : _fileSystem.DirectoryOf(group);
        return error;
    }

    public override Errno RemoveDirectory(string name, Inode child) => _fileSystem.Kernel.ControlGroups.Remove(((ControlGroupDirectory)child)._group);

    /// <summary>Whether whoever opened a file may move what is in one group into another.</summary>
    internal Errno CheckMove(FileOpener opener, ControlGroup from, ControlGroup to) =>
        ControlGroupTree.CheckMove(from, to, opener.GroupRoot, common => MayWriteMembers(opener, common));

    /// <summary>As <see cref="CheckMove"/>, for a thread that has a child born in this group.</summary>
    internal Errno CheckBirth(GuestThread parent, ControlGroup from, ControlGroup to)
    {
        var opener = FileOpener.Of(parent);
        var error = MayWriteMembers(opener, to);
        return error != Errno.None ? error : CheckMove(opener, from, to);
    }

    /// <summary>A file that is there while a controller acts on the group; None: always.</summary>
    /// <param name="notice">Whoever polls or watches the file waits for that; null: there is nothing to wait for.</param>
    internal void Add(Controllers controller, string name, Func<string> render, ChangeNotice? notice = null)
    {
        var file = new GeneratedFile(_fileSystem, () => IsLive(controller) ? render() : null) { WhenGone = Errno.ENODEV, Notice = notice, KeepsChanges = true };
        if (notice is not null)
        {
            notice.TellWatchers = () =>
            {
                Watches?.Tell(FileEvents.Modify, name, 0);
                file.Tell(FileEvents.Modify);
            };
        }

        Add(controller, name, file);
    }

    internal void Add(Controllers controller, string name, Func<string> render, Func<string, Errno> store) =>
        Add(controller, name, render, (_, _, text) => store(text));

    /// <param name="checkRead">Why the file cannot be read now; null: it always can.</param>
    internal void Add(
        Controllers controller, string name, Func<string> render, Func<GuestThread, FileOpener, string, Errno> store, Func<Errno>? checkRead = null) =>
        Add(controller, name, new GeneratedFile(_fileSystem, () => IsLive(controller) ? render() : null, 0x1A4)
        {
            WhenGone = Errno.ENODEV,
            WhenTooLong = Errno.E2BIG,
            KeepsChanges = true,
            CheckRead = checkRead,
            StoreBy = (writer, opener, text) => IsLive(controller) ? store(writer, opener, text) : Errno.ENODEV,
        });

    /// <summary>A file that can only be written.</summary>
    internal void AddCommand(Controllers controller, string name, Func<string, Errno> store) =>
        Add(controller, name, new GeneratedFile(_fileSystem, () => (string?)null, 0x80)
        {
            WhenGone = Errno.EINVAL,
            WhenTooLong = Errno.E2BIG,
            KeepsChanges = true,
            StoreBy = (_, _, text) => IsLive(controller) ? store(text) : Errno.ENODEV,
        });

    // While nothing is accounted, there are no files of it: cgroup_file_show.
    internal void AddPressure(string name, PressureResource resource) =>
        Add(Controllers.None, name, new PressureFile(_fileSystem, _fileSystem.Kernel, resource, new PressureSource(() => _group.IsRemoved ? null : _group.Pressure, 0x1A4, null)));

    private Errno MayWriteMembers(FileOpener opener, ControlGroup group) =>
        opener.Credentials is null
            ? Errno.None
            : AccessCheck.Check(opener.Credentials, _fileSystem.DirectoryOf(group)._files[CoreFiles.Members].File.Attributes, AccessModes.Write);

    private void Add(Controllers controller, string name, GeneratedInode file) => _files.Add(name, (controller, file));

    private bool IsHidden(GeneratedInode file) => file is PressureFile && !_group.Pressure.IsAccounted;

    private bool IsLive(Controllers controller) => !_group.IsRemoved && IsThere(controller);

    private bool IsThere(Controllers controller) => (_group.Available & controller) == controller;
}
