namespace Quire.Kernel.Files.Watches;

/// <summary>What happens to files, and how a watch wants to be told of it (inotify(7)); values are the ABI's.</summary>
[Flags]
public enum FileEvents : uint
{
    None = 0,
    Access = 0x1,
    Modify = 0x2,
    Attributes = 0x4,
    CloseWrite = 0x8,
    CloseNoWrite = 0x10,
    Open = 0x20,
    MovedFrom = 0x40,
    MovedTo = 0x80,
    Create = 0x100,
    Delete = 0x200,
    DeleteSelf = 0x400,
    MoveSelf = 0x800,

    /// <summary>Everything that a watch can ask for.</summary>
    All = 0xFFF,

    Unmount = 0x2000,
    QueueOverflow = 0x4000,

    /// <summary>The watch is gone.</summary>
    Ignored = 0x8000,

    OnlyDirectory = 0x0100_0000,
    DoNotFollow = 0x0200_0000,

    /// <summary>Of a watch: not what happens through a name that is gone. Of an event: it did.</summary>
    ExcludeUnlinked = 0x0400_0000,

    MaskCreate = 0x1000_0000,
    MaskAdd = 0x2000_0000,

    /// <summary>It happened to a directory.</summary>
    IsDirectory = 0x4000_0000,

    OneShot = 0x8000_0000,

    /// <summary>ALL_INOTIFY_BITS: what inotify_add_watch takes.</summary>
    Known = All | Unmount | QueueOverflow | Ignored | OnlyDirectory | DoNotFollow | ExcludeUnlinked | MaskCreate | MaskAdd | IsDirectory | OneShot,
}
