using System.Collections.Frozen;
using System.Globalization;
using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>
/// Names what a failed system call asked for, if it failed because this machine does not give it rather than because the request was wrong: a socket family,
/// an ioctl, an option. What a run's report lists as refused.
/// </summary>
internal static class Refusal
{
    private const string Hexadecimal = "0x{0:x}";

    private static readonly FrozenDictionary<string, Func<SyscallArguments, Errno, string?>> Kinds = new Dictionary<string, Func<SyscallArguments, Errno, string?>>
    {
        ["socket"] = Socket,
        ["socketpair"] = Socket,
        ["setsockopt"] = SocketOption,
        ["getsockopt"] = SocketOption,
        ["ioctl"] = Ioctl,
        ["fcntl"] = (a, error) => error == Errno.EINVAL ? Named(RefusalNames.Descriptors, a.A1) : null,
        ["prctl"] = (a, error) => error == Errno.EINVAL && !RefusalNames.GivenOptions.Contains(a.A0) ? Named(RefusalNames.ProcessOptions, a.A0) ?? Number(a.A0) : null,
        ["arch_prctl"] = (a, error) => error is Errno.EINVAL or Errno.ENODEV ? Named(RefusalNames.ArchitectureOptions, a.A0) ?? Number(a.A0) : null,
        ["madvise"] = (a, error) => error == Errno.EINVAL && !Enum.IsDefined((MemoryAdvice)(int)a.A2) ? Named(RefusalNames.Advice, a.A2) ?? Number(a.A2) : null,
        ["fallocate"] = (a, error) => error == Errno.ENOTSUP ? Number(a.A1) : null,
        ["futex"] = (a, error) => error == Errno.ENOSYS ? Named(RefusalNames.Futexes, a.A1 & 0x7F) ?? Number(a.A1 & 0x7F) : null,
        ["sched_setscheduler"] = (a, error) => error == Errno.EPERM ? Named(RefusalNames.Schedulers, a.A1 & 0xFF) : null,
        ["unshare"] = (a, _) => CloneFlagNames(a.A0),
        ["setns"] = (a, _) => CloneFlagNames(a.A1),
        ["ptrace"] = (a, _) => Named(RefusalNames.Traces, a.A0) ?? Number(a.A0),
        ["seccomp"] = (a, _) => Named(RefusalNames.Filters, a.A0) ?? Number(a.A0),
    }.ToFrozenDictionary();

    /// <summary>Calls that are refused whatever they ask for: these fail with nothing else than what is given here.</summary>
    private static readonly FrozenSet<string> Always = new[]
    {
        "mount", "umount2", "pivot_root", "adjtimex", "settimeofday", "clock_settime", "clock_adjtime", "pkey_alloc", "swapon", "swapoff", "quotactl",
    }.ToFrozenSet();

    /// <summary>Calls that give ENOMEM for ranges that are not mapped or not to be had in an address space. What could not be promised is counted by itself.</summary>
    private static readonly FrozenSet<string> OfRanges = new[]
    {
        "mmap", "munmap", "mremap", "mprotect", "pkey_mprotect", "madvise", "process_madvise", "mlock", "mlock2", "mlockall", "munlock", "msync", "mincore", "brk", "remap_file_pages",
        "mbind", "move_pages", "set_mempolicy", "mseal", "shmat", "shmget", "arch_prctl", "modify_ldt", "process_mrelease", "membarrier",
    }.ToFrozenSet();

    private static readonly FrozenSet<string> Births = new[] { "clone", "clone3", "fork", "vfork" }.ToFrozenSet();

    /// <summary>Null: the request was wrong, or is none that is refused.</summary>
    public static string? NameOf(Syscall call, in SyscallArguments arguments, Errno error)
    {
        if (Kinds.TryGetValue(call.Name, out var kind) && kind(arguments, error) is { } what)
        {
            return what.Length == 0 ? call.Name : $"{call.Name} {what}";
        }

        return call.IsRefused || (Always.Contains(call.Name) && error is Errno.EPERM or Errno.ENOSPC) ? call.Name
            : IsOfLimit(call, error) ? $"{call.Name} {error}"
            : null;
    }

    // Whoever asked would have got it from a machine with more memory, a larger layer or tmpfs, or a higher pids.max.
    private static bool IsOfLimit(Syscall call, Errno error) => error switch
    {
        Errno.ENOSPC or Errno.ENFILE => true,
        Errno.ENOMEM => !OfRanges.Contains(call.Name),
        Errno.EAGAIN => Births.Contains(call.Name),
        _ => false,
    };

    /// <summary>CLONE_* of the namespaces and of what else unshare takes, joined by |.</summary>
    public static string CloneFlagNames(ulong flags)
    {
        var names = RefusalNames.CloneFlags.Where(flag => (flags & flag.Key) != 0).Select(flag => flag.Value).ToList();
        var rest = RefusalNames.CloneFlags.Keys.Aggregate(flags, (left, flag) => left & ~flag);
        if (rest != 0)
        {
            names.Add(Number(rest));
        }

        return string.Join('|', names);
    }

    private static string? Socket(SyscallArguments a, Errno error) => error switch
    {
        Errno.EAFNOSUPPORT => Named(RefusalNames.Families, a.A0) ?? $"AF_{a.A0}",
        Errno.EPROTONOSUPPORT => string.Create(CultureInfo.InvariantCulture, $"{Named(RefusalNames.Families, a.A0) ?? Number(a.A0)} protocol {(int)a.A2}"),
        Errno.ESOCKTNOSUPPORT => string.Create(CultureInfo.InvariantCulture, $"{Named(RefusalNames.Families, a.A0) ?? Number(a.A0)} type {(int)a.A1 & 0xF}"),
        _ => null,
    };

    private static string? SocketOption(SyscallArguments a, Errno error)
    {
        const ulong socketLevel = 1;
        if (error is not (Errno.ENOPROTOOPT or Errno.ENOTSUP))
        {
            return null;
        }

        return a.A1 == socketLevel
            ? Named(RefusalNames.SocketOptions, a.A2) ?? $"SO_{a.A2}"
            : string.Create(CultureInfo.InvariantCulture, $"level {(int)a.A1} option {(int)a.A2}");
    }

    // Requests that some file here takes are refused by others as they should be.
    private static string? Ioctl(SyscallArguments a, Errno error)
    {
        var request = (uint)a.A1;
        return error is not (Errno.ENOTTY or Errno.EINVAL or Errno.ENOTSUP) || IoctlRequest.IsKnown(request)
            ? null : Named(RefusalNames.Ioctls, request) ?? Number(request);
    }

    private static string? Named(IReadOnlyDictionary<ulong, string> names, ulong value) => names.TryGetValue((uint)value, out var name) ? name : null;

    private static string Number(ulong value) => string.Format(CultureInfo.InvariantCulture, Hexadecimal, value);
}
