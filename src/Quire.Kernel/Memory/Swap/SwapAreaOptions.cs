namespace Quire.Kernel.Memory.Swap;

/// <summary>One swap area.</summary>
/// <param name="Slots">Pages that it holds.</param>
/// <param name="Priority">0 to 32767, higher ones are used first, equal ones in turn; null: below all of these and below earlier areas without one.</param>
/// <param name="Storage">Disposed of with the machine's memory.</param>
public sealed record SwapAreaOptions(uint Slots, int? Priority, ISwapStorage Storage);
