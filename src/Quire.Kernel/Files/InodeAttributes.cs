namespace Quire.Kernel.Files;

/// <summary>What kind of file an inode is: the S_IFMT bits of st_mode.</summary>
public enum FileType : uint
{
    None = 0,
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>A moment as files record it: since 1970-01-01 UTC; Nanoseconds is below 10^9, Seconds may be negative.</summary>
public readonly record struct Timestamp(long Seconds, uint Nanoseconds) : IComparable<Timestamp>
{
    public static Timestamp FromNanoseconds(long nanoseconds)
    {
        var (seconds, rest) = Math.DivRem(nanoseconds, 1_000_000_000);
        return rest < 0 ? new Timestamp(seconds - 1, (uint)(rest + 1_000_000_000)) : new Timestamp(seconds, (uint)rest);
    }

    public int CompareTo(Timestamp other) => Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Timestamp left, Timestamp right) => left.CompareTo(right) < 0;
    public static bool operator >(Timestamp left, Timestamp right) => left.CompareTo(right) > 0;
    public static bool operator <=(Timestamp left, Timestamp right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Timestamp left, Timestamp right) => left.CompareTo(right) >= 0;
}

/// <summary>Bits of st_mode below the file type.</summary>
public static class ModeBits
{
    public const uint SetUserId = 0x800;
    public const uint SetGroupId = 0x400;
    public const uint Sticky = 0x200;
    public const uint GroupExecute = 0x8;
    public const uint AnyExecute = 0x49;

    /// <summary>Everything chmod can set.</summary>
    public const uint Permissions = 0xFFF;
    public const uint TypeMask = 0xF000;
}

/// <summary>What stat(2) tells of a file.</summary>
public record struct InodeAttributes
{
    public ulong Device { get; set; }

    public ulong Number { get; set; }

    /// <summary>Type and permission bits.</summary>
    public uint Mode { get; set; }

    public uint Links { get; set; }

    public uint UserId { get; set; }

    public uint GroupId { get; set; }

    /// <summary>The device that a device node stands for.</summary>
    public ulong RepresentedDevice { get; set; }

    public ulong Size { get; set; }

    /// <summary>Units of 512 bytes.</summary>
    public ulong Blocks { get; set; }

    public uint BlockSize { get; set; }

    public Timestamp AccessTime { get; set; }

    public Timestamp ModifyTime { get; set; }

    public Timestamp ChangeTime { get; set; }

    public Timestamp BirthTime { get; set; }

    public readonly FileType Type => (FileType)(Mode & ModeBits.TypeMask);

    public readonly uint Permissions => Mode & ModeBits.Permissions;

    /// <summary>These attributes after a change made at <paramref name="now"/>.</summary>
    public readonly InodeAttributes With(in AttributeChange change, Timestamp now) => this with
    {
        Mode = (Mode & ModeBits.TypeMask) | (change.Permissions ?? Permissions),
        UserId = change.UserId ?? UserId,
        GroupId = change.GroupId ?? GroupId,
        AccessTime = change.AccessTime ?? AccessTime,
        ModifyTime = change.ModifyTime ?? ModifyTime,
        ChangeTime = now,
    };
}

/// <summary>A change of attributes; null members stay as they are.</summary>
public readonly record struct AttributeChange
{
    public uint? Permissions { get; init; }

    public uint? UserId { get; init; }

    public uint? GroupId { get; init; }

    public Timestamp? AccessTime { get; init; }

    public Timestamp? ModifyTime { get; init; }
}

/// <summary>What statfs(2) tells of a file system.</summary>
public readonly record struct FileSystemStatistics
{
    /// <summary>Magic number, as in include/uapi/linux/magic.h.</summary>
    public long Type { get; init; }

    public ulong BlockSize { get; init; }

    public ulong Blocks { get; init; }

    public ulong FreeBlocks { get; init; }

    public ulong AvailableBlocks { get; init; }

    public ulong Files { get; init; }

    public ulong FreeFiles { get; init; }

    public ulong NameLength { get; init; }

    public ulong Flags { get; init; }
}
