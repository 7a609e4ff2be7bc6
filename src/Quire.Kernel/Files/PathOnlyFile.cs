using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>An O_PATH descriptor: names a place, reads and writes nothing.</summary>
public sealed class PathOnlyFile : OpenFile
{
    public PathOnlyFile(FileLocation location)
        : base(location, OpenFlags.PathOnly)
    {
    }

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EBADF.ToResult());

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EBADF.ToResult());

    public override PollEvents Poll() => PollEvents.Invalid;

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument) => new(Errno.EBADF.ToResult());
}
