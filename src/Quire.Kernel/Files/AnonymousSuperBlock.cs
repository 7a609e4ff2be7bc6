using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>Where files without any place in the tree belong: pipes, sockets, event counters. Each kind names itself: "pipe:[7]".</summary>
public sealed class AnonymousSuperBlock : SuperBlock
{
    private readonly Mount _mount;
    private readonly Func<Timestamp> _now;
    private ulong _lastNumber = 1000;

    public AnonymousSuperBlock(Func<Timestamp> now)
    {
        _now = now;
        Root = NewInode(FileType.Regular, 0x180, owner: null);
        _mount = new Mount(0, this, point: null);
    }

    public override string TypeName => "anon_inodefs";

    public override ulong Device => DeviceNumber.Of(0, 14);

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics => new() { Type = 0x09041934, BlockSize = Page.Size, NameLength = 255 };

    public AnonymousInode NewInode(FileType type, uint permissions, Credentials? owner) => new(
        this, new NewInode(type, permissions, (uint)(owner?.FileUserId ?? 0), (uint)(owner?.FileGroupId ?? 0)), ++_lastNumber, _now);

    /// <summary>A place for an inode whose only name is the one that /proc/PID/fd shows.</summary>
    public FileLocation Place(string name, Inode inode) => new(_mount, new DirectoryEntry(null, name, inode));
}
