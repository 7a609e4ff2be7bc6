using Quire.Kernel.Files;
using Quire.Kernel.Files.Watches;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Files;

/// <summary>Calls that change attributes: modes, owners, times (chmod(2), chown(2), utimensat(2)).</summary>
internal static class AttributeCalls
{
    private const ulong Here = unchecked((ulong)FileArguments.CurrentDirectory);
    private const uint KeepId = uint.MaxValue;
    private const long Now = 0x3FFF_FFFF;
    private const long Omit = 0x3FFF_FFFE;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(90, "chmod", "path,mode", (thread, a) => ChangeMode(thread, Here, a.A0, (uint)a.A1, 0));
        table.AddImmediate(91, "fchmod", "fd,mode", (thread, a) =>
            FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? ChangeMode(thread, file.Location, (uint)a.A1).ToResult() : result);
        table.AddImmediate(92, "chown", "path,int,int", (thread, a) => ChangeOwner(thread, Here, a.A0, (uint)a.A1, (uint)a.A2, 0));
        table.AddImmediate(93, "fchown", "fd,int,int", (thread, a) =>
            FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? ChangeOwner(thread, file.Location, (uint)a.A1, (uint)a.A2).ToResult() : result);
        table.AddImmediate(94, "lchown", "path,int,int", (thread, a) =>
            ChangeOwner(thread, Here, a.A0, (uint)a.A1, (uint)a.A2, FileArguments.SymbolicLinkNoFollow));
        table.AddImmediate(132, "utime", "path,ptr", SetTimesInSeconds);
        table.AddImmediate(235, "utimes", "path,ptr", (thread, a) => SetTimesInMicroseconds(thread, Here, a.A0, a.A1));
        table.AddImmediate(260, "fchownat", "fd,path,int,int,atflags", (thread, a) => ChangeOwner(thread, a.A0, a.A1, (uint)a.A2, (uint)a.A3, (int)a.A4));
        table.AddImmediate(261, "futimesat", "fd,path,ptr", (thread, a) => SetTimesInMicroseconds(thread, a.A0, a.A1, a.A2));
        table.AddImmediate(268, "fchmodat", "fd,path,mode", (thread, a) => ChangeMode(thread, a.A0, a.A1, (uint)a.A2, 0));
        table.AddImmediate(280, "utimensat", "fd,path,ptr,atflags", SetTimesInNanoseconds);
        table.AddImmediate(452, "fchmodat2", "fd,path,mode,atflags", (thread, a) => ChangeMode(thread, a.A0, a.A1, (uint)a.A2, (int)a.A3));
    }

    private static long ChangeMode(GuestThread thread, ulong directory, ulong path, uint mode, int flags)
    {
        if ((flags & ~(FileArguments.SymbolicLinkNoFollow | FileArguments.EmptyPath)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.ResolveAt(thread, directory, path, flags, out var found);
        return (error != Errno.None ? error : ChangeMode(thread, found, mode)).ToResult();
    }

    private static Errno ChangeMode(GuestThread thread, FileLocation file, uint mode)
    {
        var who = thread.Process.Credentials;
        var attributes = file.Inode.Attributes;
        if (!AccessCheck.Owns(who, attributes))
        {
            return Errno.EPERM;
        }

        if (attributes.Type == FileType.SymbolicLink)
        {
            return Errno.ENOTSUP;
        }

        // Only who is in the file's group may give its programs that group's rights.
        var permissions = mode & ModeBits.Permissions;
        if (!AccessCheck.KeepsSetGroupId(who, attributes))
        {
            permissions &= ~ModeBits.SetGroupId;
        }

        return Change(file, new AttributeChange { Permissions = permissions });
    }

    private static long ChangeOwner(GuestThread thread, ulong directory, ulong path, uint user, uint group, int flags)
    {
        if ((flags & ~(FileArguments.SymbolicLinkNoFollow | FileArguments.EmptyPath)) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var error = FileArguments.ResolveAt(thread, directory, path, flags, out var found);
        return (error != Errno.None ? error : ChangeOwner(thread, found, user, group)).ToResult();
    }

    private static Errno ChangeOwner(GuestThread thread, FileLocation file, uint user, uint group)
    {
        var who = thread.Process.Credentials;
        var attributes = file.Inode.Attributes;
        if (!who.Has(Capability.ChangeOwner))
        {
            var owns = who.FileUserId == (int)attributes.UserId;
            var keepsUser = user == KeepId || owns && user == attributes.UserId;
            var groupAllowed = group == KeepId || owns && (group == attributes.GroupId || who.IsInGroup((int)group));
            if (!keepsUser || !groupAllowed)
            {
                return Errno.EPERM;
            }
        }

        // A program that changes hands loses its set-id bits.
        uint? permissions = null;
        if (attributes.Type != FileType.Directory && (user != KeepId || group != KeepId))
        {
            var cleared = ModeBits.SetUserId | ((attributes.Mode & ModeBits.GroupExecute) != 0 ? ModeBits.SetGroupId : 0);
            permissions = attributes.Permissions & ~cleared;
        }

        return Change(file, new AttributeChange
        {
            UserId = user == KeepId ? null : user,
            GroupId = group == KeepId ? null : group,
            Permissions = permissions == attributes.Permissions ? null : permissions,
        });
    }

    private static long SetTimesInSeconds(GuestThread thread, SyscallArguments a)
    {
        var times = default((long Access, long Modify));
        if (a.A1 != 0 && !FileArguments.TryRead(thread, a.A1, out times))
        {
            return Errno.EFAULT.ToResult();
        }

        return SetTimes(thread, Here, a.A0, 0, a.A1 == 0 ? null : (new GuestTime(times.Access, 0), new GuestTime(times.Modify, 0)));
    }

    private static long SetTimesInMicroseconds(GuestThread thread, ulong directory, ulong path, ulong address)
    {
        var times = default(GuestTimePair);
        if (address != 0 && !FileArguments.TryRead(thread, address, out times))
        {
            return Errno.EFAULT.ToResult();
        }

        if (times.Access.Fraction is < 0 or >= 1_000_000 || times.Modify.Fraction is < 0 or >= 1_000_000)
        {
            return Errno.EINVAL.ToResult();
        }

        return SetTimes(thread, directory, path, 0, address == 0 ? null : (
            times.Access with { Fraction = times.Access.Fraction * 1000 },
            times.Modify with { Fraction = times.Modify.Fraction * 1000 }));
    }

    private static long SetTimesInNanoseconds(GuestThread thread, SyscallArguments a)
    {
        var times = default(GuestTimePair);
        if (a.A2 != 0 && !FileArguments.TryRead(thread, a.A2, out times))
        {
            return Errno.EFAULT.ToResult();
        }

        var flags = (int)a.A3;
        if ((flags & ~(FileArguments.SymbolicLinkNoFollow | FileArguments.EmptyPath)) != 0 || !IsValid(times.Access) || !IsValid(times.Modify))
        {
            return Errno.EINVAL.ToResult();
        }

        (GuestTime, GuestTime)? both = a.A2 == 0 ? null : (times.Access, times.Modify);

        // Without a path the descriptor itself is meant (futimens).
        if (a.A1 == 0)
        {
            return FileArguments.TryUsableFile(thread, a.A0, out var file, out var result) ? SetTimes(thread, file.Location, both).ToResult() : result;
        }

        return SetTimes(thread, a.A0, a.A1, flags, both);
    }

    private static bool IsValid(GuestTime time) => time.Fraction is (>= 0 and < 1_000_000_000) or Now or Omit;

    private static long SetTimes(GuestThread thread, ulong directory, ulong path, int flags, (GuestTime Access, GuestTime Modify)? times)
    {
        var error = FileArguments.ResolveAt(thread, directory, path, flags, out var found);
        return (error != Errno.None ? error : SetTimes(thread, found, times)).ToResult();
    }

    private static Errno SetTimes(GuestThread thread, FileLocation file, (GuestTime Access, GuestTime Modify)? times)
    {
        var both = times ?? (new GuestTime(0, Now), new GuestTime(0, Now));
        if (both.Access.Fraction == Omit && both.Modify.Fraction == Omit)
        {
            return Errno.None;
        }

        // Who may write the file may set both times to now, nothing else.
        var who = thread.Process.Credentials;
        var attributes = file.Inode.Attributes;
        if (!AccessCheck.Owns(who, attributes))
        {
            var bothNow = both.Access.Fraction == Now && both.Modify.Fraction == Now;
            if (!bothNow || AccessCheck.Check(who, attributes, AccessModes.Write) != Errno.None)
            {
                return bothNow ? Errno.EACCES : Errno.EPERM;
            }
        }

        var now = thread.Kernel.Files.Now();
        return Change(file, new AttributeChange { AccessTime = ToTimestamp(both.Access, now), ModifyTime = ToTimestamp(both.Modify, now) });
    }

    private static Errno Change(FileLocation file, in AttributeChange change)
    {
        var error = file.Inode.Change(change);
        if (error == Errno.None)
        {
            FileNotices.Changed(file.Entry, change);
        }

        return error;
    }

    private static Timestamp? ToTimestamp(GuestTime time, Timestamp now) => time.Fraction switch
    {
        Now => now,
        Omit => null,
        _ => new Timestamp(time.Seconds, (uint)time.Fraction),
    };

    /// <summary>struct timespec or struct timeval, whose fraction is in nanoseconds or microseconds.</summary>
    private readonly record struct GuestTime(long Seconds, long Fraction);

    private readonly record struct GuestTimePair(GuestTime Access, GuestTime Modify);
}
