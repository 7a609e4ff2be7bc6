using System.Buffers.Binary;
using System.Text;

namespace Quire.Kernel.Files.Watches;

/// <summary>One thing that happened, as a reader gets it (struct inotify_event).</summary>
/// <param name="Watch">The number of the watch that saw it; -1: events were lost.</param>
/// <param name="Cookie">The same for both halves of a move; 0 for everything else.</param>
/// <param name="Name">The name in the watched directory; empty: the watched file itself.</param>
public readonly record struct FileEvent(int Watch, FileEvents What, uint Cookie, string Name)
{
    // struct inotify_event: wd 0, mask 4, cookie 8, len 12, name 16. Names end with a zero and are padded to this size.
    private const int HeaderBytes = 16;

    private int NameBytes => Name.Length == 0 ? 0 : (Name.Length + HeaderBytes) & ~(HeaderBytes - 1);

    public int Bytes => HeaderBytes + NameBytes;

    /// <summary>Told right after the other, one of the two says nothing new. Cookies do not count (fs/notify/inotify: event_compare).</summary>
    public bool Repeats(in FileEvent before) =>
        What != FileEvents.Ignored && (Watch, What, Name) == (before.Watch, before.What, before.Name);

    public byte[] Encode()
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Watch);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)What);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Cookie);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), NameBytes);
        Encoding.Latin1.GetBytes(Name, bytes.AsSpan(HeaderBytes));
        return bytes;
    }
}
