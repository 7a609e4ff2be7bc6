namespace Quire.Kernel.Memory.Swap;

/// <summary>What a swap area keeps its pages on.</summary>
public interface ISwapStorage : IDisposable
{
    /// <summary>The path that /proc/swaps shows.</summary>
    string Name { get; }

    /// <param name="slot">From 0; only slots that were written are read.</param>
    /// <returns>False: the device failed, and the page holds anything.</returns>
    bool TryRead(uint slot, Span<byte> page);

    /// <returns>False: the device failed or is full, and the slot holds anything.</returns>
    bool TryWrite(uint slot, ReadOnlySpan<byte> page);
}
