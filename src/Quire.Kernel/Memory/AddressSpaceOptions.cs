namespace Quire.Kernel.Memory;

/// <summary>What a new address space is made with.</summary>
/// <param name="Layout">Where its parts start.</param>
/// <param name="Limits">The limits it obeys; read at each call.</param>
/// <param name="ProcessTag">The process number in events.</param>
public sealed record AddressSpaceOptions(AddressLayout Layout, MemoryLimits Limits, int ProcessTag);
