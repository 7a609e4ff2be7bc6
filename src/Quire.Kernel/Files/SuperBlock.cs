using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>One file system that can be mounted.</summary>
public abstract class SuperBlock
{
    /// <summary>As /proc/mounts names the type: "tmpfs".</summary>
    public abstract string TypeName { get; }

    /// <summary>What /proc/mounts shows as the device.</summary>
    public virtual string Source => TypeName;

    public virtual string MountOptions => "rw,relatime";

    /// <summary>st_dev of files that have no device of their own.</summary>
    public abstract ulong Device { get; }

    public abstract Inode Root { get; }

    public abstract FileSystemStatistics Statistics { get; }

    /// <summary>Writes changed pages to where they are kept.</summary>
    public virtual Errno Sync() => Errno.None;

    /// <summary>Forgets files that nothing uses and that can be found again. Gives how many.</summary>
    public virtual int Shrink() => 0;
}
