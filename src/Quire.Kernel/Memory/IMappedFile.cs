namespace Quire.Kernel.Memory;

/// <summary>An open file as a mapped region holds it: the region keeps one reference for as long as it lives.</summary>
public interface IMappedFile
{
    /// <summary>Null: the file cannot be mapped (ENODEV).</summary>
    PageCache? Pages { get; }

    /// <summary>What /proc/PID/maps shows.</summary>
    string Path { get; }

    /// <summary>Encoded as stat(2) gives st_dev.</summary>
    ulong DeviceNumber { get; }

    ulong InodeNumber { get; }

    bool IsReadable { get; }

    bool IsWritable { get; }

    FileSeals Seals => FileSeals.None;

    /// <summary>Each mapping is new memory of zeros, as without a file (/dev/zero).</summary>
    bool MapsFreshZeros => false;

    void AddReference();

    void Release();
}
