namespace Quire.Kernel.Memory.Swap;

/// <summary>One line of /proc/swaps; sizes in pages.</summary>
public readonly record struct SwapAreaView(string Name, long Size, long Used, int Priority);
