using Quire.Kernel.Processes;

namespace Quire.Kernel.Files;

/// <summary>On whose behalf a path is walked: where it may start, whose rights count, and who /proc/self is.</summary>
public readonly record struct FileCaller(FileSystemContext Context, Credentials Credentials, GuestThread? Thread)
{
    public static FileCaller Of(GuestThread thread) => new(thread.Process.FileContext, thread.Process.Credentials, thread);

    /// <summary>The same caller with the real ids in force, as access(2) asks.</summary>
    public FileCaller WithRealIdentity() => this with
    {
        Credentials = Credentials.AsRealUser(),
    };
}
