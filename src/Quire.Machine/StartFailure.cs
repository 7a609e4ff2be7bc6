using Quire.Kernel;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>Says in words why a program did not start.</summary>
internal static class StartFailure
{
    /// <param name="path">Of the program inside the guest.</param>
    public static string Explain(FileSystem files, in FileCaller caller, string path, Errno error) => error switch
    {
        Errno.ENOENT or Errno.ENOTDIR when IsExecutable(files, caller, path) => "its interpreter is not there",
        Errno.ENOENT => "not found",
        Errno.ENOTDIR => "a part of the path is not a directory",
        Errno.EACCES when IsDirectory(files, caller, path) => "is a directory",
        Errno.EACCES => "is not an executable file, or may not be read",
        Errno.ENOEXEC => "is not a program for x86-64 Linux, nor a script that names its interpreter",
        Errno.EIO or Errno.EFAULT => "is cut short, or cannot be read",
        Errno.ELIBBAD => "has an interpreter that is not a program",
        Errno.ELOOP => "names itself: too many levels of links or scripts",
        Errno.E2BIG => "has too long arguments or environment",
        Errno.ENAMETOOLONG => "has too long a name",
        Errno.ENOMEM => "does not fit into RAM; give more with --ram",
        Errno.EINVAL or Errno.EEXIST or Errno.EPERM => "has segments that cannot be mapped",
        _ => $"cannot be started: {error}",
    };

    private static bool IsExecutable(FileSystem files, in FileCaller caller, string path)
    {
        if (files.OpenExecutable(caller, path, out var file) != Errno.None)
        {
            return false;
        }

        file!.Release();
        return true;
    }

    private static bool IsDirectory(FileSystem files, in FileCaller caller, string path) =>
        files.Resolve(caller, caller.Context.WorkingDirectory, path, WalkModes.FollowLast | WalkModes.Directory, out _) == Errno.None;
}
