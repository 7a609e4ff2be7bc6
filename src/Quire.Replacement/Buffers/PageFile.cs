using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Quire.Replacement;

/// <summary>How a <see cref="PageFile"/> gets at its bytes.</summary>
public enum PageAccess
{
    /// <summary>Past the host's page cache where the file system allows it (O_DIRECT, FILE_FLAG_NO_BUFFERING), through it elsewhere.</summary>
    DirectWherePossible,

    /// <summary>Through the host's page cache.</summary>
    Cached,
}

/// <summary>
/// Pages in a file of the host. Direct access keeps the host from holding each page a second time; it needs pages whose size is a multiple of 4096, and a
/// file system that has it: <see cref="IsDirect"/> says whether both are so.
/// </summary>
public sealed partial class PageFile : IPageFile
{
    private const int DirectUnit = 4096;

    private readonly SafeFileHandle _handle;

    private PageFile(SafeFileHandle handle, int pageSize, bool isDirect)
    {
        _handle = handle;
        PageSize = pageSize;
        IsDirect = isDirect;
    }

    public int PageSize { get; }

    /// <summary>The host's page cache is passed by.</summary>
    public bool IsDirect { get; }

    /// <summary>Pages in the file, the last one whole or not.</summary>
    public long Pages => (RandomAccess.GetLength(_handle) + PageSize - 1) / PageSize;

    /// <summary>Opens a file for reading and writing, and makes it if there is none. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pageSize">Bytes, a power of two from 512 to 1 MiB.</param>
    /// <param name="access">Past the host's page cache or through it.</param>
    public static PageFile Open(string path, int pageSize = 4096, PageAccess access = PageAccess.DirectWherePossible)
    {
        if (pageSize is < 512 or > 1 << 20 || !int.IsPow2(pageSize))
        {
            throw new ArgumentOutOfRangeException(nameof(pageSize), pageSize, "not a power of two from 512 to 1048576");
        }

        var options = FileOptions.RandomAccess;
        if (access == PageAccess.DirectWherePossible && pageSize % DirectUnit == 0)
        {
            if (OperatingSystem.IsWindows())
            {
                return new PageFile(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, options | NoBuffering), pageSize, isDirect: true);
            }

            if (OperatingSystem.IsLinux() && TryOpenDirect(path) is { } direct)
            {
                return new PageFile(direct, pageSize, isDirect: true);
            }
        }

        return new PageFile(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, options), pageSize, isDirect: false);
    }

    /// <inheritdoc/>
    public void Read(long page, Span<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length)
        {
            var read = RandomAccess.Read(_handle, bytes[taken..], (page * PageSize) + taken);
            taken += read;
            // Direct reads end at the end of the file, which need not be one of a page; a further one there could not be aligned.
            if (read == 0 || (IsDirect && taken % DirectUnit != 0))
            {
                break;
            }
        }

        bytes[taken..].Clear();
    }

    /// <inheritdoc/>
    public void Write(long page, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_handle, bytes, page * PageSize);

    /// <inheritdoc/>
    public void Synchronize() => RandomAccess.FlushToDisk(_handle);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _handle.Dispose();

    // FILE_FLAG_NO_BUFFERING (fileapi.h), which .NET passes on.
    private const FileOptions NoBuffering = (FileOptions)0x20000000;

    // .NET has no option for O_DIRECT: the file is opened by open(2) after .NET has made it. Null where the file system refuses.
    private static SafeFileHandle? TryOpenDirect(string path)
    {
        const int readWrite = 2;
        const int closeOnExec = 0x80000;
        int? flag = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 or Architecture.X86 => 0x4000,
            Architecture.Arm64 or Architecture.Arm => 0x10000,
            _ => null,
        };
        if (flag is not { } direct)
        {
            return null;
        }

        using (File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
        }

        var descriptor = OpenFile(path, readWrite | closeOnExec | direct);
        if (descriptor < 0)
        {
            return null;
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return CanRead(handle) ? handle : null;
    }

    // Some file systems take the flag and refuse the first read.
    private static unsafe bool CanRead(SafeFileHandle handle)
    {
        var memory = NativeMemory.AlignedAlloc(DirectUnit, DirectUnit);
        try
        {
            _ = RandomAccess.Read(handle, new Span<byte>(memory, DirectUnit), 0);
            return true;
        }
        catch (IOException)
        {
            handle.Dispose();
            return false;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFile(string path, int flags);
}
