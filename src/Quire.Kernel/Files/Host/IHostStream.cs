using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>One of the streams that this program was started with: a terminal, pipe, socket, device or file of the host.</summary>
public interface IHostStream
{
    InodeAttributes Attributes { get; }

    /// <summary>Access mode and O_APPEND as the host has them.</summary>
    int Flags { get; }

    bool IsTerminal { get; }

    /// <summary>The host's name for it, as /proc/self/fd shows: a path, or "pipe:[7]".</summary>
    string Name { get; }

    /// <summary>Woken when the host has input after there was none.</summary>
    WaitQueue Arrived { get; }

    /// <summary>Reads what is there. EAGAIN if nothing is yet.</summary>
    long TryRead(UserBuffer buffer);

    long ReadAt(ulong offset, Span<byte> bytes);

    /// <summary>Writes all, waiting for the host as long as it takes; fewer, or a restart, only if the guest's bytes cannot be reached or the host asks for something.</summary>
    long TryWrite(UserBuffer buffer);

    long WriteAt(ulong offset, ReadOnlySpan<byte> bytes);

    PollEvents Poll();

    /// <summary>Counts reads that gave bytes.</summary>
    long ReadCount { get; }

    /// <summary>True if the character stands twice in a row in what the host has and nobody has read yet. May be called by any host thread.</summary>
    bool FindsTwiceUnread(byte character);

    long Seek(long offset, int whence);

    Errno SetLength(ulong length);

    /// <summary>ioctl with a buffer that is read or written.</summary>
    Errno Control(uint request, byte[] bytes);

    /// <summary>ioctl with a plain value.</summary>
    Errno Control(uint request, ulong value);
}
