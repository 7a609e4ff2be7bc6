using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>Time lost on the whole machine since it started: some tasks held up, or all that were not idle.</summary>
public readonly record struct PressureTotals(VirtualTime MemorySome, VirtualTime MemoryFull, VirtualTime CpuSome, VirtualTime IoSome);
