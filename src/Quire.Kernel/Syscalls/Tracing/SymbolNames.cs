using System.Globalization;
using Quire.Kernel.Processes;

namespace Quire.Kernel.Syscalls.Tracing;

/// <summary>The C names of flags and constants, by argument kind.</summary>
internal static class SymbolNames
{
    private static readonly Dictionary<string, (ulong Value, string Name)[]> FlagSets = new(StringComparer.Ordinal)
    {
        ["prot"] = [(1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (0x0100_0000, "PROT_GROWSDOWN")],
        ["mapflags"] =
        [
            (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x40, "MAP_32BIT"), (0x100, "MAP_GROWSDOWN"),
            (0x800, "MAP_DENYWRITE"), (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"), (0x4000, "MAP_NORESERVE"), (0x8000, "MAP_POPULATE"),
            (0x1_0000, "MAP_NONBLOCK"), (0x2_0000, "MAP_STACK"), (0x4_0000, "MAP_HUGETLB"), (0x10_0000, "MAP_FIXED_NOREPLACE"),
        ],
        ["remapflags"] = [(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")],
        ["flags:open"] =
        [
            (0x40, "O_CREAT"), (0x80, "O_EXCL"), (0x100, "O_NOCTTY"), (0x200, "O_TRUNC"), (0x400, "O_APPEND"), (0x800, "O_NONBLOCK"), (0x101000, "O_SYNC"),
            (0x1000, "O_DSYNC"), (0x2000, "O_ASYNC"), (0x4000, "O_DIRECT"), (0x8000, "O_LARGEFILE"), (0x410000, "O_TMPFILE"), (0x10000, "O_DIRECTORY"),
            (0x20000, "O_NOFOLLOW"), (0x40000, "O_NOATIME"), (0x80000, "O_CLOEXEC"), (0x200000, "O_PATH"),
        ],
        ["watchevents"] =
        [
            (0xFFF, "IN_ALL_EVENTS"), (1, "IN_ACCESS"), (2, "IN_MODIFY"), (4, "IN_ATTRIB"), (8, "IN_CLOSE_WRITE"), (0x10, "IN_CLOSE_NOWRITE"), (0x20, "IN_OPEN"),
            (0x40, "IN_MOVED_FROM"), (0x80, "IN_MOVED_TO"), (0x100, "IN_CREATE"), (0x200, "IN_DELETE"), (0x400, "IN_DELETE_SELF"), (0x800, "IN_MOVE_SELF"),
            (0x0100_0000, "IN_ONLYDIR"), (0x0200_0000, "IN_DONT_FOLLOW"), (0x0400_0000, "IN_EXCL_UNLINK"), (0x1000_0000, "IN_MASK_CREATE"),
            (0x2000_0000, "IN_MASK_ADD"), (0x8000_0000, "IN_ONESHOT"),
        ],
        ["waitoptions"] = [(1, "WNOHANG"), (2, "WUNTRACED"), (4, "WEXITED"), (8, "WCONTINUED"), (0x0100_0000, "WNOWAIT"), (0x2000_0000, "__WNOTHREAD"), (0x4000_0000, "__WALL"), (0x8000_0000, "__WCLONE")],
        ["saflags"] =
        [
            (1, "SA_NOCLDSTOP"), (2, "SA_NOCLDWAIT"), (4, "SA_SIGINFO"), (0x0400_0000, "SA_RESTORER"), (0x0800_0000, "SA_ONSTACK"), (0x1000_0000, "SA_RESTART"),
            (0x4000_0000, "SA_NODEFER"), (0x8000_0000, "SA_RESETHAND"),
        ],
        ["cloneflags"] =
        [
            (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"), (0x1000, "CLONE_PIDFD"), (0x4000, "CLONE_VFORK"),
            (0x8000, "CLONE_PARENT"), (0x1_0000, "CLONE_THREAD"), (0x4_0000, "CLONE_SYSVSEM"), (0x8_0000, "CLONE_SETTLS"), (0x10_0000, "CLONE_PARENT_SETTID"),
            (0x20_0000, "CLONE_CHILD_CLEARTID"), (0x40_0000, "CLONE_DETACHED"), (0x100_0000, "CLONE_CHILD_SETTID"),
        ],
    };

    private static readonly Dictionary<string, string[]> Constants = new(StringComparer.Ordinal)
    {
        ["whence"] = ["SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE"],
        ["sighow"] = ["SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"],
        ["advice"] =
        [
            "MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED", "MADV_DONTNEED", "5", "6", "7", "MADV_FREE", "MADV_REMOVE", "MADV_DONTFORK",
            "MADV_DOFORK", "MADV_MERGEABLE", "MADV_UNMERGEABLE", "MADV_HUGEPAGE", "MADV_NOHUGEPAGE", "MADV_DONTDUMP", "MADV_DODUMP", "MADV_WIPEONFORK",
            "MADV_KEEPONFORK", "MADV_COLD", "MADV_PAGEOUT", "MADV_POPULATE_READ", "MADV_POPULATE_WRITE",
        ],
        ["clock"] =
        [
            "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE",
            "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM", "10", "CLOCK_TAI",
        ],
        ["resource"] =
        [
            "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK",
            "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
        ],
    };

    private static readonly string[] FutexOperations =
    [
        "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP", "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI",
        "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2",
    ];

    /// <summary>Null for a kind that has no symbols.</summary>
    public static string? TryFormat(string kind, ulong value)
    {
        if (kind == "signal")
        {
            return Signal((int)value);
        }

        if (kind == "futexop")
        {
            return FutexOperation((uint)value);
        }

        if (Constants.TryGetValue(kind, out var names))
        {
            return (uint)value < (uint)names.Length ? names[(uint)value] : $"0x{value:x}";
        }

        return FlagSets.TryGetValue(kind, out var flags) ? Flags(kind, flags, (uint)value) : null;
    }

    public static string Signal(int number) =>
        number is > 0 and < (int)Processes.Signal.RealTimeFirst ? ((Signal)number).ToString()
        : number is >= (int)Processes.Signal.RealTimeFirst and <= (int)Processes.Signal.Last ? string.Create(CultureInfo.InvariantCulture, $"SIGRT_{number - 32}")
        : number.ToString(CultureInfo.InvariantCulture);

    public static string SignalSet(ulong bits)
    {
        if (bits == ulong.MaxValue)
        {
            return "~[]";
        }

        var names = new List<string>();
        for (var number = 1; number <= (int)Processes.Signal.Last; number++)
        {
            if ((bits >> (number - 1) & 1) != 0)
            {
                var name = Signal(number);
                names.Add(name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name);
            }
        }

        return $"[{string.Join(' ', names)}]";
    }

    public static string Code(in SignalInfo info) => (info.Signal, info.Code) switch
    {
        (_, SignalCode.User) => "SI_USER",
        (_, SignalCode.Kernel) => "SI_KERNEL",
        (_, SignalCode.Queue) => "SI_QUEUE",
        (_, SignalCode.Timer) => "SI_TIMER",
        (_, SignalCode.ThreadKill) => "SI_TKILL",
        (Processes.Signal.SIGSEGV, SignalCode.SegvNotMapped) => "SEGV_MAPERR",
        (Processes.Signal.SIGSEGV, SignalCode.SegvAccess) => "SEGV_ACCERR",
        (Processes.Signal.SIGBUS, SignalCode.BusNoObject) => "BUS_ADRERR",
        (Processes.Signal.SIGFPE, SignalCode.FloatIntegerDivide) => "FPE_INTDIV",
        (Processes.Signal.SIGILL, SignalCode.IllegalOperand) => "ILL_ILLOPN",
        (Processes.Signal.SIGCHLD, SignalCode.ChildExited) => "CLD_EXITED",
        (Processes.Signal.SIGCHLD, SignalCode.ChildKilled) => "CLD_KILLED",
        (Processes.Signal.SIGCHLD, SignalCode.ChildDumped) => "CLD_DUMPED",
        (Processes.Signal.SIGCHLD, SignalCode.ChildStopped) => "CLD_STOPPED",
        (Processes.Signal.SIGCHLD, SignalCode.ChildContinued) => "CLD_CONTINUED",
        _ => info.Code.ToString(CultureInfo.InvariantCulture),
    };

    public static bool ResultIsAddress(string syscall) => syscall is "mmap" or "brk" or "mremap";

    private static string FutexOperation(uint value)
    {
        var operation = value & 0x7F;
        var name = operation < FutexOperations.Length ? FutexOperations[operation] : $"0x{operation:x}";
        return name + ((value & 0x80) != 0 ? "_PRIVATE" : "") + ((value & 0x100) != 0 ? "|FUTEX_CLOCK_REALTIME" : "");
    }

    private static string Flags(string kind, (ulong Value, string Name)[] flags, ulong value)
    {
        var names = new List<string>();
        switch (kind)
        {
            case "flags:open":
                names.Add((value & 3) switch { 0 => "O_RDONLY", 1 => "O_WRONLY", 2 => "O_RDWR", _ => "O_ACCMODE" });
                value &= ~3UL;
                break;
            case "prot" when value == 0:
                return "PROT_NONE";
        }

        var exitSignal = kind == "cloneflags" ? value & 0xFF : 0;
        value -= exitSignal;
        foreach (var (bits, name) in flags)
        {
            if ((value & bits) == bits)
            {
                names.Add(name);
                value &= ~bits;
            }
        }

        if (value != 0)
        {
            names.Add($"0x{value:x}");
        }

        if (exitSignal != 0)
        {
            names.Add(Signal((int)exitSignal));
        }

        return names.Count == 0 ? "0" : string.Join('|', names);
    }
}
