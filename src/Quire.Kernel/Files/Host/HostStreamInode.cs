using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>An inherited stream of the host as a file: its attributes are the host's. A regular one also has pages, so that it is read and mapped as files are.</summary>
public sealed class HostStreamInode : Inode, IRegularContent, IPageSource
{
    private readonly KernelMemory _memory;
    private PageCache? _pages;

    public HostStreamInode(SuperBlock superBlock, IHostStream stream, KernelMemory memory)
        : base(superBlock)
    {
        Stream = stream;
        _memory = memory;
        Type = stream.Attributes.Type;
    }

    public IHostStream Stream { get; }

    public override FileType Type { get; }

    public override InodeAttributes Attributes => Stream.Attributes;

    public override PageCache? Pages => Type == FileType.Regular ? Content : null;

    public PageCache Content
    {
        get
        {
            var length = Stream.Attributes.Size;
            _pages ??= _memory.CreatePageCache(this, length);
            if (_pages.Length != length)
            {
                _pages.SetLength(length);
            }

            return _pages;
        }
    }

    string IPageSource.Name => Stream.Name;

    bool IPageSource.IsBacked => true;

    /// <summary>/proc/self/fd/N opened anew: the same stream.</summary>
    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = Create(request.Location, Stream);
        return Errno.None;
    }

    public override Errno SetLength(ulong length) => Type == FileType.Regular ? Stream.SetLength(length) : Errno.EINVAL;

    public Errno PrepareWrite(ulong offset, ulong length) => Errno.EBADF;

    public void WasWritten(PrivilegeBits bits)
    {
    }

    public Errno Allocate(AllocationModes modes, ulong offset, ulong length) => Errno.ENOTSUP;

    Errno IPageSource.ReadPage(ulong index, Span<byte> page)
    {
        var done = Stream.ReadAt(index << Page.Shift, page);
        if (done < 0)
        {
            return Errno.EIO;
        }

        page[(int)done..].Clear();
        return Errno.None;
    }

    Errno IPageSource.WritePage(ulong index, ReadOnlySpan<byte> bytes) =>
        Stream.WriteAt(index << Page.Shift, bytes) == bytes.Length ? Errno.None : Errno.EIO;

    /// <summary>Files that are only read go through the page cache; all else goes straight to the host.</summary>
    public static OpenFile Create(FileLocation location, IHostStream stream)
    {
        var isFileToRead = location.Inode.Type == FileType.Regular && (stream.Flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly;
        if (!isFileToRead)
        {
            return new HostStreamFile(location, stream);
        }

        var position = stream.Seek(0, 1);
        return new RegularFile(location, stream.Flags) { Position = Math.Max(0, position) };
    }
}

/// <summary>An open stream of the host that is not a file to read: pipe, device, socket, or a file that output goes to.</summary>
public sealed class HostStreamFile : OpenFile
{
    private readonly IHostStream _stream;

    public HostStreamFile(FileLocation location, IHostStream stream)
        : base(location, stream.Flags) => _stream = stream;

    public override WaitQueue ReadinessQueue => _stream.Arrived;

    public override PageCache? Pages => Inode.Pages;

    public override bool IsSeekable => Inode.Type == FileType.Regular;

    public override async ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (offset is { } position)
        {
            return Inode is IRegularContent content ? content.Content.Read((ulong)position, buffer) : Errno.ESPIPE.ToResult();
        }

        while (buffer.Remaining > 0)
        {
            var done = _stream.TryRead(buffer);
            if (done != Errno.EAGAIN.ToResult() || IsNonBlocking)
            {
                return done;
            }

            if (await _stream.Arrived.Wait(thread, WaitMode.Shared) == WakeReason.Interrupted)
            {
                return SyscallRestart.IfHandlerAllows;
            }
        }

        return 0;
    }

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
    {
        if (offset is { } position)
        {
            return new(WriteAt((ulong)position, buffer));
        }

        var done = _stream.TryWrite(buffer);
        if (done == Errno.EPIPE.ToResult())
        {
            thread.Send(SignalInfo.FromKernel(Signal.SIGPIPE));
        }

        return new(done);
    }

    public override long Seek(long offset, int whence) => _stream.Seek(offset, whence);

    public override PollEvents Poll() => Inode.Type == FileType.Regular ? base.Poll() : _stream.Poll();

    public override ValueTask<long> Control(GuestThread thread, uint request, ulong argument)
    {
        var bytes = new byte[8];
        if (request != IoctlRequest.BytesReadable)
        {
            return new(Errno.ENOTTY.ToResult());
        }

        var error = _stream.Control(request, bytes);
        return new(error != Errno.None ? error.ToResult()
            : thread.Process.Space.CopyToGuest(new VirtualAddress(argument), bytes.AsSpan(0, 4)) == 4 ? 0 : Errno.EFAULT.ToResult());
    }

    private long WriteAt(ulong position, UserBuffer buffer)
    {
        var chunk = new byte[Math.Min(buffer.Remaining, 1 << 16)];
        var length = buffer.CopyFromGuest(chunk);
        return length == 0 && chunk.Length > 0 ? Errno.EFAULT.ToResult() : _stream.WriteAt(position, chunk.AsSpan(0, length));
    }
}
