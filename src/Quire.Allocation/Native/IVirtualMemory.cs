namespace Quire.Allocation;

/// <summary>The host's address space: what an allocator asks of the operating system.</summary>
public interface IVirtualMemory
{
    /// <summary>Granularity of the other calls, in bytes.</summary>
    int PageSize { get; }

    /// <summary>Sets addresses aside without memory behind them: any access faults. Zero when the host refuses.</summary>
    nint Reserve(nint bytes);

    /// <summary>Makes reserved pages readable and writable; they read as zeros at first. False when the host refuses.</summary>
    bool TryCommit(nint address, nint bytes);

    /// <summary>Gives the memory of pages back; the addresses stay reserved and fault.</summary>
    void Decommit(nint address, nint bytes);

    /// <summary>Gives the memory of pages back without making them fault; what they hold then is undefined.</summary>
    void Discard(nint address, nint bytes);

    /// <summary>Asks that committed memory, which is or will soon be in use throughout, be backed by large pages. A wish: nothing when the host has none.</summary>
    void PreferLargePages(nint address, nint bytes)
    {
    }

    /// <summary>Gives the addresses of a whole reservation back.</summary>
    void Release(nint address, nint bytes);
}
