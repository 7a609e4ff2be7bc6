namespace Quire.Kernel.Syscalls;

/// <summary>The C names of requests that programs make and this machine does not grant.</summary>
internal static class RefusalNames
{
    /// <summary>Options of prctl that are there.</summary>
    public static readonly HashSet<ulong> GivenOptions = [1, 2, 3, 4, 7, 8, 15, 16, 21, 23, 24, 27, 28, 29, 30, 36, 37, 38, 39, 41, 42, 47];

    public static readonly Dictionary<ulong, string> ProcessOptions = new()
    {
        [5] = "PR_GET_UNALIGN", [6] = "PR_SET_UNALIGN", [9] = "PR_GET_FPEMU", [10] = "PR_SET_FPEMU", [11] = "PR_GET_FPEXC", [12] = "PR_SET_FPEXC",
        [13] = "PR_GET_TIMING", [14] = "PR_SET_TIMING", [19] = "PR_GET_ENDIAN", [20] = "PR_SET_ENDIAN", [22] = "PR_SET_SECCOMP", [25] = "PR_GET_TSC",
        [26] = "PR_SET_TSC", [31] = "PR_TASK_PERF_EVENTS_DISABLE", [32] = "PR_TASK_PERF_EVENTS_ENABLE", [33] = "PR_MCE_KILL", [34] = "PR_MCE_KILL_GET",
        [35] = "PR_SET_MM", [40] = "PR_GET_TID_ADDRESS", [43] = "PR_MPX_ENABLE_MANAGEMENT", [44] = "PR_MPX_DISABLE_MANAGEMENT", [45] = "PR_SET_FP_MODE",
        [46] = "PR_GET_FP_MODE", [50] = "PR_SVE_SET_VL", [51] = "PR_SVE_GET_VL", [52] = "PR_GET_SPECULATION_CTRL", [53] = "PR_SET_SPECULATION_CTRL",
        [54] = "PR_PAC_RESET_KEYS", [55] = "PR_SET_TAGGED_ADDR_CTRL", [56] = "PR_GET_TAGGED_ADDR_CTRL", [57] = "PR_SET_IO_FLUSHER", [58] = "PR_GET_IO_FLUSHER",
        [59] = "PR_SET_SYSCALL_USER_DISPATCH", [62] = "PR_SCHED_CORE", [65] = "PR_SET_MDWE", [66] = "PR_GET_MDWE", [67] = "PR_SET_MEMORY_MERGE",
        [68] = "PR_GET_MEMORY_MERGE", [74] = "PR_GET_SHADOW_STACK_STATUS", [75] = "PR_SET_SHADOW_STACK_STATUS", [0x5356_4D41] = "PR_SET_VMA",
        [0x5961_6D61] = "PR_SET_PTRACER",
    };

    public static readonly Dictionary<ulong, string> ArchitectureOptions = new()
    {
        [0x1012] = "ARCH_SET_CPUID", [0x1021] = "ARCH_GET_XCOMP_SUPP", [0x1022] = "ARCH_GET_XCOMP_PERM", [0x1023] = "ARCH_REQ_XCOMP_PERM",
        [0x1024] = "ARCH_GET_XCOMP_GUEST_PERM", [0x1025] = "ARCH_REQ_XCOMP_GUEST_PERM", [0x2001] = "ARCH_MAP_VDSO_X32", [0x2002] = "ARCH_MAP_VDSO_32",
        [0x2003] = "ARCH_MAP_VDSO_64", [0x3001] = "ARCH_CET_STATUS", [0x4001] = "ARCH_GET_UNTAG_MASK", [0x4002] = "ARCH_ENABLE_TAGGED_ADDR",
        [0x4003] = "ARCH_GET_MAX_TAG_BITS", [0x4004] = "ARCH_FORCE_TAGGED_SVA", [0x5001] = "ARCH_SHSTK_ENABLE", [0x5002] = "ARCH_SHSTK_DISABLE",
        [0x5003] = "ARCH_SHSTK_LOCK", [0x5004] = "ARCH_SHSTK_UNLOCK", [0x5005] = "ARCH_SHSTK_STATUS",
    };

    public static readonly Dictionary<ulong, string> Advice = new()
    {
        [25] = "MADV_COLLAPSE", [100] = "MADV_HWPOISON", [101] = "MADV_SOFT_OFFLINE", [102] = "MADV_GUARD_INSTALL", [103] = "MADV_GUARD_REMOVE",
    };

    public static readonly Dictionary<ulong, string> Futexes = new()
    {
        [2] = "FUTEX_FD", [6] = "FUTEX_LOCK_PI", [7] = "FUTEX_UNLOCK_PI", [8] = "FUTEX_TRYLOCK_PI", [11] = "FUTEX_WAIT_REQUEUE_PI", [12] = "FUTEX_CMP_REQUEUE_PI",
        [13] = "FUTEX_LOCK_PI2",
    };

    public static readonly Dictionary<ulong, string> Schedulers = new() { [1] = "SCHED_FIFO", [2] = "SCHED_RR", [6] = "SCHED_DEADLINE", [7] = "SCHED_EXT" };

    public static readonly Dictionary<ulong, string> Filters = new()
    {
        [0] = "SECCOMP_SET_MODE_STRICT", [1] = "SECCOMP_SET_MODE_FILTER", [2] = "SECCOMP_GET_ACTION_AVAIL", [3] = "SECCOMP_GET_NOTIF_SIZES",
    };

    public static readonly Dictionary<ulong, string> Traces = new()
    {
        [0] = "PTRACE_TRACEME", [1] = "PTRACE_PEEKTEXT", [2] = "PTRACE_PEEKDATA", [3] = "PTRACE_PEEKUSER", [4] = "PTRACE_POKETEXT", [5] = "PTRACE_POKEDATA",
        [7] = "PTRACE_CONT", [8] = "PTRACE_KILL", [9] = "PTRACE_SINGLESTEP", [12] = "PTRACE_GETREGS", [13] = "PTRACE_SETREGS", [16] = "PTRACE_ATTACH",
        [17] = "PTRACE_DETACH", [24] = "PTRACE_SYSCALL", [0x4200] = "PTRACE_SETOPTIONS", [0x4206] = "PTRACE_SEIZE",
    };

    public static readonly Dictionary<ulong, string> Descriptors = new()
    {
        [13] = "F_SETSIG", [15] = "F_SETOWN_EX", [16] = "F_GETOWN_EX", [17] = "F_GETOWNER_UIDS", [1024] = "F_SETLEASE", [1025] = "F_GETLEASE",
        [1026] = "F_NOTIFY", [1027] = "F_DUPFD_QUERY", [1029] = "F_CANCELLK", [1035] = "F_GET_RW_HINT", [1036] = "F_SET_RW_HINT", [1037] = "F_GET_FILE_RW_HINT",
        [1038] = "F_SET_FILE_RW_HINT",
    };

    public static readonly Dictionary<ulong, string> Families = new()
    {
        [1] = "AF_UNIX", [2] = "AF_INET", [3] = "AF_AX25", [4] = "AF_IPX", [5] = "AF_APPLETALK", [9] = "AF_X25", [10] = "AF_INET6", [15] = "AF_KEY",
        [16] = "AF_NETLINK", [17] = "AF_PACKET", [21] = "AF_RDS", [24] = "AF_PPPOX", [29] = "AF_CAN", [30] = "AF_TIPC", [31] = "AF_BLUETOOTH", [38] = "AF_ALG",
        [40] = "AF_VSOCK", [44] = "AF_XDP", [45] = "AF_MCTP",
    };

    public static readonly Dictionary<ulong, string> SocketOptions = new()
    {
        [1] = "SO_DEBUG", [2] = "SO_REUSEADDR", [3] = "SO_TYPE", [4] = "SO_ERROR", [5] = "SO_DONTROUTE", [6] = "SO_BROADCAST", [9] = "SO_KEEPALIVE",
        [10] = "SO_OOBINLINE", [11] = "SO_NO_CHECK", [12] = "SO_PRIORITY", [13] = "SO_LINGER", [15] = "SO_REUSEPORT", [18] = "SO_RCVLOWAT", [19] = "SO_SNDLOWAT",
        [25] = "SO_BINDTODEVICE", [26] = "SO_ATTACH_FILTER", [27] = "SO_DETACH_FILTER", [28] = "SO_PEERNAME", [29] = "SO_TIMESTAMP", [30] = "SO_ACCEPTCONN",
        [31] = "SO_PEERSEC", [34] = "SO_PASSSEC", [35] = "SO_TIMESTAMPNS", [36] = "SO_MARK", [37] = "SO_TIMESTAMPING", [40] = "SO_RXQ_OVFL",
        [41] = "SO_WIFI_STATUS", [42] = "SO_PEEK_OFF", [44] = "SO_LOCK_FILTER", [45] = "SO_SELECT_ERR_QUEUE", [46] = "SO_BUSY_POLL", [50] = "SO_ATTACH_BPF",
        [57] = "SO_COOKIE", [59] = "SO_PEERGROUPS", [60] = "SO_ZEROCOPY", [61] = "SO_TXTIME", [70] = "SO_BUSY_POLL_BUDGET", [76] = "SO_PASSPIDFD",
        [77] = "SO_PEERPIDFD",
    };

    public static readonly Dictionary<ulong, string> CloneFlags = new()
    {
        [0x80] = "CLONE_NEWTIME", [0x200] = "CLONE_FS", [0x400] = "CLONE_FILES", [0x2_0000] = "CLONE_NEWNS", [0x4_0000] = "CLONE_SYSVSEM",
        [0x200_0000] = "CLONE_NEWCGROUP", [0x400_0000] = "CLONE_NEWUTS", [0x800_0000] = "CLONE_NEWIPC", [0x1000_0000] = "CLONE_NEWUSER",
        [0x2000_0000] = "CLONE_NEWPID", [0x4000_0000] = "CLONE_NEWNET",
    };

    public static readonly Dictionary<ulong, string> Ioctls = new()
    {
        [0x1260] = "BLKGETSIZE", [0x1261] = "BLKFLSBUF", [0x1268] = "BLKSSZGET", [0x8008_1272] = "BLKGETSIZE64", [0x1277] = "BLKDISCARD", [0x5405] = "TCGETA",
        [0x5406] = "TCSETA", [0x5415] = "TIOCMGET", [0x5416] = "TIOCMBIS", [0x5417] = "TIOCMBIC", [0x5418] = "TIOCMSET", [0x5419] = "TIOCGSOFTCAR",
        [0x541C] = "TIOCLINUX", [0x541D] = "TIOCCONS", [0x541E] = "TIOCGSERIAL", [0x541F] = "TIOCSSERIAL", [0x5420] = "TIOCPKT", [0x5423] = "TIOCSETD",
        [0x5424] = "TIOCGETD", [0x5425] = "TCSBRKP", [0x5427] = "TIOCSBRK", [0x5428] = "TIOCCBRK", [0x5437] = "TIOCVHANGUP", [0x5440] = "TIOCGEXCL",
        [0x5460] = "FIOQSIZE", [0x4B2F] = "KDGETLED", [0x4B33] = "KDGKBTYPE", [0x4B3A] = "KDSETMODE", [0x4B3B] = "KDGETMODE", [0x4B44] = "KDGKBMODE",
        [0x5600] = "VT_OPENQRY", [0x5603] = "VT_GETSTATE", [0x5606] = "VT_ACTIVATE", [0x8901] = "FIOSETOWN", [0x8903] = "FIOGETOWN", [0x8905] = "SIOCATMARK",
        [0x8906] = "SIOCGSTAMP", [0x8910] = "SIOCGIFNAME", [0x8912] = "SIOCGIFCONF", [0x8913] = "SIOCGIFFLAGS", [0x8914] = "SIOCSIFFLAGS",
        [0x8915] = "SIOCGIFADDR", [0x8921] = "SIOCGIFMTU", [0x8927] = "SIOCGIFHWADDR", [0x8933] = "SIOCGIFINDEX", [0x8946] = "SIOCETHTOOL",
        [0x4004_9409] = "FICLONE", [0x4020_940D] = "FICLONERANGE", [0xC018_9436] = "FIDEDUPERANGE", [0xC020_660B] = "FS_IOC_FIEMAP",
        [0x8008_6601] = "FS_IOC_GETFLAGS", [0x4008_6602] = "FS_IOC_SETFLAGS", [0x8008_7601] = "FS_IOC_GETVERSION", [0x801C_581F] = "FS_IOC_FSGETXATTR",
        [0x401C_5820] = "FS_IOC_FSSETXATTR", [0x8100_9431] = "FS_IOC_GETFSLABEL", [0xC004_5877] = "FIFREEZE", [0xC018_5879] = "FITRIM", [1] = "FIBMAP",
        [2] = "FIGETBSZ",
    };
}
