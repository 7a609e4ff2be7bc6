using Quire.Primitives;
using static Quire.Kernel.Files.Host.LinuxCalls;

namespace Quire.Kernel.Files.Host;

/// <summary>A descriptor of the host, closed once.</summary>
internal sealed unsafe class LinuxHostFile : IHostFile
{
    private int _descriptor;

    public LinuxHostFile(int descriptor) => _descriptor = descriptor;

    public int Descriptor => _descriptor;

    public long Read(ulong offset, Span<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var total = 0;
            while (total < bytes.Length)
            {
                var done = ReadAt(_descriptor, pointer + total, (nuint)(bytes.Length - total), (long)offset + total);
                if (done < 0)
                {
                    var error = ErrorNow;
                    if (error == Errno.EINTR)
                    {
                        continue;
                    }

                    return total == 0 ? error.ToResult() : total;
                }

                if (done == 0)
                {
                    return total;
                }

                total += (int)done;
            }

            return total;
        }
    }

    public long Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            var total = 0;
            while (total < bytes.Length)
            {
                var done = WriteAt(_descriptor, pointer + total, (nuint)(bytes.Length - total), (long)offset + total);
                if (done < 0 && LastError == Errno.EINTR)
                {
                    continue;
                }

                if (done <= 0)
                {
                    return total == 0 ? (done < 0 ? LastError : Errno.EIO).ToResult() : total;
                }

                total += (int)done;
            }

            return total;
        }
    }

    public Errno Stat(out InodeAttributes attributes)
    {
        var error = Check(Statx(_descriptor, [0], AtEmptyPath, StatxBasicStatsAndBirth, out var status));
        attributes = error == Errno.None ? status.ToAttributes() : default;
        return error;
    }

    public Errno SetLength(ulong length) => Check(LinuxCalls.SetLength(_descriptor, (long)length));

    public Errno Sync() => Check(LinuxCalls.Sync(_descriptor));

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            Close(_descriptor);
            _descriptor = -1;
        }
    }
}
