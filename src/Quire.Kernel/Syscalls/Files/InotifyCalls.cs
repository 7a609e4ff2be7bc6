using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>inotify(7).</summary>
internal static class InotifyCalls
{
    private const int KnownFlags = OpenFlags.CloseOnExec | OpenFlags.NonBlocking;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(253, "inotify_init", "", (thread, _) => Create(thread, 0));
        table.AddImmediate(254, "inotify_add_watch", "fd,path,watchevents", AddWatch);
        table.AddImmediate(255, "inotify_rm_watch", "fd,int", (thread, a) =>
            TryInotify(thread, a.A0, out var inotify, out var result) ? inotify!.Remove((int)a.A1).ToResult() : result);
        table.AddImmediate(294, "inotify_init1", "flags:open", (thread, a) => Create(thread, (int)a.A0));
    }

    private static long Create(GuestThread thread, int flags)
    {
        if ((flags & ~KnownFlags) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = InotifyFile.Create(thread, flags, out var file);
        return error != Errno.None ? error.ToResult() : FileArguments.Install(thread, file!, FileArguments.ModeOf(flags));
    }

    private static long AddWatch(GuestThread thread, SyscallArguments a)
    {
        var wanted = (FileEvents)a.A2;
        if ((wanted & ~FileEvents.Known) != 0 || (wanted & FileEvents.Known) == 0)
        {
            return Errno.EINVAL.ToResult();
        }

        const FileEvents Contradiction = FileEvents.MaskAdd | FileEvents.MaskCreate;
        if (!TryInotify(thread, a.A0, out var inotify, out var result) || (wanted & Contradiction) == Contradiction)
        {
            return inotify is null ? result : Errno.EINVAL.ToResult();
        }

        var error = FileArguments.Path(thread, a.A1, out var path);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        var modes = (wanted & FileEvents.DoNotFollow) == 0 ? WalkModes.FollowLast : WalkModes.None;
        modes |= (wanted & FileEvents.OnlyDirectory) != 0 ? WalkModes.Directory : WalkModes.None;
        var caller = FileCaller.Of(thread);
        error = thread.Kernel.Files.Resolve(caller, caller.Context.WorkingDirectory, path, modes, out var found);
        error = error == Errno.None ? AccessCheck.Check(caller.Credentials, found.Inode.Attributes, AccessModes.Read) : error;
        return error != Errno.None ? error.ToResult() : inotify!.Watch(found.Inode, wanted);
    }

    private static bool TryInotify(GuestThread thread, ulong descriptor, out InotifyFile? inotify, out long result)
    {
        inotify = FileArguments.TryUsableFile(thread, descriptor, out var file, out result) ? file as InotifyFile : null;
        result = file is not null ? Errno.EINVAL.ToResult() : result;
        return inotify is not null;
    }
}
