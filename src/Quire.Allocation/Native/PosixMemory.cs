using System.Runtime.InteropServices;

namespace Quire.Allocation;

/// <summary>mmap, mprotect, madvise, munmap (POSIX.1-2017; MAP_ANONYMOUS and MADV_DONTNEED as Linux and macOS number them; MADV_COLLAPSE is from Linux 6.1 on).</summary>
internal sealed partial class PosixMemory : IVirtualMemory
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivate = 2;
    private const int MapNoReserveOnLinux = 0x4000;
    private const int MadviseDontNeed = 4;
    private const int MadviseHugePageOnLinux = 14;
    private const int MadviseCollapseOnLinux = 25;
    private const int MapFixed = 0x10;

    private static readonly int s_anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20 | MapNoReserveOnLinux;

    public int PageSize { get; } = Environment.SystemPageSize;

    public nint Reserve(nint bytes) => Map(0, bytes, ProtNone, MapPrivate | s_anonymous, -1, 0) is var address && address == -1 ? 0 : address;

    public bool TryCommit(nint address, nint bytes) => Protect(address, bytes, ProtReadWrite) == 0;

    public void Decommit(nint address, nint bytes)
    {
        // A fresh mapping in place drops the pages on every POSIX system; MADV_DONTNEED alone promises that on Linux only.
        if (Map(address, bytes, ProtNone, MapPrivate | MapFixed | s_anonymous, -1, 0) == -1)
        {
            _ = Advise(address, bytes, MadviseDontNeed);
            _ = Protect(address, bytes, ProtNone);
        }
    }

    public void Discard(nint address, nint bytes) => _ = Advise(address, bytes, MadviseDontNeed);

    // Pages that are there already are moved together, those to come are asked for.
    public void PreferLargePages(nint address, nint bytes)
    {
        if (OperatingSystem.IsLinux() && Advise(address, bytes, MadviseHugePageOnLinux) == 0)
        {
            _ = Advise(address, bytes, MadviseCollapseOnLinux);
        }
    }

    public void Release(nint address, nint bytes) => _ = Unmap(address, bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}
