namespace Quire.Kernel.Memory;

/// <summary>What names a futex word: its address space or its shared pages, and the offset in it.</summary>
public readonly record struct FutexKey(object Owner, ulong Offset);

public enum FutexScope
{
    /// <summary>FUTEX_PRIVATE_FLAG: only threads of this address space use the word.</summary>
    AddressSpace,

    Shared,
}
