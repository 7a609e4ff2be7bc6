using Microsoft.Win32.SafeHandles;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>
/// A swap area in a file of the host that only its owner may open and that has no name any more once it is open: it goes with the process, however that
/// ends. It takes room as slots are written.
/// </summary>
internal sealed class HostSwapFile : ISwapStorage
{
    private readonly SafeFileHandle _file;

    private HostSwapFile(SafeFileHandle file, string name)
    {
        _file = file;
        Name = name;
    }

    public string Name { get; }

    /// <param name="path">Must not exist yet; null takes a new file in the host's directory for temporary files.</param>
    /// <exception cref="IOException">The file cannot be made, or the disk has less room than the area may take.</exception>
    public static HostSwapFile Create(string? path, ByteSize size)
    {
        var asked = path;
        path = Path.GetFullPath(path ?? Path.Combine(Path.GetTempPath(), $"quire-swap-{Guid.NewGuid():N}"));
        try
        {
            var file = Open(path);
            RequireRoom(file, path, size);
            return new HostSwapFile(file, asked is null ? "/swapfile" : path);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"swap file {path}: {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            throw new IOException($"swap file {path}: {exception.Message}", exception);
        }
    }

    public bool TryRead(uint slot, Span<byte> page)
    {
        try
        {
            return RandomAccess.Read(_file, page, (long)slot << Page.Shift) == page.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public bool TryWrite(uint slot, ReadOnlySpan<byte> page)
    {
        try
        {
            RandomAccess.Write(_file, page, (long)slot << Page.Shift);
            return true;
        }
        catch (IOException)
        {
            // The host's disk is full, or failed.
            return false;
        }
    }

    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // The handle outlives the stream object, which without a buffer holds nothing else.
        var file = new FileStream(path, options).SafeFileHandle;
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }

        return file;
    }

    private static void RequireRoom(SafeFileHandle file, string path, ByteSize size)
    {
        var free = (ulong)new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        if (free < size.Bytes)
        {
            file.Dispose();
            throw new IOException($"{size} are wanted, and the disk has {new ByteSize(free)} free");
        }
    }
}
