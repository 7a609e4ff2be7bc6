using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>
/// Where files without any place in the tree belong: pipefs, sockfs, and anon_inodefs for event counters and the like. Each kind names itself: "pipe:[7]".
/// </summary>
public sealed class AnonymousSuperBlock : SuperBlock
{
    // Of include/uapi/linux/magic.h.
    private const long AnonymousMagic = 0x0904_1934;
    private const long PipeMagic = 0x5049_5045;
    private const long SocketMagic = 0x534F_434B;

    // ST_VALID.
    private const ulong ValidFlags = 0x20;

    private readonly long _magic;
    private readonly Mount _mount;
    private readonly Func<Timestamp> _now;
    private ulong _lastNumber = 1000;

    private AnonymousSuperBlock(Func<Timestamp> now, string typeName, uint minor, long magic)
    {
        _now = now;
        _magic = magic;
        TypeName = typeName;
        Device = DeviceNumber.Of(0, minor);
        Root = NewInode(FileType.Regular, 0x180, owner: null);
        _mount = new Mount(0, this, point: null);
    }

    public static AnonymousSuperBlock ForPipes(Func<Timestamp> now) => new(now, "pipefs", 12, PipeMagic);

    public static AnonymousSuperBlock ForSockets(Func<Timestamp> now) => new(now, "sockfs", 8, SocketMagic);

    public static AnonymousSuperBlock ForOthers(Func<Timestamp> now) => new(now, "anon_inodefs", 14, AnonymousMagic);

    public override string TypeName { get; }

    public override ulong Device { get; }

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics => new() { Type = _magic, BlockSize = Page.Size, NameLength = 255, Flags = ValidFlags };

    public AnonymousInode NewInode(FileType type, uint permissions, Credentials? owner) => new(
        this, new NewInode(type, permissions, (uint)(owner?.FileUserId ?? 0), (uint)(owner?.FileGroupId ?? 0)), ++_lastNumber, _now);

    /// <summary>A place for an inode whose only name is the one that /proc/PID/fd shows.</summary>
    public FileLocation Place(string name, Inode inode) => new(_mount, new DirectoryEntry(null, name, inode));
}
