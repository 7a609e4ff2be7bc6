using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// The disk of the writable layer: page-sized blocks in one private host file that is made at the first write-back. A block has a number
/// from the moment it is promised to a file, so running out is told at the write and not later.
/// </summary>
internal sealed class LayerBlocks : IDisposable
{
    private readonly IHostFiles _host;
    private readonly ulong _capacity;
    private readonly Stack<uint> _free = new();
    private IHostFile? _file;
    private long _next;

    public LayerBlocks(IHostFiles host, ByteSize capacity)
    {
        _host = host;
        _capacity = Math.Min(capacity.Pages, BlockMap.MostBlocks);
    }

    public ulong Used => (ulong)(_next - _free.Count);

    public ulong Free => _capacity - Used;

    public bool TryTake(out long block)
    {
        if (_free.TryPop(out var returned))
        {
            block = returned;
            return true;
        }

        block = _next;
        if ((ulong)_next >= _capacity)
        {
            return false;
        }

        _next++;
        return true;
    }

    public void Return(long block) => _free.Push((uint)block);

    public Errno Read(long block, Span<byte> page)
    {
        if (_file is null)
        {
            page.Clear();
            return Errno.None;
        }

        var done = _file.Read((ulong)block << Page.Shift, page);
        if (done < 0)
        {
            return Errno.EIO;
        }

        page[(int)done..].Clear();
        return Errno.None;
    }

    public Errno Write(long block, ReadOnlySpan<byte> bytes)
    {
        if (_file is null && _host.CreatePrivateFile(out _file) != Errno.None)
        {
            return Errno.EIO;
        }

        var done = _file!.Write((ulong)block << Page.Shift, bytes);
        return done == bytes.Length ? Errno.None : done == Errno.ENOSPC.ToResult() ? Errno.ENOSPC : Errno.EIO;
    }

    public void Dispose() => _file?.Dispose();
}
