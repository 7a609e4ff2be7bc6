using System.Runtime.InteropServices;
using Quire.Kernel.Files;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>struct stat of x86-64 (arch/x86/include/uapi/asm/stat.h), 144 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 144)]
internal struct GuestStat
{
    public ulong Device;
    public ulong Number;
    public ulong Links;
    public uint Mode;
    public uint UserId;
    public uint GroupId;
    public uint Padding;
    public ulong RepresentedDevice;
    public long Size;
    public long BlockSize;
    public long Blocks;
    public long AccessSeconds;
    public long AccessNanoseconds;
    public long ModifySeconds;
    public long ModifyNanoseconds;
    public long ChangeSeconds;
    public long ChangeNanoseconds;

    public static GuestStat From(in InodeAttributes attributes) => new()
    {
        Device = attributes.Device,
        Number = attributes.Number,
        Links = attributes.Links,
        Mode = attributes.Mode,
        UserId = attributes.UserId,
        GroupId = attributes.GroupId,
        RepresentedDevice = attributes.RepresentedDevice,
        Size = (long)attributes.Size,
        BlockSize = attributes.BlockSize,
        Blocks = (long)attributes.Blocks,
        AccessSeconds = attributes.AccessTime.Seconds,
        AccessNanoseconds = attributes.AccessTime.Nanoseconds,
        ModifySeconds = attributes.ModifyTime.Seconds,
        ModifyNanoseconds = attributes.ModifyTime.Nanoseconds,
        ChangeSeconds = attributes.ChangeTime.Seconds,
        ChangeNanoseconds = attributes.ChangeTime.Nanoseconds,
    };
}

/// <summary>struct statx (include/uapi/linux/stat.h), 256 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct GuestStatx
{
    private const uint BasicStatsAndBirth = 0xFFF;
    private const uint MountId = 0x1000;
    private const ulong IsMountRoot = 0x2000;

    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint Links;
    public uint UserId;
    public uint GroupId;
    public ushort Mode;
    public ushort Padding;
    public ulong Number;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public GuestStatxTime AccessTime;
    public GuestStatxTime BirthTime;
    public GuestStatxTime ChangeTime;
    public GuestStatxTime ModifyTime;
    public uint RepresentedMajor;
    public uint RepresentedMinor;
    public uint DeviceMajor;
    public uint DeviceMinor;
    public ulong Mount;

    public static GuestStatx From(FileLocation location)
    {
        var attributes = location.Inode.Attributes;
        return new GuestStatx
        {
            Mask = BasicStatsAndBirth | MountId,
            BlockSize = attributes.BlockSize,
            Attributes = location.Entry == location.Mount.Root ? IsMountRoot : 0,
            AttributesMask = IsMountRoot,
            Links = attributes.Links,
            UserId = attributes.UserId,
            GroupId = attributes.GroupId,
            Mode = (ushort)attributes.Mode,
            Number = attributes.Number,
            Size = attributes.Size,
            Blocks = attributes.Blocks,
            AccessTime = GuestStatxTime.From(attributes.AccessTime),
            BirthTime = GuestStatxTime.From(attributes.BirthTime),
            ChangeTime = GuestStatxTime.From(attributes.ChangeTime),
            ModifyTime = GuestStatxTime.From(attributes.ModifyTime),
            RepresentedMajor = DeviceNumber.Major(attributes.RepresentedDevice),
            RepresentedMinor = DeviceNumber.Minor(attributes.RepresentedDevice),
            DeviceMajor = DeviceNumber.Major(attributes.Device),
            DeviceMinor = DeviceNumber.Minor(attributes.Device),
            Mount = (ulong)location.Mount.Id,
        };
    }
}

/// <summary>struct statx_timestamp.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct GuestStatxTime
{
    public long Seconds;
    public uint Nanoseconds;

    public static GuestStatxTime From(Timestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
}

/// <summary>struct statfs of x86-64 (asm-generic/statfs.h), 120 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
internal struct GuestStatFs
{
    public long Type;
    public long BlockSize;
    public ulong Blocks;
    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Files;
    public ulong FreeFiles;
    public ulong Id;
    public long NameLength;
    public long FragmentSize;
    public long Flags;

    public static GuestStatFs From(in FileSystemStatistics statistics, ulong device) => new()
    {
        Type = statistics.Type,
        BlockSize = (long)statistics.BlockSize,
        Blocks = statistics.Blocks,
        FreeBlocks = statistics.FreeBlocks,
        AvailableBlocks = statistics.AvailableBlocks,
        Files = statistics.Files,
        FreeFiles = statistics.FreeFiles,
        Id = device,
        NameLength = (long)statistics.NameLength,
        FragmentSize = (long)statistics.BlockSize,
        Flags = (long)statistics.Flags,
    };
}
