using System.Globalization;
using System.Runtime.CompilerServices;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>/proc: what the kernel knows of its machine and processes, in the text that proc(5) fixes, rendered when it is read.</summary>
public sealed class ProcFileSystem : GeneratedSuperBlock
{
    private readonly ConditionalWeakTable<GuestProcess, ProcessDirectory> _processes = [];

    public ProcFileSystem(GuestKernel kernel, Func<Timestamp> now)
        : base(now)
    {
        Kernel = kernel;
        Root = new RootDirectory(this);
    }

    public override string TypeName => "proc";

    public override ulong Device => DeviceNumber.Of(0, 21);

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics => new() { Type = 0x9FA0, BlockSize = Page.Size, NameLength = 255 };

    internal GuestKernel Kernel { get; }

    private Inode? FindProcess(string name)
    {
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || name[0] == '0')
        {
            return null;
        }

        // Threads are found here too, though not listed (proc(5)).
        var process = Kernel.Processes.Find(id) ?? Kernel.Processes.FindThread(id)?.Process;
        return process is null ? null : _processes.GetValue(process, found => new ProcessDirectory(this, found));
    }

    private sealed class RootDirectory : GeneratedDirectory
    {
        private readonly ProcFileSystem _owner;
        private readonly FixedDirectory _machine;

        public RootDirectory(ProcFileSystem owner)
            : base(owner)
        {
            _owner = owner;
            _machine = MachineFiles.Create(owner);
        }

        public override Errno Lookup(string name, out Inode? child)
        {
            if (_machine.Lookup(name, out child) == Errno.None)
            {
                return Errno.None;
            }

            child = name.Length > 0 ? _owner.FindProcess(name) : null;
            return child is null ? Errno.ENOENT : Errno.None;
        }

        public override Errno List(List<ListedEntry> entries)
        {
            _machine.List(entries);
            foreach (var process in _owner.Kernel.Processes.All)
            {
                var name = process.ProcessId.ToString(CultureInfo.InvariantCulture);
                entries.Add(new ListedEntry(name, _owner.FindProcess(name)!.Attributes.Number, FileType.Directory));
            }

            return Errno.None;
        }
    }
}
