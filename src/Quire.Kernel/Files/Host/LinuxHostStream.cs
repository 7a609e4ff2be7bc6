using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;
using static Quire.Kernel.Files.Host.LinuxCalls;

namespace Quire.Kernel.Files.Host;

/// <summary>An inherited descriptor of a Linux host. Its own flags are never changed: the host's other programs share them.</summary>
internal sealed unsafe class LinuxHostStream : IHostStream
{
    private const int GetDescriptorFlags = 1;
    private const int GetStatusFlags = 3;
    private const int ChunkBytes = 1 << 16;
    private const short PollIn = 1;
    private const short PollOut = 4;
    private const short Ended = 8 | 16 | 32; // POLLERR, POLLHUP, POLLNVAL

    private const int AheadBytes = 4096;
    private const uint PseudoTerminalMajor = 136;

    // PIPE_BUF (pipe(7)): a pipe that poll calls writable takes as much without blocking.
    private const int AtomicBytes = 4096;
    private const int RequestCheckMilliseconds = 100;

    private readonly HostRequests _requests;
    private readonly SteadyAttributes? _steady;
    private readonly bool _mayBlock;
    private readonly byte[] _chunk = new byte[ChunkBytes];

    // What FindsTwiceUnread took from the host: read before anything else. Guarded by _reading, as reads of a terminal are.
    private readonly Lock _reading = new();
    private readonly byte[] _ahead = new byte[AheadBytes];
    private volatile int _aheadCount;

    // What those who waited were woken for and nobody has taken since. Only the kernel's thread uses it.
    private short _noticed;

    /// <param name="descriptor">Of this program.</param>
    /// <param name="requests">What a write that waits for the host makes way for.</param>
    /// <param name="steady">What a run that is to be the same again is shown of attributes; null: all.</param>
    public LinuxHostStream(int descriptor, HostRequests requests, SteadyAttributes? steady)
    {
        Descriptor = descriptor;
        _requests = requests;
        _steady = steady;
        var settings = new byte[64];
        IsTerminal = Control(IoctlRequest.GetTermios, settings) == Errno.None;
        Flags = DescriptorControl(descriptor, GetStatusFlags, 0) & (OpenFlags.AccessMode | OpenFlags.Append | OpenFlags.LargeFile);
        _mayBlock = Attributes.Type is not FileType.Regular;
        var hasName = new LinuxHostFiles().ReadLink($"/proc/self/fd/{descriptor}", out var name) == Errno.None;
        Name = steady is not null ? SteadyName(name) : hasName ? name : $"host:[{descriptor}]";
    }

    public int Descriptor { get; }

    public InodeAttributes Attributes
    {
        get
        {
            var attributes = Statx(Descriptor, [0], AtEmptyPath, StatxBasicStatsAndBirth, out var status) == 0 ? status.ToAttributes() : default;
            if (_steady is null)
            {
                return attributes;
            }

            // When a file that output goes to was last written is the host's clock.
            var shown = _steady.Of(attributes, SteadyAttributes.Device);
            shown.RepresentedDevice = IsTerminal ? DeviceNumber.Of(PseudoTerminalMajor, 0) : shown.RepresentedDevice;
            return (Flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly ? shown
                : shown with { AccessTime = _steady.Start, ModifyTime = _steady.Start, ChangeTime = _steady.Start, BirthTime = _steady.Start };
        }
    }

    public int Flags { get; }

    public bool IsTerminal { get; }

    public string Name { get; }

    public WaitQueue Arrived { get; } = new();

    public long ReadCount { get; private set; }

    public bool HasReadAhead => _aheadCount > 0;

    /// <summary>
    /// Somebody waits for something that may still come: who was woken and took nothing, such as a poll that asks for no input, waits for something else.
    /// Differs from Linux: while there is unread input, more of it is no new edge for an edge-triggered epoll.
    /// </summary>
    public bool IsAwaited => !Arrived.IsEmpty && (_noticed & Ended) == 0;

    /// <summary>The event of poll(2) to wait for, besides those that need no asking.</summary>
    public short AwaitedEvents => (short)(PollIn & ~_noticed);

    /// <summary>Input that was there already is what a waiter would be woken for.</summary>
    public bool HasUnnoticedAhead => HasReadAhead && AwaitedEvents != 0;

    /// <summary>True if the descriptor was inherited. Where it was closed, a file of this program's own may have its number; those close on exec.</summary>
    public static bool Exists(int descriptor) => DescriptorControl(descriptor, GetDescriptorFlags, 0) == 0;

    public long TryRead(UserBuffer buffer)
    {
        lock (_reading)
        {
            var done = _aheadCount > 0 ? TakeAhead(buffer) : ReadHost(buffer);
            ReadCount += done > 0 ? 1 : 0;
            _noticed = 0;
            return done;
        }
    }

    /// <summary>Wakes who waits for what has happened.</summary>
    public void Notice(short happened)
    {
        _noticed |= happened;
        _noticed |= HasReadAhead ? PollIn : (short)0;
        Arrived.WakeAll();
    }

    public bool FindsTwiceUnread(byte character)
    {
        if (!_reading.TryEnter())
        {
            return false;
        }

        try
        {
            // Read by a program in the background, the terminal would stop it.
            var group = 0;
            if (LinuxCalls.Control(Descriptor, IoctlRequest.GetForegroundGroup, &group) != 0 || group != GetProcessGroup() || !Arrived.IsEmpty)
            {
                return false;
            }

            if (_aheadCount < AheadBytes && PollHost(PollIn, 0) != 0)
            {
                fixed (byte* free = &_ahead[_aheadCount])
                {
                    _aheadCount += (int)Math.Max(0, LinuxCalls.Read(Descriptor, free, (nuint)(AheadBytes - _aheadCount)));
                }
            }

            return _ahead.AsSpan(0, _aheadCount).IndexOf([character, character]) >= 0;
        }
        finally
        {
            _reading.Exit();
        }
    }

    public long ReadAt(ulong offset, Span<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var done = LinuxCalls.ReadAt(Descriptor, pointer, (nuint)bytes.Length, (long)offset);
            return done < 0 ? ErrorNow.ToResult() : done;
        }
    }

    public long TryWrite(UserBuffer buffer)
    {
        var total = 0L;
        while (buffer.Remaining > 0)
        {
            var length = buffer.CopyFromGuest(_chunk.AsSpan(0, (int)Math.Min((ulong)ChunkBytes, buffer.Remaining)));
            if (length == 0)
            {
                return total > 0 ? total : Errno.EFAULT.ToResult();
            }

            var done = WriteAll(length);
            if (done < 0)
            {
                return total > 0 ? total : done;
            }

            total += done;
        }

        return total;
    }

    public long WriteAt(ulong offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var done = LinuxCalls.WriteAt(Descriptor, pointer, (nuint)bytes.Length, (long)offset);
            return done < 0 ? LastError.ToResult() : done;
        }
    }

    public PollEvents Poll()
    {
        var happened = (PollEvents)(uint)(ushort)PollHost(PollIn, 0) | (HasReadAhead ? PollEvents.In : PollEvents.None);
        _noticed &= (short)happened;
        happened |= (happened & PollEvents.In) != 0 ? PollEvents.ReadNormal : PollEvents.None;

        // Writing waits for the host, so it can always be begun.
        return (Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly ? happened | PollEvents.Out | PollEvents.WriteNormal : happened;
    }

    public long Seek(long offset, int whence)
    {
        var result = LinuxCalls.Seek(Descriptor, offset, whence);
        return result < 0 ? LastError.ToResult() : result;
    }

    public Errno SetLength(ulong length) => Check(LinuxCalls.SetLength(Descriptor, (long)length));

    public Errno Control(uint request, byte[] bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var error = Check(LinuxCalls.Control(Descriptor, request, pointer));
            if (error == Errno.None && request == IoctlRequest.BytesReadable)
            {
                *(int*)pointer += _aheadCount;
            }
            else if (request is IoctlRequest.SetTermiosAfterFlush or IoctlRequest.SetTermios2AfterFlush)
            {
                _aheadCount = 0;
            }

            return error;
        }
    }

    public Errno Control(uint request, ulong value)
    {
        const ulong OutputQueueOnly = 1;
        if (request == IoctlRequest.Flush && value != OutputQueueOnly)
        {
            _aheadCount = 0;
        }

        return Check(LinuxCalls.Control(Descriptor, request, (void*)value));
    }

    // Where a shell put output, which pipe it is and the number of a terminal are different from run to run.
    private string SteadyName(string name)
    {
        var attributes = Attributes;
        return IsTerminal ? "/dev/pts/0"
            : attributes.Type == FileType.CharacterDevice ? name
            : attributes.Type == FileType.Fifo ? $"pipe:[{attributes.Number}]"
            : attributes.Type == FileType.Socket ? $"socket:[{attributes.Number}]"
            : $"host:[{attributes.Number}]";
    }

    private long ReadHost(UserBuffer buffer)
    {
        if (PollHost(PollIn, 0) == 0)
        {
            return Errno.EAGAIN.ToResult();
        }

        fixed (byte* chunk = _chunk)
        {
            nint done;
            do
            {
                done = LinuxCalls.Read(Descriptor, chunk, (nuint)Math.Min((ulong)ChunkBytes, buffer.Remaining));
            }
            while (done < 0 && LastError == Errno.EINTR);

            if (done <= 0)
            {
                return done < 0 ? LastError.ToResult() : 0;
            }

            var copied = buffer.CopyToGuest(_chunk.AsSpan(0, (int)done));
            return copied == 0 ? Errno.EFAULT.ToResult() : copied;
        }
    }

    private long TakeAhead(UserBuffer buffer)
    {
        var copied = buffer.CopyToGuest(_ahead.AsSpan(0, (int)Math.Min((ulong)_aheadCount, buffer.Remaining)));
        _ahead.AsSpan((int)copied, _aheadCount - (int)copied).CopyTo(_ahead);
        _aheadCount -= (int)copied;
        return copied == 0 ? Errno.EFAULT.ToResult() : copied;
    }

    private long WriteAll(int length)
    {
        fixed (byte* chunk = _chunk)
        {
            var total = 0;
            while (total < length)
            {
                if (_mayBlock && !AwaitRoom())
                {
                    return total > 0 ? total : SyscallRestart.IfHandlerAllows;
                }

                var most = _mayBlock ? Math.Min(length - total, AtomicBytes) : length - total;
                var done = LinuxCalls.Write(Descriptor, chunk + total, (nuint)most);
                if (done >= 0)
                {
                    total += (int)done;
                    continue;
                }

                if (LastError is not (Errno.EINTR or Errno.EAGAIN))
                {
                    return total > 0 ? total : LastError.ToResult();
                }
            }

            return total;
        }
    }

    // False: somebody outside asks for something, such as an end, that must not wait for whoever reads this stream.
    private bool AwaitRoom()
    {
        while (PollHost(PollOut, RequestCheckMilliseconds) == 0)
        {
            if (_requests.HasAny)
            {
                return false;
            }
        }

        return true;
    }

    private short PollHost(short wanted, int milliseconds)
    {
        var entry = new HostPoll { Descriptor = Descriptor, Wanted = wanted };
        LinuxCalls.Poll(&entry, 1, milliseconds);
        return entry.Happened;
    }
}
