using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Tests.Memory;

/// <summary>A swap area in an array, which fails when it is told to.</summary>
internal sealed class ArraySwapStorage(uint slots) : ISwapStorage
{
    private readonly byte[]?[] _pages = new byte[slots][];

    public string Name => "/dev/array";

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    public bool FailsReads { get; set; }

    public bool FailsWrites { get; set; }

    /// <summary>Slots in the order in which they were written.</summary>
    public List<uint> Written { get; } = [];

    public bool TryRead(uint slot, Span<byte> page)
    {
        Reads++;
        if (FailsReads)
        {
            page.Fill(0xEE);
            return false;
        }

        (_pages[slot] ?? throw new InvalidOperationException($"slot {slot} was never written")).CopyTo(page);
        return true;
    }

    public bool TryWrite(uint slot, ReadOnlySpan<byte> page)
    {
        Writes++;
        Written.Add(slot);
        _pages[slot] = FailsWrites ? new byte[Page.Size] : page.ToArray();
        return !FailsWrites;
    }

    public void Dispose()
    {
    }
}
