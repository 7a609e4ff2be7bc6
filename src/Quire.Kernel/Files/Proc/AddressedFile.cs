using Quire.Kernel.Files.Generated;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Proc;

/// <summary>Fills bytes of a place; gives how many there are.</summary>
internal delegate int AddressedReader(GuestThread reader, ulong offset, Span<byte> bytes);

/// <summary>A file whose offsets mean addresses: /proc/PID/mem and /proc/PID/pagemap. It has no size and is read in place. Only reading works.</summary>
internal sealed class AddressedFile : GeneratedInode
{
    private readonly AddressedReader _read;

    public AddressedFile(GeneratedSuperBlock superBlock, AddressedReader read, uint permissions)
        : base(superBlock, permissions) => _read = read;

    /// <summary>What reading gives where there is nothing; None: it is the file's end.</summary>
    public Errno WhenOutside { get; init; } = Errno.EIO;

    public override FileType Type => FileType.Regular;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        if ((request.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly)
        {
            return Errno.EACCES;
        }

        file = new Reader(request.Location, request.Flags, _read, WhenOutside);
        return Errno.None;
    }

    private sealed class Reader(FileLocation location, int flags, AddressedReader read, Errno whenOutside) : OpenFile(location, flags)
    {
        public override bool IsSeekable => true;

        public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
        {
            var bytes = new byte[(int)Math.Min(buffer.Remaining, 1 << 16)];
            var position = offset ?? Position;
            var length = read(thread, (ulong)position, bytes);
            if (length == 0)
            {
                return new(bytes.Length == 0 ? 0 : whenOutside.ToResult());
            }

            var done = buffer.CopyToGuest(bytes.AsSpan(0, length));
            if (offset is null)
            {
                Position += done;
            }

            return new(done == 0 ? Errno.EFAULT.ToResult() : done);
        }

        public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EBADF.ToResult());

        public override long Seek(long offset, int whence) => whence switch
        {
            0 => Position = offset,
            1 => Position += offset,
            _ => Errno.EINVAL.ToResult(),
        };
    }
}
