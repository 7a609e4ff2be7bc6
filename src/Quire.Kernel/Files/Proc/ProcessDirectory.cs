using System.Globalization;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc/PID, or /proc/PID/task/TID when it is of one thread. A new file is one line in the constructor.</summary>
internal sealed class ProcessDirectory : GeneratedDirectory
{
    private const uint OwnerOnly = 0x100;
    private const uint CoreFilterMask = 0x1FF;

    private readonly Dictionary<string, Inode> _entries = new(StringComparer.Ordinal);
    private readonly ProcFileSystem _fileSystem;
    private readonly GuestProcess _process;

    public ProcessDirectory(ProcFileSystem fileSystem, GuestProcess process, GuestThread? thread = null)
        : base(fileSystem)
    {
        _fileSystem = fileSystem;
        _process = process;
        Owner = process.Credentials;
        var files = fileSystem.Kernel.Files;
        Add("auxv", () => ProcessMemoryText.AuxiliaryVector(process), OwnerOnly);
        AddText("cgroup", () => ProcessText.ControlGroup(process, thread));
        Add("cmdline", () => ProcessMemoryText.Arguments(process));
        AddText("comm", () => ProcessText.NameOf(process, thread) + "\n", name => SetName(process, thread, name));
        AddText("coredump_filter", () => $"{process.CoreFilter:x8}\n", text => SetCoreFilter(process, text));
        Add("environ", () => ProcessMemoryText.Environment(process), OwnerOnly);
        AddText("io", () => ProcessText.InputOutput(process), permissions: OwnerOnly);
        AddText("limits", () => ProcessText.Limits(process));
        AddText("loginuid", () => "4294967295");
        AddText("maps", () => MapsText.Maps(process));
        AddText("mountinfo", () => MountsText.MountInfo(files, process));
        AddText("mounts", () => MountsText.Mounts(files, process));
        AddText("numa_maps", () => MapsText.Nodes(process));
        AddText("oom_adj", () => OutOfMemoryFiles.OldAdjustment(process), OutOfMemoryFiles.StoreOldAdjustment);
        AddText("oom_score", () => OutOfMemoryFiles.Score(process));
        AddText("oom_score_adj", () => OutOfMemoryFiles.Adjustment(process), OutOfMemoryFiles.StoreAdjustment);
        AddText("personality", () => $"{(uint)process.Personality:x8}\n", permissions: OwnerOnly);
        AddText("sessionid", () => "4294967295");
        AddText("smaps", () => MapsText.DetailedMaps(process));
        AddText("smaps_rollup", () => MapsText.Rollup(process));
        AddText("stat", () => ProcessText.Statistics(process, thread));
        AddText("statm", () => ProcessText.MemoryStatistics(process));
        AddText("status", () => ProcessText.Status(process, thread));
        AddText("syscall", () => "running\n", permissions: OwnerOnly);
        AddText("wchan", () => ProcessText.WaitChannel(process, thread));
        _entries.Add("mem", new AddressedFile(fileSystem, (_, offset, bytes) => process.IsZombie ? 0 : process.Space.ForceCopyFromGuest(new VirtualAddress(offset), bytes), 0x180) { Owner = Owner });
        _entries.Add("pagemap", new AddressedFile(fileSystem, (reader, offset, bytes) => PageMap.Read(process, reader, offset, bytes), OwnerOnly) { Owner = Owner, WhenOutside = Errno.None });
        _entries.Add("cwd", Link(() => files.PathOf(process.FileContext.WorkingDirectory, process.FileContext.Root), () => process.FileContext.WorkingDirectory));
        _entries.Add("root", Link(() => files.PathOf(process.FileContext.Root), () => process.FileContext.Root));
        _entries.Add("exe", Link(() => process.ExecutablePath, () => FindExecutable(files)));
        _entries.Add("fd", new DescriptorDirectory(fileSystem, process, DescriptorView.Links) { Owner = Owner });
        _entries.Add("fdinfo", new DescriptorDirectory(fileSystem, process, DescriptorView.Details) { Owner = Owner });
        _entries.Add("clear_refs", new GeneratedFile(fileSystem, () => (byte[]?)null, 0x80) { Owner = Owner, Store = text => IsGone || process.IsZombie ? Errno.ESRCH : ClearReferences(process, text) });
        _entries.Add("map_files", new MappedFilesDirectory(fileSystem, process) { Owner = Owner });
        _entries.Add("ns", new FixedDirectory(fileSystem));
        if (thread is null)
        {
            _entries.Add("task", new TaskDirectory(fileSystem, process) { Owner = Owner });
        }
    }

    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        return IsGone ? Errno.ENOENT : _entries.TryGetValue(name, out child) ? Errno.None : Errno.ENOENT;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        if (IsGone)
        {
            return Errno.ENOENT;
        }

        entries.AddRange(_entries.Select(entry => new ListedEntry(entry.Key, entry.Value.Attributes.Number, entry.Value.Type)));
        return Errno.None;
    }

    /// <summary>The process, if this is its own directory and not one of its threads'.</summary>
    public GuestProcess? WholeProcess => _entries.ContainsKey("task") ? _process : null;

    private bool IsGone => _fileSystem.Kernel.Processes.Find(_process.ProcessId) != _process;

    private static Errno SetName(GuestProcess process, GuestThread? thread, string name)
    {
        const int LongestName = 15;
        if ((thread ?? process.Threads.FirstOrDefault()) is not { } named)
        {
            return Errno.ESRCH;
        }

        named.Name = name.Length > LongestName ? name[..LongestName] : name;
        return Errno.None;
    }

    // 1: of all pages, 2: of anonymous ones, 3: of files' pages, 4: which were written, 5: the peak of the resident size.
    private static Errno ClearReferences(GuestProcess process, string text)
    {
        var error = ControlValue.ReadNumber(text, out int kind);
        if (error != Errno.None || kind is < 1 or > 5)
        {
            return Errno.EINVAL;
        }

        switch (kind)
        {
            case 4:
                process.Space.WatchWrites();
                return Errno.None;
            case 5:
                process.Space.ResetPeakResident();
                return Errno.None;
            default:
                process.Space.ClearReferences((ReferencedPages)kind);
                return Errno.None;
        }
    }

    private static Errno SetCoreFilter(GuestProcess process, string text)
    {
        var error = ControlValue.ReadNumber(text, out long value);
        if (error == Errno.None && value is < 0 or > uint.MaxValue)
        {
            error = Errno.ERANGE;
        }

        process.CoreFilter = error == Errno.None ? (uint)value & CoreFilterMask : process.CoreFilter;
        return error;
    }

    private FileLocation? FindExecutable(FileSystem files)
    {
        var caller = new FileCaller(_process.FileContext, new Credentials(), Thread: null);
        return !_process.IsZombie && files.Resolve(caller, files.Root, _process.ExecutablePath, WalkModes.FollowLast, out var found) == Errno.None ? found : null;
    }

    private void Add(string name, Func<byte[]?> render, uint permissions = 0x124) =>
        _entries.Add(name, new GeneratedFile(_fileSystem, () => IsGone ? null : render(), permissions) { Owner = Owner });

    private void AddText(string name, Func<string?> render, Func<string, Errno>? store = null, uint permissions = 0x124) =>
        _entries.Add(name, new GeneratedFile(_fileSystem, () => IsGone ? null : render(), store is null ? permissions : permissions | 0x80) { Owner = Owner, Store = store });

    private void AddText(string name, Func<string?> render, Func<GuestProcess, GuestThread, string, Errno> store) =>
        _entries.Add(name, new GeneratedFile(_fileSystem, () => IsGone ? null : render(), 0x1A4)
        {
            Owner = Owner,
            StoreBy = (writer, _, text) => IsGone ? Errno.ESRCH : store(_process, writer, text),
        });

    // A zombie has neither files nor directories.
    private GeneratedLink Link(Func<string> text, Func<FileLocation?> place) =>
        new(_fileSystem, _ => IsGone || _process.IsZombie ? null : text()) { Owner = Owner, Place = () => IsGone || _process.IsZombie ? null : place() };
}

/// <summary>/proc/PID/task.</summary>
internal sealed class TaskDirectory : GeneratedDirectory
{
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<GuestThread, ProcessDirectory> _threads = [];
    private readonly ProcFileSystem _fileSystem;
    private readonly GuestProcess _process;

    public TaskDirectory(ProcFileSystem fileSystem, GuestProcess process)
        : base(fileSystem)
    {
        _fileSystem = fileSystem;
        _process = process;
    }

    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        var thread = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? _process.Threads.FirstOrDefault(thread => thread.ThreadId == id) : null;
        if (thread is null)
        {
            return Errno.ENOENT;
        }

        child = DirectoryOf(thread);
        return Errno.None;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        foreach (var thread in _process.Threads)
        {
            entries.Add(new ListedEntry(thread.ThreadId.ToString(CultureInfo.InvariantCulture), DirectoryOf(thread).Attributes.Number, FileType.Directory));
        }

        return Errno.None;
    }

    private ProcessDirectory DirectoryOf(GuestThread thread) => _threads.GetValue(thread, found => new ProcessDirectory(_fileSystem, _process, found));
}

internal enum DescriptorView
{
    /// <summary>fd: links to the files.</summary>
    Links,

    /// <summary>fdinfo: position and flags.</summary>
    Details,
}

/// <summary>/proc/PID/fd and /proc/PID/fdinfo.</summary>
internal sealed class DescriptorDirectory : GeneratedDirectory
{
    private readonly ProcFileSystem _fileSystem;
    private readonly GuestProcess _process;
    private readonly DescriptorView _view;

    public DescriptorDirectory(ProcFileSystem fileSystem, GuestProcess process, DescriptorView view)
        : base(fileSystem, 0x140)
    {
        _fileSystem = fileSystem;
        _process = process;
        _view = view;
    }

    public override Errno Lookup(string name, out Inode? child)
    {
        child = null;
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) || Find(descriptor) is not { } file)
        {
            return Errno.ENOENT;
        }

        if (_view == DescriptorView.Details)
        {
            child = new GeneratedFile(_fileSystem, () => Describe(descriptor), 0x100) { Owner = Owner };
            return Errno.None;
        }

        var permissions = 0x40u | (file.IsReadable ? 0x100u : 0) | (file.IsWritable ? 0x80u : 0);
        child = new GeneratedLink(_fileSystem, _ => Find(descriptor)?.Path, permissions) { Owner = Owner, Place = () => Find(descriptor)?.Location };
        return Errno.None;
    }

    public override Errno List(List<ListedEntry> entries)
    {
        if (_process.IsZombie)
        {
            return Errno.None;
        }

        var type = _view == DescriptorView.Links ? FileType.SymbolicLink : FileType.Regular;
        entries.AddRange(_process.Descriptors.Open().Select(descriptor => new ListedEntry(descriptor.ToString(CultureInfo.InvariantCulture), (ulong)descriptor + 1, type)));
        return Errno.None;
    }

    private OpenFile? Find(int descriptor) => _process.IsZombie ? null : _process.Descriptors.Get(descriptor);

    private string? Describe(int descriptor)
    {
        if (Find(descriptor) is not { } file)
        {
            return null;
        }

        var flags = file.StatusFlags | (_process.Descriptors.IsCloseOnExec(descriptor) ? OpenFlags.CloseOnExec : 0);
        return $"pos:\t{file.Position}\nflags:\t0{Convert.ToString(flags, 8)}\nmnt_id:\t{file.Location.Mount.Id}\nino:\t{file.Inode.Attributes.Number}\n{file.Details}";
    }
}
