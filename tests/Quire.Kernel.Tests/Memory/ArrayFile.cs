using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Tests.Memory;

/// <summary>A file whose device is an array.</summary>
internal sealed class ArrayFile : IMappedFile, IPageSource
{
    private byte[] _contents;

    public ArrayFile(KernelMemory memory, byte[] contents)
    {
        _contents = contents;
        Pages = memory.CreatePageCache(this, (ulong)contents.Length);
    }

    public PageCache? Pages { get; set; }

    public string Path { get; init; } = "/data";

    public string Name => Path;

    public ulong DeviceNumber => 0x801;

    public ulong InodeNumber => 42;

    public bool IsReadable { get; set; } = true;

    public bool IsWritable { get; set; } = true;

    public bool IsBacked { get; set; } = true;

    public Errno ReadError { get; set; }

    public Errno WriteError { get; set; }

    public int References { get; private set; }

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    /// <summary>What the device holds.</summary>
    public ReadOnlySpan<byte> Contents => _contents;

    public void AddReference() => References++;

    public void Release() => References--;

    /// <summary>Truncates or extends what the device holds, as a file system does before it tells the page cache.</summary>
    public void SetDeviceLength(int bytes) => Array.Resize(ref _contents, bytes);

    public Errno ReadPage(ulong index, Span<byte> page)
    {
        Reads++;
        page.Clear();
        var start = (int)Math.Min(index << Page.Shift, (ulong)_contents.Length);
        _contents.AsSpan(start, Math.Min(Page.Size, _contents.Length - start)).CopyTo(page);
        return ReadError;
    }

    public Errno WritePage(ulong index, ReadOnlySpan<byte> bytes)
    {
        Writes++;
        if (WriteError != Errno.None)
        {
            return WriteError;
        }

        var start = (int)(index << Page.Shift);
        if (_contents.Length < start + bytes.Length)
        {
            Array.Resize(ref _contents, start + bytes.Length);
        }

        bytes.CopyTo(_contents.AsSpan(start));
        return Errno.None;
    }
}
