using System.Runtime.InteropServices;

namespace Quire.Machine.Confinement;

/// <summary>The calls of Linux that take rights away from this program (section 2 of its manual).</summary>
internal static unsafe partial class ConfinementCalls
{
    private const int NoNewPrivileges = 38;
    private const nint SeccompCall = 317;
    private const nint CreateRulesetCall = 444;
    private const nint AddRuleCall = 445;
    private const nint SendSignalToThread = 234;

    /// <summary>prctl(PR_SET_NO_NEW_PRIVS) for the calling thread.</summary>
    public static bool ForgoPrivileges() => Control(NoNewPrivileges, 1, 0, 0, 0) == 0;

    /// <summary>seccomp(SECCOMP_SET_MODE_FILTER) for all threads, which then have no new privileges either. 0 if it holds.</summary>
    public static nint FilterAllThreads(FilterInstruction[] program)
    {
        const nint SetModeFilter = 1;
        const nint AllThreads = 1;
        fixed (FilterInstruction* instructions = program)
        {
            var filter = new FilterProgram { Length = (ushort)program.Length, Instructions = instructions };
            return Call(SeccompCall, SetModeFilter, AllThreads, (nint)(&filter), 0, 0);
        }
    }

    /// <summary>The version of Landlock's interface; below 1 if there is none.</summary>
    public static int LandlockVersion() => (int)Call(CreateRulesetCall, 0, 0, 1, 0, 0);

    /// <summary>A descriptor, or -1.</summary>
    public static int CreateRuleset(RulesetAttributes attributes, int size) => (int)Call(CreateRulesetCall, (nint)(&attributes), size, 0, 0, 0);

    public static bool AddPath(int ruleset, ulong rights, int directory)
    {
        const nint PathBeneath = 1;
        var rule = new PathRule { Rights = rights, Directory = directory };
        return Call(AddRuleCall, ruleset, PathBeneath, (nint)(&rule), 0, 0) == 0;
    }

    public static bool Signal(int process, int thread, int signal) => Call(SendSignalToThread, process, thread, signal, 0, 0) == 0;

    [LibraryImport("libc", EntryPoint = "open64")]
    public static partial int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "gettid")]
    public static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "sigaction")]
    public static partial int SetAction(int signal, SignalAction* action, SignalAction* former);

    [LibraryImport("libc", EntryPoint = "mmap")]
    public static partial void* Map(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    public static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int what, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint a, nint b, nint c, nint d, nint e);

    // struct sock_fprog.
    private struct FilterProgram
    {
        public ushort Length;
        public FilterInstruction* Instructions;
    }

    // struct landlock_path_beneath_attr, which is packed.
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct PathRule
    {
        public ulong Rights;
        public int Directory;
    }
}

/// <summary>struct landlock_ruleset_attr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RulesetAttributes
{
    public ulong Files;
    public ulong Network;
    public ulong Scoped;
}

/// <summary>struct sigaction of the C libraries on x86-64, with a signal set of 1 024 bits.</summary>
[StructLayout(LayoutKind.Sequential, Size = 152)]
internal unsafe struct SignalAction
{
    public void* Handler;
    public fixed ulong Blocked[16];
    public int Flags;
    public void* Restorer;
}
