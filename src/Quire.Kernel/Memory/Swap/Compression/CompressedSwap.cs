using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Swap.Compression;

/// <summary>
/// Compressed swap in RAM, in front of the areas (mm/zswap.c of Linux 6.1): a page that goes to a slot is compressed into the pool instead of written; a page of one
/// value all over is kept as that value. When the pool is full, the pages that came first are written to their slots. What compresses badly goes to its slot at once.
/// </summary>
internal sealed unsafe class CompressedSwap : IDisposable
{
    // A few old pages make room for a new one; a pool that holds nothing but small ones may need more, and then the new page goes past it.
    private const int MostWrittenBack = 8;

    private readonly KernelMemory _memory;
    private readonly IPageCodec _codec;
    private readonly CompressedPages _pages;
    private readonly int _mostFrames;
    private readonly byte[] _compressed = new byte[CompressedPages.Largest];
    private readonly byte[] _page = new byte[Page.Size];

    // By slot.
    private readonly byte* _kinds;
    private readonly ulong* _values;

    // Slots with compressed pages, oldest first, linked in a ring through slot 0.
    private readonly uint* _next;
    private readonly uint* _previous;

    public CompressedSwap(KernelMemory memory, CompressedSwapOptions options, uint slots)
    {
        _memory = memory;
        _codec = options.Compression == PageCompression.Brotli ? new BrotliPageCodec() : new DeflatePageCodec();
        _pages = new CompressedPages(memory.Frames);
        _mostFrames = (int)Math.Max(1, (long)memory.Physical.FrameCount * options.Percent / 100);
        _kinds = (byte*)NativeMemory.AllocZeroed((nuint)slots + 1);
        _values = (ulong*)NativeMemory.AllocZeroed((nuint)slots + 1, sizeof(ulong));
        _next = (uint*)NativeMemory.AllocZeroed((nuint)slots + 1, sizeof(uint));
        _previous = (uint*)NativeMemory.AllocZeroed((nuint)slots + 1, sizeof(uint));
    }

    /// <summary>Writes a page to its slot's area.</summary>
    public delegate bool WriteToArea(SwapEntry entry, ReadOnlySpan<byte> page);

    private enum Kind : byte
    {
        None,
        SameFilled,
        Compressed,
    }

    /// <summary>Frames of the pool.</summary>
    public int FrameCount => _pages.FrameCount;

    private SwapCounters Counters => _memory.Counters.Swap;

    public bool Contains(SwapEntry entry) => _kinds[entry.Slot] != (byte)Kind.None;

    /// <summary>False: the page has to go to the area.</summary>
    public bool TryStore(SwapEntry entry, ReadOnlySpan<byte> page, WriteToArea write)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(page);
        if (!words.ContainsAnyExcept(words[0]))
        {
            _kinds[entry.Slot] = (byte)Kind.SameFilled;
            _values[entry.Slot] = words[0];
            Counters.SameFilledNow++;
            Counters.SameFilled++;
            _memory.Note(MemoryEventKind.CompressedSame, (ulong)entry.Slot << Page.Shift);
            CountStored(entry);
            return true;
        }

        _memory.AddDeviceDebt(_memory.Options.CompressionTime);
        var length = _codec.Compress(page, _compressed);
        if (length == 0)
        {
            Counters.RejectedBadly++;
            _memory.Note(MemoryEventKind.CompressedReject, (ulong)entry.Slot << Page.Shift);
            return false;
        }

        if (!TryMakeRoom(write) || !_pages.TryStore(_compressed.AsSpan(0, length), out var place))
        {
            Counters.RejectedFull++;
            _memory.Note(MemoryEventKind.CompressedFull, (ulong)entry.Slot << Page.Shift);
            return false;
        }

        _kinds[entry.Slot] = (byte)Kind.Compressed;
        _values[entry.Slot] = place.Value;
        Append(entry.Slot);
        Counters.CompressedNow++;
        Counters.Compressed++;
        Counters.CompressedBytes += length;
        _memory.Swap.ChargeCompressed(entry, length);
        CountStored(entry);
        return true;
    }

    /// <summary>False: the page is in its area.</summary>
    public bool TryLoad(SwapEntry entry, Span<byte> page)
    {
        if (!Contains(entry))
        {
            return false;
        }

        if (_kinds[entry.Slot] == (byte)Kind.Compressed)
        {
            _memory.AddDeviceDebt(_memory.Options.DecompressionTime);
        }

        Unpack(entry.Slot, page);
        Counters.CompressedIn++;
        _memory.Note(MemoryEventKind.CompressedIn, (ulong)entry.Slot << Page.Shift);
        _memory.Swap.CountCompressedIn(entry);
        return true;
    }

    /// <summary>Forgets the page of a slot that is free now, or written.</summary>
    public void Drop(SwapEntry entry)
    {
        switch ((Kind)_kinds[entry.Slot])
        {
            case Kind.None:
                return;
            case Kind.SameFilled:
                Counters.SameFilledNow--;
                break;
            default:
                Counters.CompressedNow--;
                _memory.Swap.ChargeCompressed(entry, -_pages.Bytes(new CompressedPage(_values[entry.Slot])).Length);
                _pages.Free(new CompressedPage(_values[entry.Slot]));
                Unlink(entry.Slot);
                break;
        }

        _kinds[entry.Slot] = (byte)Kind.None;
        Counters.PoolFrames = _pages.FrameCount;
    }

    public void Dispose()
    {
        NativeMemory.Free(_kinds);
        NativeMemory.Free(_values);
        NativeMemory.Free(_next);
        NativeMemory.Free(_previous);
    }

    private void CountStored(SwapEntry entry)
    {
        Counters.CompressedOut++;
        _memory.Note(MemoryEventKind.CompressedOut, (ulong)entry.Slot << Page.Shift);
        Counters.PoolFrames = _pages.FrameCount;
        Counters.PeakPoolFrames = Math.Max(Counters.PeakPoolFrames, Counters.PoolFrames);
        Counters.PeakCompressed = Math.Max(Counters.PeakCompressed, Counters.CompressedNow + Counters.SameFilledNow);
    }

    // False: the pool is full, and the oldest page could not be written.
    private bool TryMakeRoom(WriteToArea write)
    {
        for (var left = MostWrittenBack; _pages.FrameCount >= _mostFrames; left--)
        {
            var oldest = new SwapEntry(_next[0]);
            if (left == 0 || oldest.IsNone)
            {
                return false;
            }

            Unpack(oldest.Slot, _page);
            if (!write(oldest, _page))
            {
                return false;
            }

            Counters.CompressedWrittenBack++;
            _memory.Note(MemoryEventKind.CompressedWriteBack, (ulong)oldest.Slot << Page.Shift);
            Drop(oldest);
        }

        return true;
    }

    private void Unpack(uint slot, Span<byte> page)
    {
        if (_kinds[slot] == (byte)Kind.SameFilled)
        {
            MemoryMarshal.Cast<byte, ulong>(page).Fill(_values[slot]);
        }
        else
        {
            _codec.Decompress(_pages.Bytes(new CompressedPage(_values[slot])), page);
        }
    }

    private void Append(uint slot)
    {
        var newest = _previous[0];
        _next[slot] = 0;
        _previous[slot] = newest;
        _next[newest] = slot;
        _previous[0] = slot;
    }

    private void Unlink(uint slot)
    {
        _next[_previous[slot]] = _next[slot];
        _previous[_next[slot]] = _previous[slot];
    }
}
