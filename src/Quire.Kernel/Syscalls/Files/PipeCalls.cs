using Quire.Kernel.Files;
using Quire.Kernel.Files.Pipes;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>pipe(2).</summary>
internal static class PipeCalls
{
    public static void Register(SyscallTable table)
    {
        table.AddImmediate(22, "pipe", "ptr", (thread, a) => Create(thread, a.A0, 0));
        table.AddImmediate(293, "pipe2", "ptr,flags:open", (thread, a) => Create(thread, a.A0, (int)a.A1));
    }

    private static long Create(GuestThread thread, ulong address, int flags)
    {
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking | OpenFlags.Direct)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var (reader, writer) = PipeFile.CreatePair(thread, flags & (OpenFlags.NonBlocking | OpenFlags.Direct));
        return FileArguments.InstallPair(thread, reader, writer, FileArguments.ModeOf(flags), address);
    }
}
