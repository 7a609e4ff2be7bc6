using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Pipes;

/// <summary>A named pipe (fifo(7)): opening one end waits for the other.</summary>
public sealed class FifoFile : PipeFile
{
    private readonly int _writerOpeningsBefore;

    public FifoFile(in OpenRequest request)
        : base(request.Location, request.Flags, BufferOf(request.Location)) => _writerOpeningsBefore = Buffer.WriterOpenings - (Buffer.Writers > 0 ? 1 : 0);

    protected override bool HadWriter => Buffer.WriterOpenings != _writerOpeningsBefore;

    public static Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        var isWriter = (request.Flags & (OpenFlags.AccessMode | OpenFlags.NonBlocking)) == (OpenFlags.WriteOnly | OpenFlags.NonBlocking);
        if (isWriter && request.Location.Inode.Fifo is not { Readers: > 0 })
        {
            return Errno.ENXIO;
        }

        file = new FifoFile(request);
        return Errno.None;
    }

    public override async ValueTask<long> CompleteOpen(GuestThread thread)
    {
        // A pipe opened anew through /proc/PID/fd waits for nobody.
        if (IsNonBlocking || Ends == PipeEnds.Both || Inode is AnonymousInode)
        {
            return 0;
        }

        var readerOpenings = Buffer.ReaderOpenings;
        var writerOpenings = Buffer.WriterOpenings;
        var queue = Ends == PipeEnds.Read ? Buffer.ReaderChanged : Buffer.WriterChanged;
        while (Ends == PipeEnds.Read
            ? Buffer.Writers == 0 && Buffer.WriterOpenings == writerOpenings
            : Buffer.Readers == 0 && Buffer.ReaderOpenings == readerOpenings)
        {
            if (await queue.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return 0;
    }

    protected override void OnLastClose()
    {
        base.OnLastClose();
        if (Buffer.Readers == 0 && Buffer.Writers == 0)
        {
            Inode.Fifo = null;
        }
    }

    private static PipeBuffer BufferOf(FileLocation location) =>
        location.Inode.Fifo ??= new PipeBuffer(location.Mount.Tree!.Memory);
}
