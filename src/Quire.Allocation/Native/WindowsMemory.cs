using System.Runtime.InteropServices;

namespace Quire.Allocation;

/// <summary>VirtualAlloc and VirtualFree (Windows memoryapi.h).</summary>
internal sealed partial class WindowsMemory : IVirtualMemory
{
    private const uint MemCommit = 0x1000;
    private const uint MemReserve = 0x2000;
    private const uint MemDecommit = 0x4000;
    private const uint MemRelease = 0x8000;
    private const uint MemReset = 0x80000;
    private const uint PageNoAccess = 0x01;
    private const uint PageReadWrite = 0x04;

    public int PageSize { get; } = Environment.SystemPageSize;

    public nint Reserve(nint bytes) => VirtualAlloc(0, bytes, MemReserve, PageNoAccess);

    public bool TryCommit(nint address, nint bytes) => VirtualAlloc(address, bytes, MemCommit, PageReadWrite) != 0;

    public void Decommit(nint address, nint bytes) => _ = VirtualFree(address, bytes, MemDecommit);

    public void Discard(nint address, nint bytes) => _ = VirtualAlloc(address, bytes, MemReset, PageReadWrite);

    public void Release(nint address, nint bytes) => _ = VirtualFree(address, 0, MemRelease);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(nint address, nint size, uint type);
}
