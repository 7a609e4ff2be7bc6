using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Quire.Kernel.Memory.Reclaim;

namespace Quire.Machine.Futures;

/// <summary>
/// Writes which pages a run referred to: a 32-bit number for each reference, pages numbered in the order of their first, then the pages' 64-bit names and
/// how many there are. All in the host's byte order: who reads the file runs right after.
/// </summary>
public sealed class PageReferenceFile(Stream file) : IPageReferenceRecording, IDisposable
{
    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly int[] _buffer = new int[1 << 16];
    private int _buffered;
    private ulong _last = ulong.MaxValue;

    public void Refer(ulong page)
    {
        if (page == _last)
        {
            return;
        }

        _last = page;
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, page, out var isKnown);
        number = isKnown ? number : _numbers.Count - 1;
        _buffer[_buffered++] = number;
        if (_buffered == _buffer.Length)
        {
            Flush();
        }
    }

    public void Dispose()
    {
        Flush();
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        foreach (var page in _numbers.OrderBy(page => page.Value))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, page.Key);
            file.Write(word);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)_numbers.Count);
        file.Write(word);
        file.Dispose();
    }

    private void Flush()
    {
        file.Write(MemoryMarshal.AsBytes(_buffer.AsSpan(0, _buffered)));
        _buffered = 0;
    }
}
