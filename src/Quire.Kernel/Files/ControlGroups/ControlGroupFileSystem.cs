using System.Runtime.CompilerServices;
using Quire.Kernel.Files.Generated;
using Quire.Kernel.Processes.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>/sys/fs/cgroup: the tree of control groups as directories, which mkdir and rmdir make and remove, with their settings and counts as files.</summary>
public sealed class ControlGroupFileSystem : GeneratedSuperBlock
{
    private readonly ConditionalWeakTable<ControlGroup, ControlGroupDirectory> _directories = [];

    public ControlGroupFileSystem(GuestKernel kernel, Func<Timestamp> now)
        : base(now)
    {
        Kernel = kernel;
        Root = DirectoryOf(kernel.ControlGroups.Root);
    }

    public override string TypeName => "cgroup2";

    public override string MountOptions => base.MountOptions + ",nsdelegate,memory_recursiveprot";

    public override ulong Device => DeviceNumber.Of(0, 26);

    public override Inode Root { get; }

    // CGROUP2_SUPER_MAGIC.
    public override FileSystemStatistics Statistics => new() { Type = 0x63677270, BlockSize = Page.Size, NameLength = 255 };

    internal GuestKernel Kernel { get; }

    internal ControlGroupDirectory DirectoryOf(ControlGroup group) => _directories.GetValue(group, found => new ControlGroupDirectory(this, found));
}
