using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Cores;

/// <summary>A core file on its way out: in order, with holes, and never more bytes than RLIMIT_CORE allows; holes cost nothing (dump_emit, dump_skip of fs/coredump.c).</summary>
internal sealed class CoreOutput(GuestThread thread, OpenFile file)
{
    private readonly ulong _limit = thread.Process.Limits[Resource.Core].Soft;
    private ulong _written;

    public ulong Position { get; private set; }

    /// <summary>False: the limit is met, the file system is full, or something ended the process meanwhile. The file stays as it is.</summary>
    public bool TryWrite(byte[] bytes)
    {
        if (_written + (ulong)bytes.Length > _limit || thread.IsDoomed || thread.Kernel.Requests.HasAny)
        {
            return false;
        }

        // Regular files never wait.
        var done = file.Write(thread, new UserBuffer(bytes, bytes.Length), (long)Position).GetAwaiter().GetResult();
        Position += (ulong)Math.Max(0, done);
        _written += (ulong)Math.Max(0, done);
        return done == bytes.Length;
    }

    public void Skip(ulong bytes) => Position += bytes;

    /// <summary>A hole at the end counts towards the file's length.</summary>
    public void Finish()
    {
        if (Position > file.Pages!.Length)
        {
            Position--;
            TryWrite([0]);
        }
    }
}
