using Quire.Kernel.Files.Layers;
using Quire.Kernel.Files.Terminals;
using Quire.Primitives;

namespace Quire.Kernel.Files.Devices;

/// <summary>What /dev holds, and what its device numbers stand for (Documentation/admin-guide/devices.txt).</summary>
public static class DeviceTree
{
    private const uint MemoryMajor = 1;
    private const uint TerminalMajor = 5;
    private const uint Everybody = 0x1B6;

    private static readonly (string Name, uint Major, uint Minor)[] Nodes =
    [
        ("null", MemoryMajor, 3),
        ("zero", MemoryMajor, 5),
        ("full", MemoryMajor, 7),
        ("random", MemoryMajor, 8),
        ("urandom", MemoryMajor, 9),
        ("tty", TerminalMajor, 0),
        ("ptmx", TerminalMajor, 2),
    ];

    private static readonly (string Name, string Target)[] Links =
    [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("core", "/proc/kcore"),
    ];

    /// <summary>Fills the empty file system that becomes /dev.</summary>
    public static void Populate(LayeredFileSystem target)
    {
        var directory = target.Root;
        foreach (var (name, major, minor) in Nodes)
        {
            Make(directory, name, new NewInode(FileType.CharacterDevice, Everybody, 0, 0) { RepresentedDevice = DeviceNumber.Of(major, minor) });
        }

        foreach (var (name, link) in Links)
        {
            Make(directory, name, new NewInode(FileType.SymbolicLink, 0x1FF, 0, 0) { Target = link });
        }

        Make(directory, "pts", new NewInode(FileType.Directory, 0x1ED, 0, 0));
        Make(directory, "shm", new NewInode(FileType.Directory, 0x3FF, 0, 0));
    }

    public static void Register(DeviceTable devices, PseudoTerminalFileSystem terminals)
    {
        Add(devices, 3, MemoryDeviceKind.Null);
        Add(devices, 5, MemoryDeviceKind.Zero);
        Add(devices, 7, MemoryDeviceKind.Full);
        Add(devices, 8, MemoryDeviceKind.Random);
        Add(devices, 9, MemoryDeviceKind.Random);
        devices.Add(DeviceNumber.Of(TerminalMajor, 0), OpenControllingTerminal);
        devices.Add(DeviceNumber.Of(TerminalMajor, 2), terminals.OpenMaster);
    }

    private static void Make(LayeredDirectory directory, string name, NewInode what)
    {
        var error = directory.Create(name, what, out _);
        if (error != Errno.None)
        {
            throw new InvalidOperationException($"/dev/{name} cannot be made: {error}");
        }
    }

    private static void Add(DeviceTable devices, uint minor, MemoryDeviceKind kind) =>
        devices.Add(DeviceNumber.Of(MemoryMajor, minor), (in OpenRequest request, out OpenFile? file) =>
        {
            file = new MemoryDevice(request.Location, request.Flags, kind);
            return Errno.None;
        });

    private static Errno OpenControllingTerminal(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        switch (request.Caller?.Process.Session.Terminal)
        {
            case PseudoTerminal pair:
                return pair.OpenSlave(request, out file);
            case Terminal terminal:
                file = new TerminalFile(request.Location, request.Flags, terminal);
                return Errno.None;
            default:
                return Errno.ENXIO;
        }
    }
}
