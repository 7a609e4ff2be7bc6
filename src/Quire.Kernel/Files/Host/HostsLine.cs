using System.Text;
using Quire.Primitives;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// A line more at the end of the host's /etc/hosts, so that programs find an address for the name of the machine that they run on, which is not the
/// host's. The address is the one that Debian gives such a name.
/// </summary>
/// <param name="path">Of the host.</param>
internal sealed class HostsLine(string path, string name)
{
    private const int MostBytes = 1 << 20;

    public string Path => path;

    /// <summary>Bytes to add to a file of this content: none if it has the name.</summary>
    public byte[] For(ReadOnlySpan<byte> content)
    {
        var text = Encoding.Latin1.GetString(content);
        var isThere = text.Split('\n').Any(line => line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Skip(1).Contains(name));
        return isThere ? [] : Encoding.Latin1.GetBytes($"{(text.Length == 0 || text[^1] == '\n' ? "" : "\n")}127.0.1.1\t{name}\n");
    }

    /// <summary>What is to be added to the host's file as it is now; nothing to what is no file of a sensible size.</summary>
    public byte[] For(IHostFiles host)
    {
        if (host.Open(path, HostAccess.Read, out var file) != Errno.None)
        {
            return [];
        }

        using (file)
        {
            return For(file!);
        }
    }

    public IHostFile Extend(IHostFile file) => new ExtendedFile(file, For(file));

    private byte[] For(IHostFile file)
    {
        if (file.Stat(out var attributes) != Errno.None || attributes.Type != FileType.Regular || attributes.Size > MostBytes)
        {
            return [];
        }

        var content = new byte[attributes.Size];
        var done = file.Read(0, content);
        return done == content.Length ? For(content) : [];
    }

    private sealed class ExtendedFile(IHostFile file, byte[] line) : IHostFile
    {
        public long Read(ulong offset, Span<byte> bytes)
        {
            var done = file.Read(offset, bytes);
            if (done < 0 || file.Stat(out var attributes) != Errno.None || offset + (ulong)done < attributes.Size)
            {
                return done;
            }

            var at = (int)Math.Min(offset + (ulong)done - attributes.Size, (ulong)line.Length);
            var more = Math.Min(line.Length - at, bytes.Length - (int)done);
            line.AsSpan(at, more).CopyTo(bytes[(int)done..]);
            return done + more;
        }

        public long Write(ulong offset, ReadOnlySpan<byte> bytes) => Errno.EBADF.ToResult();

        public Errno Stat(out InodeAttributes attributes)
        {
            var error = file.Stat(out attributes);
            attributes.Size += error == Errno.None ? (ulong)line.Length : 0;
            return error;
        }

        public Errno SetLength(ulong length) => Errno.EBADF;

        public Errno Sync() => file.Sync();

        public void Dispose() => file.Dispose();
    }
}
