using System.Text;
using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>Reads the text files of a kept layer line by line, so that a file that is none of them costs no memory, however long it is.</summary>
internal static class LayerText
{
    private const int ChunkBytes = 1 << 16;

    // A file's attributes with all its extended ones, which Linux lets grow to some megabytes.
    private const int LongestLine = 1 << 26;

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">It is not a text of printable ASCII.</exception>
    public static IEnumerable<string> ReadLines(IHostFiles host, string path)
    {
        var error = host.Open(path, HostAccess.Read, out var file);
        if (error != Errno.None)
        {
            throw new IOException($"{GuestText.ToHost(path)}: {error}");
        }

        using (file)
        {
            var chunk = new byte[ChunkBytes];
            var line = new StringBuilder();
            var number = 1;
            var offset = 0UL;
            long length;
            while ((length = file!.Read(offset, chunk)) > 0)
            {
                offset += (ulong)length;
                for (var i = 0; i < length; i++)
                {
                    if (chunk[i] == '\n')
                    {
                        yield return line.ToString();
                        line.Clear();
                        number++;
                    }
                    else if (chunk[i] is < 0x20 or > 0x7E || line.Length == LongestLine)
                    {
                        throw new FormatException($"line {number}: it is not text");
                    }
                    else
                    {
                        line.Append((char)chunk[i]);
                    }
                }
            }

            if (length < 0)
            {
                throw new IOException($"{GuestText.ToHost(path)}: {(Errno)(-length)}");
            }

            if (line.Length > 0)
            {
                yield return line.ToString();
            }
        }
    }
}
