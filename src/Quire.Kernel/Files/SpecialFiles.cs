using Quire.Kernel.Files.Pipes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>Makes what a device stands for; permissions are checked already.</summary>
public delegate Errno DeviceOpener(in OpenRequest request, out OpenFile? file);

/// <summary>The devices that the machine has, by device number.</summary>
public sealed class DeviceTable
{
    private readonly Dictionary<ulong, DeviceOpener> _characterDevices = [];

    public void Add(ulong device, DeviceOpener opener) => _characterDevices[device] = opener;

    public DeviceOpener? Find(FileType type, ulong device) => type == FileType.CharacterDevice ? _characterDevices.GetValueOrDefault(device) : null;
}

/// <summary>Opening of files that are neither regular nor directories, the same for every file system that can hold such nodes.</summary>
public static class SpecialFiles
{
    public static Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        var inode = request.Location.Inode;
        switch (inode.Type)
        {
            case FileType.Fifo:
                return FifoFile.Open(request, out file);
            case FileType.CharacterDevice or FileType.BlockDevice:
                var opener = request.Location.Mount.Tree?.Devices.Find(inode.Type, inode.Attributes.RepresentedDevice);
                return opener is null ? Errno.ENXIO : opener(request, out file);
            default:
                return Errno.ENXIO;
        }
    }
}
