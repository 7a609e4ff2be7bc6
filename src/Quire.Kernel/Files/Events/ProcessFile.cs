using Quire.Kernel.Files.Proc;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Events;

/// <summary>A process by descriptor (pidfd_open(2)): it never stands for another that got the same id later, and is ready once the process has ended.</summary>
public sealed class ProcessFile : OpenFile
{
    private ProcessFile(FileLocation location, int flags, GuestProcess process)
        : base(location, flags | OpenFlags.ReadWrite) => Process = process;

    public GuestProcess Process { get; }

    public override WaitQueue ReadinessQueue => Process.Ended;

    public override string Details => $"Pid:\t{VisibleId}\nNSpid:\t{VisibleId}\n";

    private int VisibleId => IsReaped(Process) ? -1 : Process.ProcessId;

    /// <param name="flags">O_NONBLOCK: waitid does not wait.</param>
    public static ProcessFile Create(GuestThread opener, GuestProcess process, int flags)
    {
        var files = opener.Kernel.Files;
        return new ProcessFile(files.Anonymous.Place("anon_inode:[pidfd]", files.Anonymous.NewInode(FileType.None, 0x180, opener.Process.Credentials)), flags, process);
    }

    /// <summary>The process that a descriptor stands for: of pidfd_open, or a directory /proc/PID. Null for every other file.</summary>
    internal static GuestProcess? Of(OpenFile? file) => file switch
    {
        ProcessFile descriptor => descriptor.Process,
        DirectoryFile { Inode: ProcessDirectory directory } => directory.WholeProcess,
        _ => null,
    };

    /// <summary>Somebody waited for the process, so that nothing is left of it.</summary>
    internal static bool IsReaped(GuestProcess process) => process.Kernel.Processes.Find(process.ProcessId) != process;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EINVAL.ToResult());

    public override PollEvents Poll() => Process.IsZombie ? PollEvents.In | PollEvents.ReadNormal : PollEvents.None;
}
