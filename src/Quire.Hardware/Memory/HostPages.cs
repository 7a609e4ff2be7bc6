using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Quire.Hardware.Memory;

/// <summary>Zeroed host memory that costs nothing until touched. The only place where Quire.Hardware asks the host for pages.</summary>
internal static unsafe partial class HostPages
{
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int MapPrivate = 2;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int AdviseHugePage = 14;
    private const uint MemReserveCommit = 0x3000;
    private const uint MemRelease = 0x8000;
    private const uint PageReadWrite = 4;

    public static byte* Reserve(nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            var block = VirtualAlloc(null, bytes, MemReserveCommit, PageReadWrite);
            return block != null ? (byte*)block : throw new OutOfMemoryException($"the host refuses {bytes} bytes for RAM");
        }

        var address = Mmap(null, bytes, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if ((nint)address == -1)
        {
            throw new OutOfMemoryException($"the host refuses {bytes} bytes for RAM: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        // Frames are handed out in the order of their addresses, so a huge page of the host is soon used whole: one fault of the host for 512 first touches,
        // and one entry of its TLB for as many frames. Advice that may be refused.
        if (OperatingSystem.IsLinux())
        {
            Advise(address, bytes, AdviseHugePage);
        }

        return (byte*)address;
    }

    public static void Release(byte* address, nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            VirtualFree(address, 0, MemRelease);
        }
        else
        {
            Munmap(address, bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Mmap(void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(void* address, nuint length);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(void* address, nuint size, uint type);
}
