using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
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

    private readonly byte[] _chunk = new byte[ChunkBytes];

    public LinuxHostStream(int descriptor)
    {
        Descriptor = descriptor;
        var settings = new byte[64];
        IsTerminal = Control(IoctlRequest.GetTermios, settings) == Errno.None;
        Flags = DescriptorControl(descriptor, GetStatusFlags, 0) & (OpenFlags.AccessMode | OpenFlags.Append);
        Name = new LinuxHostFiles().ReadLink($"/proc/self/fd/{descriptor}", out var name) == Errno.None ? name : $"host:[{descriptor}]";
    }

    public int Descriptor { get; }

    public InodeAttributes Attributes =>
        Statx(Descriptor, [0], AtEmptyPath, StatxBasicStatsAndBirth, out var status) == 0 ? status.ToAttributes() : default;

    public int Flags { get; }

    public bool IsTerminal { get; }

    public string Name { get; }

    public WaitQueue Arrived { get; } = new();

    /// <summary>True if the descriptor was inherited. Where it was closed, a file of this program's own may have its number; those close on exec.</summary>
    public static bool Exists(int descriptor) => DescriptorControl(descriptor, GetDescriptorFlags, 0) == 0;

    public long TryRead(UserBuffer buffer)
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

    public long ReadAt(ulong offset, Span<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var done = LinuxCalls.ReadAt(Descriptor, pointer, (nuint)bytes.Length, (long)offset);
            return done < 0 ? LastError.ToResult() : done;
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
        var happened = (PollEvents)(uint)(ushort)PollHost(PollIn, 0);
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
            return Check(LinuxCalls.Control(Descriptor, request, pointer));
        }
    }

    public Errno Control(uint request, ulong value) => Check(LinuxCalls.Control(Descriptor, request, (void*)value));

    private long WriteAll(int length)
    {
        fixed (byte* chunk = _chunk)
        {
            var total = 0;
            while (total < length)
            {
                var done = LinuxCalls.Write(Descriptor, chunk + total, (nuint)(length - total));
                if (done >= 0)
                {
                    total += (int)done;
                    continue;
                }

                switch (LastError)
                {
                    case Errno.EINTR:
                        break;
                    case Errno.EAGAIN:
                        PollHost(PollOut, -1);
                        break;
                    default:
                        return total > 0 ? total : LastError.ToResult();
                }
            }

            return total;
        }
    }

    private short PollHost(short wanted, int milliseconds)
    {
        var entry = new HostPoll { Descriptor = Descriptor, Wanted = wanted };
        LinuxCalls.Poll(&entry, 1, milliseconds);
        return entry.Happened;
    }
}
