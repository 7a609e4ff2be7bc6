using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>The inode of a file without a place in the tree. It is reached by descriptors.</summary>
public class AnonymousInode : Inode
{
    private readonly Func<Timestamp> _now;
    private InodeAttributes _attributes;

    public AnonymousInode(SuperBlock superBlock, in NewInode what, ulong number, Func<Timestamp> now)
        : base(superBlock)
    {
        _now = now;
        var time = now();
        _attributes = new InodeAttributes
        {
            Device = superBlock.Device,
            Number = number,
            Mode = (uint)what.Type | what.Permissions,
            Links = 1,
            UserId = what.UserId,
            GroupId = what.GroupId,
            BlockSize = Page.Size,
            AccessTime = time,
            ModifyTime = time,
            ChangeTime = time,
            BirthTime = time,
        };
    }

    public override FileType Type => _attributes.Type;

    public override InodeAttributes Attributes => _attributes;

    public override Errno Change(in AttributeChange change)
    {
        _attributes = _attributes.With(change, _now());
        return Errno.None;
    }

    /// <summary>Through /proc/PID/fd/N: pipes can be opened again, nothing else.</summary>
    public override Errno Open(in OpenRequest request, out OpenFile? file) => SpecialFiles.Open(request, out file);
}
